//! The text of a bearer token, and the header and the claims in it with a right signature: each is accepted as what it says,
//! or refused. None makes the service fail, and no text but that of a token is accepted.
#![no_main]

use std::io::Write;
use std::sync::{Arc, LazyLock};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use chrono::{DateTime, Utc};
use libfuzzer_sys::fuzz_target;
use tokio::runtime::{Builder, Runtime};
use users_service::clock::SystemClock;
use users_service::config::{self, Keys};
use users_service::keys::{KeyRing, SigningKey};
use users_service::tokens::{MAX_SIZE, Refused, Tokens};

const ISSUER: &str = "https://users.example";

struct Fixture {
    runtime: Runtime,
    tokens: Tokens,
    key: Arc<SigningKey>,
    now: DateTime<Utc>,
}

static FIXTURE: LazyLock<Fixture> = LazyLock::new(|| {
    let runtime =
        Builder::new_current_thread().enable_time().build().expect("a runtime needs no system call");
    let path = std::env::temp_dir().join(format!("users-service-fuzz-{}.json", std::process::id()));
    let keys = Keys::File { path: path.clone(), make: true };
    let keys =
        runtime.block_on(KeyRing::open(keys, Arc::new(SystemClock))).expect("keys in a temporary file");
    let key = runtime.block_on(keys.signing()).expect("the keys have been read");
    let _ = std::fs::remove_file(path);
    let config = config::Tokens { issuer: ISSUER.to_owned(), audiences: vec![ISSUER.to_owned()] };
    let now = "2026-03-01T12:00:00Z".parse().expect("a time");
    Fixture { runtime, tokens: Tokens::new(config, keys), key, now }
});

fuzz_target!(|input: &[u8]| {
    let Some((kind, text)) = input.split_first() else { return };
    let header = format!(r#"{{"typ":"at+jwt","alg":"RS256","kid":"{}"}}"#, FIXTURE.key.kid());
    match kind % 3 {
        // Any text; without the key nobody makes one that is accepted.
        0 => {
            if let Ok(text) = str::from_utf8(text) {
                assert!(!accepted(text));
            }
        }
        // Any claims.
        1 => {
            if accepted(&sign(header.as_bytes(), text)) {
                check(text);
            }
        }
        // Any header: the one of the service is accepted, and what means the same.
        _ => {
            let now = FIXTURE.now.timestamp();
            let claims = format!(
                r#"{{"iss":"{ISSUER}","sub":"7","aud":"{ISSUER}","exp":{now},"iat":{now},"jti":"x","client_id":"users-service","sid":"6f1b0f0e-2c52-4d0c-8ad5-3f2c5a1f9a51","auth_time":0,"roles":[],"scope":""}}"#
            );
            let text = String::from_utf8_lossy(text).replace("KID", FIXTURE.key.kid());
            if accepted(&sign(text.as_bytes(), claims.as_bytes())) {
                let read: serde_json::Value = serde_json::from_str(&text).expect("what was accepted is JSON");
                assert_eq!(read, serde_json::from_str::<serde_json::Value>(&header).expect("JSON"), "{text}");
            }
        }
    }
});

fn sign(header: &[u8], payload: &[u8]) -> String {
    let mut text = Vec::new();
    let (header, payload) = (BASE64URL.encode(header), BASE64URL.encode(payload));
    let _ = write!(text, "{header}.{payload}");
    let signature = FIXTURE.key.sign(&text).expect("the key signs");
    format!("{header}.{payload}.{}", BASE64URL.encode(signature))
}

fn accepted(token: &str) -> bool {
    let verified = FIXTURE.runtime.block_on(FIXTURE.tokens.verify(token, FIXTURE.now));
    match &verified {
        // The file is gone, so that an unknown key may be one that cannot be read.
        Ok(_) | Err(Refused::Unavailable(_)) => {}
        Err(refused) => assert!(!refused.to_string().is_empty()),
    }
    assert!(verified.is_err() || token.len() <= MAX_SIZE);
    verified.is_ok()
}

/// The claims of an accepted token are what any reader of JSON takes them for.
fn check(payload: &[u8]) {
    let claims: serde_json::Value = match serde_json::from_slice(payload) {
        Ok(claims) => claims,
        // In a member that nobody reads, an escape may stand for half a character (RFC 8259 section 8.2).
        Err(error) => {
            assert!(payload.windows(2).any(|pair| pair == b"\\u"), "what was accepted is no JSON: {error}");
            return;
        }
    };
    let now = FIXTURE.now.timestamp();
    assert_eq!((claims["iss"].as_str(), claims["aud"].as_str()), (Some(ISSUER), Some(ISSUER)), "{claims}");
    assert!(claims["exp"].as_i64().is_some_and(|end| end > now - 60), "{claims}");
    assert!(claims["iat"].as_i64().is_some_and(|begin| begin <= now + 60), "{claims}");
    assert!(
        claims["nbf"].is_null() || claims["nbf"].as_i64().is_some_and(|begin| begin <= now + 60),
        "{claims}"
    );
    assert!(
        claims["sub"].as_str().is_some_and(|sub| sub.parse::<u32>().is_ok_and(|id| id.to_string() == sub))
    );
    assert!(
        claims["sid"].is_string() && claims["jti"].is_string() && claims["auth_time"].is_i64(),
        "{claims}"
    );
    assert!(claims["roles"].is_array() && claims["scope"].is_string(), "{claims}");
}
