//! Other implementations verify the tokens of the service, and it verifies theirs.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tempfile::TempDir;
use users_service::clock::{Clock, SystemClock};
use users_service::config::{self, Keys};
use users_service::keys::{KeyRing, Rotation, rotate};
use users_service::tokens::{Grant, Tokens};

use crate::harness::python::python;

const ISSUER: &str = "https://users.example";

fn run(input: &Value) -> Value {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/keys/others.py");
    let mut python = Command::new(python());
    let mut child = python.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "what it says is above");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The private key that is the first in the file.
fn pkcs8(path: &Path) -> Value {
    let stored: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    stored["keys"][0]["pkcs8"].clone()
}

#[tokio::test]
async fn pyjwt_and_joserfc_agree_with_the_service() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("keys.json");
    let now = SystemClock.now();
    for _ in 0..2 {
        // The second one is published and does not sign yet.
        rotate(&path, Rotation::Gradual, now).unwrap();
    }
    let keys = Keys::File { path: path.clone(), make: false };
    let keys = KeyRing::open(keys, Arc::new(SystemClock)).await.unwrap();
    let jwks = json!({"keys": keys.jwks().await.unwrap()});
    assert_eq!(jwks["keys"].as_array().unwrap().len(), 2);
    let config = config::Tokens { issuer: ISSUER.to_owned(), audiences: vec![ISSUER.to_owned()] };
    let tokens = Tokens::new(config, keys);
    let roles = ["support".to_owned()];
    let scope = ["users:read".to_owned(), "invoices:pay".to_owned()];
    let session_id = uuid::Uuid::new_v4();
    let grant = Grant {
        user_id: 7,
        session_id,
        auth_time: now.timestamp(),
        roles: &roles,
        scope: &scope,
        audience: None,
    };
    let token = tokens.issue(&grant, now).await.unwrap();
    let token = token.text.expose_secret();
    let own = tokens.verify(token, now).await.unwrap();

    let answers = run(&json!({"jwks": jwks, "token": token, "issuer": ISSUER, "pkcs8": pkcs8(&path)}));
    for library in ["PyJWT", "joserfc"] {
        let claims = &answers["claims"][library];
        assert_eq!(claims["sub"], "7", "{library}: {claims}");
        assert_eq!(claims["sid"], session_id.to_string());
        assert_eq!(claims["scope"], "users:read invoices:pay");
        assert_eq!(claims["roles"], json!(["support"]));
        let theirs = answers["tokens"][library].as_str().unwrap();
        assert_eq!(tokens.verify(theirs, now).await.unwrap(), own, "{library}");
        let changed = theirs.replacen("eyJ", "eyK", 1);
        assert!(tokens.verify(&changed, now).await.is_err());
    }
}
