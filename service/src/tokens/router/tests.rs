use std::sync::Arc;

use axum::body::to_bytes;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

use super::*;
use crate::clock::{Clock, SystemClock};
use crate::config::{self, Keys};
use crate::keys::{KeyRing, Rotation, rotate};
use crate::tokens::Grant;

const ISSUER: &str = "https://users.example/v1";

async fn tokens(folder: &TempDir) -> Tokens {
    let path = folder.path().join("keys.json");
    for _ in 0..2 {
        rotate(&path, Rotation::Gradual, SystemClock.now()).unwrap();
    }
    let keys = KeyRing::open(Keys::File { path, make: false }, Arc::new(SystemClock)).await.unwrap();
    let config = config::Tokens { issuer: ISSUER.to_owned(), audiences: vec![ISSUER.to_owned()] };
    Tokens::new(config, keys)
}

/// The body of an answer that may be kept for an hour.
async fn body(answer: Response) -> Value {
    assert_eq!(answer.headers()[header::CACHE_CONTROL], "public, max-age=3600");
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/json");
    serde_json::from_slice(&to_bytes(answer.into_body(), usize::MAX).await.unwrap()).unwrap()
}

#[tokio::test]
async fn the_key_of_a_token_is_shown_and_the_one_to_come_and_nothing_private() {
    let folder = TempDir::new().unwrap();
    let tokens = tokens(&folder).await;
    let shown = body(get_jwks(State(tokens.clone())).await.unwrap()).await;
    let keys = shown["keys"].as_array().unwrap();
    assert_eq!((shown.as_object().unwrap().len(), keys.len()), (1, 2));
    for key in keys {
        let members: Vec<_> = key.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(members, ["alg", "e", "kid", "kty", "n", "use"]);
    }
    let grant =
        Grant { user_id: 7, session_id: Uuid::nil(), auth_time: 0, roles: &[], scope: &[], audience: None };
    let token = tokens.issue(&grant, SystemClock.now()).await.unwrap();
    let kid = tokens.keys().signing().await.unwrap().kid().to_owned();
    assert_eq!(keys[0]["kid"], kid);
    assert!(tokens.verify(token.text.expose_secret(), SystemClock.now()).await.is_ok());
}

#[tokio::test]
async fn the_issuer_says_where_its_keys_are() {
    let folder = TempDir::new().unwrap();
    let shown = body(get_openid_configuration(State(tokens(&folder).await)).await).await;
    assert_eq!(shown["issuer"], ISSUER);
    assert_eq!(shown["jwks_uri"], format!("{ISSUER}/.well-known/jwks.json"));
    assert_eq!(shown["id_token_signing_alg_values_supported"], json!(["RS256"]));
    assert_eq!(shown["response_types_supported"], json!([]));
    assert_eq!(shown["subject_types_supported"], json!(["public"]));
}
