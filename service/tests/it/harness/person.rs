//! Somebody who has signed in, and the calls that they make.

use axum::body::Body;
use axum::http::{Method, Request, header};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::harness::accounts::{AccountsApp, call};
use crate::harness::test_app::Answer;

/// Somebody with a session.
pub(crate) struct Person<'a> {
    app: &'a AccountsApp,
    pub(crate) user_id: u64,
    pub(crate) session_id: String,
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
}

impl<'a> Person<'a> {
    pub(crate) fn new(app: &'a AccountsApp, tokens: &Value) -> Self {
        let text = |name: &str| tokens[name].as_str().unwrap().to_owned();
        Self {
            app,
            user_id: tokens["user_id"].as_u64().unwrap(),
            session_id: text("session_id"),
            access_token: text("access_token"),
            refresh_token: text("refresh_token"),
        }
    }

    /// The path of this user, and what follows.
    pub(crate) fn path(&self, rest: &str) -> String {
        format!("/users/{}{rest}", self.user_id)
    }

    /// A request with the token of this user.
    pub(crate) fn request(&self, method: Method, path: &str, body: Option<Value>) -> Request<Body> {
        let mut request = call(method, path, body);
        let credentials = format!("Bearer {}", self.access_token).parse().unwrap();
        request.headers_mut().insert(header::AUTHORIZATION, credentials);
        request
    }

    /// What the access token says.
    pub(crate) fn claims(&self) -> Value {
        let payload = self.access_token.split('.').nth(1).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
    }

    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        self.app.send(self.request(method, path, body)).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.call(Method::PUT, path, Some(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.call(Method::PATCH, path, Some(body)).await
    }

    /// Refreshes, and has the new tokens from then on.
    pub(crate) async fn refresh(&mut self) {
        let answer = refresh(self.app, &self.refresh_token).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        *self = Self::new(self.app, &answer.json());
    }
}

/// Presents a refresh token.
pub(crate) async fn refresh(app: &AccountsApp, token: &str) -> Answer {
    app.call(Method::POST, "/sessions/refresh", Some(json!({"refresh_token": token}))).await
}
