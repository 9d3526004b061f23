//! A Secrets Manager, served by the test, with as much of its interface as `GetSecretValue` needs.
//! <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html>

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::post;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use users_service::config::Login;

use crate::http_server::HttpServer;

type Secrets = Arc<Mutex<HashMap<String, String>>>;

/// Hands out the secrets that the test puts in.
pub(crate) struct SecretsManager {
    server: HttpServer,
    secrets: Secrets,
}

impl SecretsManager {
    pub(crate) async fn start() -> Self {
        let secrets = Secrets::default();
        let router = Router::new().route("/", post(get_secret_value)).with_state(Arc::clone(&secrets));
        Self { server: HttpServer::start(router).await, secrets }
    }

    /// What `AWS_ENDPOINT_URL` is to be.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// Writes a secret whatever its text.
    pub(crate) fn put_text(&self, name: &str, text: &str) {
        self.secrets.lock().unwrap().insert(name.to_owned(), text.to_owned());
    }

    /// Writes a secret as RDS does.
    pub(crate) fn put(&self, name: &str, login: &Login) {
        let secret = json!({
            "username": login.username, "password": login.password.expose_secret(), "engine": "mysql",
            "host": login.host, "port": login.port, "dbname": login.database,
            "dbInstanceIdentifier": "users",
        });
        self.put_text(name, &secret.to_string());
    }
}

async fn get_secret_value(
    State(secrets): State<Secrets>,
    headers: HeaderMap,
    body: Bytes,
) -> impl IntoResponse {
    assert_eq!(headers["x-amz-target"], "secretsmanager.GetSecretValue");
    let signature = headers["authorization"].to_str().unwrap();
    assert!(signature.starts_with("AWS4-HMAC-SHA256 Credential=test-key/"), "{signature}");
    let request: Value = serde_json::from_slice(&body).unwrap();
    let name = request["SecretId"].as_str().unwrap();
    let (status, answer) = match secrets.lock().unwrap().get(name) {
        Some(text) => (StatusCode::OK, json!({"Name": name, "SecretString": text})),
        None => (
            StatusCode::BAD_REQUEST,
            json!({"__type": "ResourceNotFoundException",
                   "Message": "Secrets Manager can't find the specified secret."}),
        ),
    };
    (status, [("content-type", "application/x-amz-json-1.1")], answer.to_string())
}
