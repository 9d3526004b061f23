//! Whether the service accepts the requests that the document shows as examples.

use axum::body::Body;
use axum::http::{Method, Request, header};
use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::harness::accounts::AccountsApp;
use crate::http::openapi::{document_with_accounts, operations};

type Operation = Map<String, Value>;

/// The request of the example, with this token.
fn request(method: &str, path: &str, operation: &Operation, token: &str) -> Request<Body> {
    let mut path = path.to_owned();
    for parameter in operation.get("parameters").and_then(Value::as_array).into_iter().flatten() {
        let example = match &parameter["example"] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        path = path.replace(&format!("{{{}}}", parameter["name"].as_str().unwrap()), &example);
    }
    let request = Request::builder()
        .method(method.parse::<Method>().unwrap())
        .uri(path)
        .header(header::AUTHORIZATION, format!("Bearer {token}"));
    let Some(body) = operation.get("requestBody") else { return request.body(Body::empty()).unwrap() };
    let (content_type, content) = body["content"].as_object().unwrap().iter().next().unwrap();
    request
        .header(header::CONTENT_TYPE, content_type)
        .body(encoded(content_type, &content["example"]))
        .unwrap()
}

fn encoded(content_type: &str, example: &Value) -> Body {
    if content_type != "application/x-www-form-urlencoded" {
        return example.to_string().into();
    }
    let fields = example.as_object().unwrap().iter().map(|(name, value)| (name, value.as_str().unwrap()));
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish().into()
}

/// An app in which there are the user and the role of the examples.
async fn app(document: &Value) -> AccountsApp {
    let app = AccountsApp::on_sqlite().await;
    let root = app.root().await;
    for (method, path) in [("post", "/users"), ("put", "/roles/{role}")] {
        let operation = document["paths"][path][method].as_object().unwrap();
        let made = app.send(request(&method.to_uppercase(), path, operation, &root.access_token)).await;
        assert_eq!(made.status, 201, "{method} {path}: {}", made.text());
    }
    app
}

#[tokio::test]
async fn the_examples_of_requests_are_accepted() {
    let document = document_with_accounts().await;
    let mut statuses = Vec::new();
    for (method, path, operation) in operations(&document) {
        let app = app(&document).await;
        let root = app.root().await;
        let answer = app.send(request(&method, &path, operation, &root.access_token)).await;
        let status = answer.status.as_u16();
        assert!(![400, 405, 413, 415, 422].contains(&status), "{method} {path}: {}", answer.text());
        statuses.push(format!("{status} {method} {path}"));
    }
    statuses.sort_unstable();
    // What is refused is refused for what there is: tokens are made up, the user is there, 1 is the last administrator.
    insta::assert_snapshot!(statuses.join("\n"), @r"
    200 GET /.well-known/jwks.json
    200 GET /.well-known/openid-configuration
    200 GET /health
    200 GET /ready
    200 GET /roles
    200 GET /roles/{role}
    200 GET /users
    200 GET /users/{user_id}
    200 GET /users/{user_id}/account
    200 GET /users/{user_id}/roles
    200 GET /users/{user_id}/sessions
    200 PATCH /users/{user_id}
    200 POST /tokens/introspect
    200 PUT /roles/{role}
    200 PUT /users/{user_id}
    201 POST /sessions
    202 POST /email-verifications
    202 POST /password-resets
    202 POST /users/{user_id}/invitation
    204 DELETE /roles/{role}
    204 DELETE /sessions/current
    204 DELETE /users/{user_id}/sessions
    204 OPTIONS /users/{user_id}
    401 POST /email-verifications/confirm
    401 POST /passwords/confirm
    401 POST /sessions/refresh
    403 PUT /users/{user_id}/password
    404 DELETE /users/{user_id}/sessions/{session_id}
    409 DELETE /users/{user_id}
    409 PATCH /users/{user_id}/account
    409 POST /users
    409 PUT /users/{user_id}/roles
    ");
}
