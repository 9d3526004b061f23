use aws_lc_rs::hmac;
use chrono::TimeDelta;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::clock::{Clock, SystemClock};
use crate::config::Keys;
use crate::keys::{Rotation, SigningKey, rotate};

const ISSUER: &str = "https://users.example";

struct Issuer {
    folder: TempDir,
    tokens: Tokens,
    key: Arc<SigningKey>,
    now: DateTime<Utc>,
}

impl Issuer {
    async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let config = Keys::File { path: folder.path().join("keys.json"), make: true };
        let keys = KeyRing::open(config, Arc::new(SystemClock)).await.unwrap();
        let key = keys.signing().await.unwrap();
        let audiences = vec![ISSUER.to_owned(), "orders".to_owned()];
        let tokens = Tokens::new(config::Tokens { issuer: ISSUER.to_owned(), audiences }, keys);
        Self { folder, tokens, key, now: SystemClock.now() }
    }

    async fn issue(&self, grant: &Grant<'_>) -> String {
        let token = self.tokens.issue(grant, self.now).await.unwrap();
        assert_eq!(token.expires_in, LIFETIME);
        token.text.expose_secret().to_owned()
    }

    async fn token(&self) -> String {
        self.issue(&grant(&[], &[])).await
    }

    fn header(&self) -> Value {
        json!({"typ": "at+jwt", "alg": "RS256", "kid": self.key.kid()})
    }

    fn claims(&self) -> Value {
        let now = self.now.timestamp();
        json!({
            "iss": ISSUER, "sub": "7", "aud": ISSUER, "exp": now + 900, "iat": now, "jti": "x", "client_id": CLIENT_ID,
            "sid": "6f1b0f0e-2c52-4d0c-8ad5-3f2c5a1f9a51", "auth_time": now, "roles": ["support"], "scope": "users:read",
        })
    }

    /// A token of any text, with a right signature.
    fn sign(&self, header: &str, payload: &str) -> String {
        let signed = format!("{}.{}", BASE64URL.encode(header), BASE64URL.encode(payload));
        let signature = BASE64URL.encode(self.key.sign(signed.as_bytes()).unwrap());
        format!("{signed}.{signature}")
    }

    async fn verify(&self, token: &str) -> Result<Claims, Refused> {
        self.tokens.verify(token, self.now).await
    }

    /// Why a token is refused; `None` if it is accepted.
    async fn fault(&self, token: &str) -> Option<Fault> {
        match self.verify(token).await {
            Ok(_) => None,
            Err(Refused::Invalid(fault)) => Some(fault),
            Err(other) => panic!("{other}"),
        }
    }

    /// The same of a token with these changes to its claims.
    async fn fault_of(&self, changes: &Value) -> Option<Fault> {
        let claims = with(self.claims(), changes);
        self.fault(&self.sign(&self.header().to_string(), &claims.to_string())).await
    }
}

/// An object with other members; those that are null in `changes` are left out.
fn with(mut object: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            object.as_object_mut().unwrap().remove(name);
        } else {
            object[name] = value.clone();
        }
    }
    object
}

fn grant<'a>(roles: &'a [String], scope: &'a [String]) -> Grant<'a> {
    let session_id = "6f1b0f0e-2c52-4d0c-8ad5-3f2c5a1f9a51".parse().unwrap();
    Grant { user_id: 7, session_id, auth_time: 1_700_000_000, roles, scope, audience: None }
}

fn parts(token: &str) -> [&str; 3] {
    token.split('.').collect::<Vec<_>>().try_into().unwrap()
}

fn json_of(part: &str) -> Value {
    serde_json::from_slice(&BASE64URL.decode(part).unwrap()).unwrap()
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[tokio::test]
async fn a_token_says_what_was_granted() {
    let issuer = Issuer::new().await;
    let (roles, scope) = (texts(&["support", "billing"]), texts(&["users:read", "invoices:pay"]));
    let token = issuer.issue(&grant(&roles, &scope)).await;
    let [header, payload, _] = parts(&token);
    assert_eq!(json_of(header), issuer.header());
    let now = issuer.now.timestamp();
    let mut payload = json_of(payload);
    let id = payload["jti"].take();
    assert_eq!(id.as_str().unwrap().len(), 22);
    assert_eq!(
        payload,
        json!({
            "iss": ISSUER, "sub": "7", "aud": ISSUER, "exp": now + 900, "iat": now, "jti": null,
            "client_id": "users-service", "sid": "6f1b0f0e-2c52-4d0c-8ad5-3f2c5a1f9a51", "auth_time": 1_700_000_000,
            "roles": ["support", "billing"], "scope": "users:read invoices:pay",
        })
    );
    let claims = issuer.verify(&token).await.unwrap();
    assert_eq!((claims.user_id, claims.auth_time), (7, 1_700_000_000));
    assert_eq!((claims.issued_at, claims.expires_at), (now, now + 900));
    assert_eq!((&claims.roles, &claims.scope), (&roles, &scope));
    assert_eq!(claims.jti, id.as_str().unwrap());
    assert!(issuer.verify(&issuer.token().await).await.unwrap().scope.is_empty());
}

#[tokio::test]
async fn a_token_for_another_service_is_issued_and_not_accepted_here() {
    let issuer = Issuer::new().await;
    let token = issuer.issue(&Grant { audience: Some("orders"), ..grant(&[], &[]) }).await;
    assert_eq!(json_of(parts(&token)[1])["aud"], "orders");
    assert_eq!(issuer.fault(&token).await, Some(Fault::Audience));
    assert!(issuer.tokens.accepts_audience("orders") && issuer.tokens.accepts_audience(ISSUER));
    assert!(!issuer.tokens.accepts_audience("billing") && !issuer.tokens.accepts_audience(""));
}

#[tokio::test]
async fn the_size_is_that_of_the_longest_token() {
    let issuer = Issuer::new().await;
    let (roles, scope) = (texts(&["support"]), texts(&["users:read", "users:write"]));
    let size = issuer.tokens.size(&roles, &scope);
    let auth_time = issuer.now.timestamp();
    let longest = issuer.issue(&Grant { user_id: u32::MAX, auth_time, ..grant(&roles, &scope) }).await;
    assert_eq!(size, longest.len());
    let many: Vec<String> = (0..1000).map(|number| format!("resource:action-{number}")).collect();
    assert!(issuer.tokens.size(&roles, &many) > MAX_SIZE);
    let error = issuer.tokens.issue(&grant(&roles, &many), issuer.now).await.unwrap_err();
    assert!(matches!(error, Error::TooLarge(size) if size > MAX_SIZE));
}

#[tokio::test]
async fn a_token_is_good_from_a_minute_before_its_time_until_a_minute_after() {
    let issuer = Issuer::new().await;
    let token = issuer.token().await;
    let at = async |seconds| issuer.tokens.verify(&token, issuer.now + TimeDelta::seconds(seconds)).await;
    assert!(at(-60).await.is_ok() && at(0).await.is_ok() && at(900 + 59).await.is_ok());
    assert!(matches!(at(900 + 60).await, Err(Refused::Expired)));
    // The clock that issued it was set back since, or that of this machine.
    assert!(matches!(at(-61).await, Err(Refused::Invalid(Fault::Early))));
    let now = issuer.now.timestamp();
    assert_eq!(issuer.fault_of(&json!({"nbf": now + 60})).await, None);
    assert_eq!(issuer.fault_of(&json!({"nbf": now + 61})).await, Some(Fault::Early));
    for far in [i64::MAX, i64::MIN] {
        assert_eq!(issuer.fault_of(&json!({"exp": i64::MAX, "iat": 0, "auth_time": far})).await, None);
    }
    assert_eq!(issuer.fault_of(&json!({"iat": i64::MAX})).await, Some(Fault::Early));
}

#[tokio::test]
async fn a_token_that_others_have_issued_or_for_others_is_refused() {
    let issuer = Issuer::new().await;
    assert_eq!(issuer.fault_of(&json!({})).await, None);
    for other in ["https://users.example/", "http://users.example", "https://USERS.example", ""] {
        assert_eq!(issuer.fault_of(&json!({"iss": other})).await, Some(Fault::Issuer), "{other}");
        assert_eq!(issuer.fault_of(&json!({"aud": other})).await, Some(Fault::Audience), "{other}");
    }
    assert_eq!(issuer.fault_of(&json!({"client_id": "another"})).await, Some(Fault::Claims));
}

#[tokio::test]
async fn a_claim_that_is_missing_or_of_a_wrong_type_is_refused() {
    let issuer = Issuer::new().await;
    let names: Vec<String> = issuer.claims().as_object().unwrap().keys().cloned().collect();
    assert_eq!(names.len(), 11);
    for name in &names {
        assert_eq!(issuer.fault_of(&json!({name: null})).await, Some(Fault::Claims), "{name} is missing");
        let null =
            issuer.claims().to_string().replace(&format!("\"{name}\":"), &format!("\"{name}\":null,\"x\":"));
        let token = issuer.sign(&issuer.header().to_string(), &null);
        assert_eq!(issuer.fault(&token).await, Some(Fault::Claims), "{name} is null");
        let right = issuer.claims()[name].clone();
        for wrong in [json!(1), json!(1.5), json!("1"), json!(true), json!([1]), json!({}), json!([["x"]])] {
            if (right.is_number() && wrong == json!(1)) || (right.is_string() && wrong == json!("1")) {
                continue;
            }
            assert_eq!(issuer.fault_of(&json!({name: wrong})).await, Some(Fault::Claims), "{name}: {wrong}");
        }
    }
    for (name, wrong) in [
        ("nbf", json!("9999")),
        ("nbf", json!([])),
        ("exp", json!(1e20)),
        ("exp", json!(u64::MAX)),
        ("sub", json!("0")),
        ("sub", json!("07")),
        ("sub", json!("+7")),
        ("sub", json!("-7")),
        ("sub", json!("4294967296")),
        ("sid", json!("6F1B0F0E-2C52-4D0C-8AD5-3F2C5A1F9A51")),
        ("sid", json!("6f1b0f0e2c524d0c8ad53f2c5a1f9a51")),
        ("sid", json!("{6f1b0f0e-2c52-4d0c-8ad5-3f2c5a1f9a51}")),
        ("aud", json!([ISSUER])),
    ] {
        assert_eq!(issuer.fault_of(&json!({name: wrong})).await, Some(Fault::Claims), "{name}: {wrong}");
    }
}

#[tokio::test]
async fn a_member_that_is_there_twice_is_refused() {
    let issuer = Issuer::new().await;
    let (header, claims) = (issuer.header().to_string(), issuer.claims());
    for (name, value) in claims.as_object().unwrap() {
        let twice = format!("{{\"{name}\":{value},{}", &claims.to_string()[1..]);
        assert_eq!(issuer.fault(&issuer.sign(&header, &twice)).await, Some(Fault::Claims), "{name}");
        let escaped =
            format!("{{\"\\u{:04x}{}\":{value},{}", name.as_bytes()[0], &name[1..], &claims.to_string()[1..]);
        assert_eq!(issuer.fault(&issuer.sign(&header, &escaped)).await, Some(Fault::Claims), "{escaped}");
    }
    for (name, value) in issuer.header().as_object().unwrap() {
        let twice = format!("{{\"{name}\":{value},{}", &header[1..]);
        assert_eq!(
            issuer.fault(&issuer.sign(&twice, &claims.to_string())).await,
            Some(Fault::Header),
            "{name}"
        );
    }
    assert_eq!(issuer.fault_of(&json!({"a_newer_claim": {"is": "ignored"}})).await, None);
}

#[tokio::test]
async fn the_algorithm_is_that_of_the_key_whatever_the_header_says() {
    let issuer = Issuer::new().await;
    let claims = issuer.claims().to_string();
    for algorithm in
        ["none", "None", "nOnE", "HS256", "RS384", "RS512", "PS256", "ES256", "EdDSA", "rs256", "RS256 ", ""]
    {
        let header = with(issuer.header(), &json!({"alg": algorithm})).to_string();
        assert_eq!(issuer.fault(&issuer.sign(&header, &claims)).await, Some(Fault::Header), "{algorithm}");
        let bare = format!("{}.{}.", BASE64URL.encode(&header), BASE64URL.encode(&claims));
        assert_eq!(issuer.fault(&bare).await, Some(Fault::Parts), "{algorithm} without a signature");
    }
}

#[tokio::test]
async fn a_code_made_with_the_public_key_is_no_signature() {
    let issuer = Issuer::new().await;
    let jwk = serde_json::to_value(&issuer.tokens.keys().jwks().await.unwrap()[0]).unwrap();
    let modulus = BASE64URL.decode(jwk["n"].as_str().unwrap()).unwrap();
    for algorithm in ["HS256", "RS256"] {
        let header = with(issuer.header(), &json!({"alg": algorithm})).to_string();
        let signed =
            format!("{}.{}", BASE64URL.encode(header), BASE64URL.encode(issuer.claims().to_string()));
        for secret in [&modulus[..], jwk["n"].as_str().unwrap().as_bytes(), jwk.to_string().as_bytes(), b""] {
            let code = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), signed.as_bytes());
            let token = format!("{signed}.{}", BASE64URL.encode(code));
            let expected = if algorithm == "HS256" { Fault::Header } else { Fault::Signature };
            assert_eq!(issuer.fault(&token).await, Some(expected));
        }
    }
}

#[tokio::test]
async fn a_header_with_another_member_or_type_is_refused() {
    let issuer = Issuer::new().await;
    let claims = issuer.claims().to_string();
    let jwk = serde_json::to_value(&issuer.tokens.keys().jwks().await.unwrap()[0]).unwrap();
    for changes in [
        json!({"jku": "https://evil.example/keys"}),
        json!({"jwk": jwk}),
        json!({"x5u": "https://evil.example/certificate"}),
        json!({"x5c": ["AAAA"]}),
        json!({"x5t": "AAAA"}),
        json!({"crit": ["exp"]}),
        json!({"crit": []}),
        json!({"b64": false}),
        json!({"cty": "JWT"}),
        json!({"zip": "DEF"}),
        json!({"typ": "JWT"}),
        json!({"typ": "application/at+jwt"}),
        json!({"typ": 1}),
        json!({"typ": null}),
        json!({"alg": null}),
        json!({"kid": null}),
        json!({"kid": 1}),
        json!({"kid": ["x"]}),
    ] {
        let header = with(issuer.header(), &changes).to_string();
        assert_eq!(issuer.fault(&issuer.sign(&header, &claims)).await, Some(Fault::Header), "{changes}");
    }
    for header in ["[]", "null", "", "{", "hunter2", "\"\"", &format!("{} x", issuer.header())] {
        let fault = issuer.fault(&issuer.sign(header, &claims)).await;
        let expected = if header.is_empty() { Fault::Parts } else { Fault::Header };
        assert_eq!(fault, Some(expected), "{header}");
    }
}

#[tokio::test]
async fn a_key_that_is_not_of_this_service_is_refused() {
    let issuer = Issuer::new().await;
    let other = Issuer::new().await;
    assert_eq!(other.fault(&issuer.token().await).await, Some(Fault::Key));
    // The right id, another key.
    let signed = other.sign(&issuer.header().to_string(), &issuer.claims().to_string());
    assert_eq!(issuer.fault(&signed).await, Some(Fault::Signature));
    for kid in ["", "../../etc/passwd", "' or 1=1", &"A".repeat(43), &"A".repeat(1000)] {
        let header = with(issuer.header(), &json!({"kid": kid})).to_string();
        let token = issuer.sign(&header, &issuer.claims().to_string());
        assert_eq!(issuer.fault(&token).await, Some(Fault::Key), "{kid}");
    }
}

#[tokio::test]
async fn a_token_has_one_spelling() {
    let issuer = Issuer::new().await;
    let token = issuer.token().await;
    let [header, payload, signature] = parts(&token);
    for wrong in [
        format!("{token}."),
        format!(".{token}"),
        format!("{header}..{payload}.{signature}"),
        format!("{header}.{payload}"),
        format!("{header}.{payload}."),
        format!("{header}..{signature}"),
        format!(".{payload}.{signature}"),
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        header.to_owned(),
        format!("{token}.{token}"),
    ] {
        assert_eq!(issuer.fault(&wrong).await, Some(Fault::Parts), "{wrong}");
    }
    for wrong in [
        format!("{token}="),
        format!("{token}=="),
        format!("{token}\n"),
        format!("{token} "),
        format!(" {token}"),
        format!("{header}=.{payload}.{signature}"),
        token.replace('.', "+."),
        format!("{header}.{payload}.{}", signature.replace(['-', '_'], "+")),
    ] {
        let fault = issuer.fault(&wrong).await;
        assert!(matches!(fault, Some(Fault::Encoding | Fault::Signature)), "{wrong}: {fault:?}");
    }
}

#[tokio::test]
async fn bits_after_the_end_of_a_part_must_be_zero() {
    let issuer = Issuer::new().await;
    let token = issuer.token().await;
    let [header, payload, signature] = parts(&token);
    // 256 octets are 341 characters and two bits: the last has four that count for nothing.
    assert_eq!(signature.len(), 342);
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let last = alphabet.find(&signature[341..]).unwrap();
    assert_eq!(last % 16, 0);
    for bits in 1..16 {
        let wrong =
            format!("{header}.{payload}.{}{}", &signature[..341], &alphabet[last + bits..=last + bits]);
        assert_eq!(issuer.fault(&wrong).await, Some(Fault::Encoding), "{bits}");
    }
}

#[tokio::test]
async fn a_token_that_was_changed_is_refused() {
    let issuer = Issuer::new().await;
    let token = issuer.token().await;
    let [header, payload, signature] = parts(&token);
    let admin = BASE64URL.encode(with(json_of(payload), &json!({"roles": ["admin"]})).to_string());
    assert_eq!(issuer.fault(&format!("{header}.{admin}.{signature}")).await, Some(Fault::Signature));
    let short = BASE64URL.encode(&BASE64URL.decode(signature).unwrap()[..255]);
    let long = BASE64URL.encode([&BASE64URL.decode(signature).unwrap()[..], &[0]].concat());
    for wrong in [short, long, BASE64URL.encode([0; 256]), BASE64URL.encode([255; 256]), "AAAA".to_owned()] {
        assert_eq!(issuer.fault(&format!("{header}.{payload}.{wrong}")).await, Some(Fault::Signature));
    }
}

#[tokio::test]
async fn a_token_that_is_too_long_is_not_looked_at() {
    let issuer = Issuer::new().await;
    for long in [
        "a".repeat(MAX_SIZE + 1),
        ".".repeat(1 << 20),
        format!("{}{}", issuer.token().await, "A".repeat(4096)),
    ] {
        assert_eq!(issuer.fault(&long).await, Some(Fault::TooLong));
    }
    let nested = issuer.sign(&"[".repeat(1000), &issuer.claims().to_string());
    assert_eq!(issuer.fault(&nested).await, Some(Fault::Header));
    let nested = issuer.sign(&issuer.header().to_string(), &"[".repeat(1000));
    assert_eq!(issuer.fault(&nested).await, Some(Fault::Claims));
}

#[tokio::test]
async fn tokens_of_the_old_key_are_good_after_a_rotation_and_not_after_a_leak() {
    let issuer = Issuer::new().await;
    let token = issuer.token().await;
    let path = issuer.folder.path().join("keys.json");
    let after = async |rotation| {
        rotate(&path, rotation, issuer.now).unwrap();
        let config = Keys::File { path: path.clone(), make: false };
        let keys = KeyRing::open(config, Arc::new(SystemClock)).await.unwrap();
        let tokens = Tokens::new((*issuer.tokens.config).clone(), keys);
        tokens.verify(&token, issuer.now).await
    };
    assert!(after(Rotation::Gradual).await.is_ok());
    assert!(matches!(after(Rotation::Compromised).await, Err(Refused::Invalid(Fault::Key))));
}

#[tokio::test]
async fn keys_that_cannot_be_read_are_no_refusal() {
    let issuer = Issuer::new().await;
    std::fs::remove_file(issuer.folder.path().join("keys.json")).unwrap();
    assert_eq!(issuer.fault(&issuer.token().await).await, None, "they are still known");
    let other = Issuer::new().await.token().await;
    assert!(matches!(issuer.verify(&other).await, Err(Refused::Unavailable(_))));
}

#[tokio::test]
async fn a_token_is_not_shown() {
    let issuer = Issuer::new().await;
    let token = issuer.tokens.issue(&grant(&[], &[]), issuer.now).await.unwrap();
    assert!(!format!("{token:?}").contains(&token.text.expose_secret()[..20]));
}
