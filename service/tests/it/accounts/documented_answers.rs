//! Whether the service gives the answers that the document lists with `ACCESS=tokens`, and no others.

use std::collections::BTreeSet;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use axum::http::{Method, Request, header};
use bytes::Bytes;
use hyper::body::Frame;
use serde_json::{Value, json};
use users_service::app::{Service, router};
use users_service::config::Access;
use users_service::db::{Database, Error, Outage};
use users_service::http::RequireIfMatch;
use users_service::limits::{Limit, Rate};

use crate::harness::accounts::{AccountsApp, PASSWORD, Person, application};
use crate::harness::databases::TestDatabase;
use crate::harness::test_app::{Answer, answer, json_request, with};
use crate::http::openapi::{document_with_accounts, operations};

/// What the last administrator cannot be made to suffer.
const LAST_ADMINISTRATOR: [&str; 3] =
    ["DELETE /users/{user_id}", "PATCH /users/{user_id}/account", "PUT /users/{user_id}/roles"];

/// People and things that operations are tried on.
struct Scene<'a> {
    root: Person<'a>,
    target: Person<'a>,
    nobody: Person<'a>,
    /// The id of somebody who is disabled.
    disabled: u64,
}

impl<'a> Scene<'a> {
    async fn of(app: &'a AccountsApp) -> Self {
        let nobody = app.person("nobody", &[]).await;
        let target = app.person("target", &[]).await;
        let disabled = app.person("disabled", &[]).await;
        let root = app.root().await;
        let status = json!({"status": "disabled"});
        assert_eq!(root.patch(&disabled.path("/account"), status).await.status, 200);
        let disabled = disabled.user_id;
        let role = json!({"description": "", "permissions": []});
        assert_eq!(root.put("/roles/spare", role).await.status, 201);
        Self { root, target, nobody, disabled }
    }

    /// A request that makes an operation answer this status; `None` where no request can.
    fn provoke(&self, method: &str, path: &str, status: &str) -> Option<Request<Body>> {
        let name = format!("{method} {path}");
        let user = match (status, method) {
            ("404", _) if !path.contains("{session_id}") => "999999".to_owned(),
            ("422", _) => "abc".to_owned(),
            ("409", _) if path.ends_with("/invitation") => self.disabled.to_string(),
            // The last administrator.
            ("409", _) if LAST_ADMINISTRATOR.contains(&&*name) => self.root.user_id.to_string(),
            _ => self.target.user_id.to_string(),
        };
        let role = match (status, method) {
            ("404", _) => "missing",
            ("409", _) => "admin",
            ("422", _) => "X",
            ("201", "PUT") => "new-one",
            _ => "spare",
        };
        let session = match status {
            "404" => "6f1b0f0e-2c52-4d0c-8ad5-3f2c5a1f9a51",
            _ => &self.target.session_id,
        };
        let target =
            path.replace("{user_id}", &user).replace("{role}", role).replace("{session_id}", session);
        let target = match (&*name, status) {
            ("GET /users", "422") => "/users?page=0".into(),
            // With a next page.
            ("GET /users", "200") => "/users?page_size=1&after=".into(),
            _ => target,
        };
        let body = match status {
            "400" => "{".to_owned(),
            "413" => " ".repeat((1 << 20) + 1),
            "422" => "{}".to_owned(),
            _ => self.body(&name, status).to_string(),
        };
        let mut request = json_request(method.parse().unwrap(), &target, body);
        if path == "/tokens/introspect" {
            form(&mut request, status);
        }
        // Where nobody reads a body, it matters only whether it arrives.
        let is_unread = ["GET", "DELETE"].contains(&method) || path.ends_with("/invitation");
        let is_read = !is_unread || path == "/sessions/current";
        if status == "400" && !is_read {
            *request.body_mut() = Body::new(Broken);
        }
        let token = match (status, &*name) {
            // It takes twenty seconds.
            ("408", _) => return None,
            // With a token the body is not read.
            ("401", _) | (_, "DELETE /sessions/current") => None,
            ("403", _) => Some(&self.nobody),
            _ => Some(&self.root),
        };
        match status {
            "304" => request = with("if-none-match", "*", request),
            "412" => request = with("if-match", "\"another\"", request),
            _ => {}
        }
        if status == "415" {
            request.headers_mut().insert(header::CONTENT_TYPE, "text/plain".parse().unwrap());
        }
        if let Some(person) = token {
            let credentials = format!("Bearer {}", person.access_token).parse().unwrap();
            request.headers_mut().insert(header::AUTHORIZATION, credentials);
        }
        Some(request)
    }

    fn body(&self, name: &str, status: &str) -> Value {
        let taken = status == "409";
        match name {
            "POST /users" | "PUT /users/{user_id}" | "PATCH /users/{user_id}" if taken => {
                json!({"username": "root", "email": "root@example.com", "password": PASSWORD})
            }
            "POST /users" => json!({"username": "new", "email": "new@example.com", "password": PASSWORD}),
            "PUT /users/{user_id}" | "PATCH /users/{user_id}" => json!({"full_name": "New"}),
            "POST /sessions" if ["401", "429"].contains(&status) => {
                json!({"login": "target", "password": "wrong"})
            }
            "POST /sessions" if status == "403" => json!({"login": "disabled", "password": PASSWORD}),
            "POST /sessions" => json!({"login": "target", "password": PASSWORD}),
            "POST /sessions/refresh" | "DELETE /sessions/current" if status != "401" => {
                json!({"refresh_token": self.target.refresh_token})
            }
            "POST /sessions/refresh" | "DELETE /sessions/current" => json!({"refresh_token": "x"}),
            "PATCH /users/{user_id}/account" => json!({"status": "disabled"}),
            "PUT /users/{user_id}/password" => json!({"current_password": "wrong", "password": PASSWORD}),
            "PUT /users/{user_id}/roles" => json!({"roles": []}),
            "POST /email-verifications" => json!({"email": "target@example.com"}),
            "POST /password-resets" => json!({"login": "target"}),
            "PUT /roles/{role}" => json!({"description": "", "permissions": []}),
            _ => json!({"token": "x", "password": PASSWORD}),
        }
    }
}

fn form(request: &mut Request<Body>, status: &str) {
    let content_type = "application/x-www-form-urlencoded".parse().unwrap();
    request.headers_mut().insert(header::CONTENT_TYPE, content_type);
    match status {
        "400" => {
            *request.body_mut() = Body::new(Broken);
        }
        "413" | "422" => {}
        _ => *request.body_mut() = Body::from("token=x"),
    }
}

/// A body that breaks off.
struct Broken;

impl HttpBody for Broken {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        Poll::Ready(Some(Err(io::Error::other("broken"))))
    }
}

/// An app on which each limit is used up after one failure, and where people may sign up.
async fn app() -> AccountsApp {
    let mut application = application();
    let once = |limit: Limit| "1/1h".parse::<Rate>().unwrap().named(limit.name());
    let limits = &mut application.limits;
    for limit in [
        &mut limits.sign_in,
        &mut limits.confirm,
        &mut limits.sign_up,
        &mut limits.mail_ip,
        &mut limits.mail_hourly,
    ] {
        *limit = once(*limit);
    }
    let Access::Tokens(access) = &mut application.access else { unreachable!() };
    access.sign_up_is_open = true;
    AccountsApp::on(TestDatabase::sqlite().await, application).await
}

fn failing(app: &AccountsApp, error: fn() -> Error) -> Service {
    let mut state = app.state.clone();
    state.database = Database::failing(error);
    Arc::make_mut(state.accounts.as_mut().unwrap()).database = state.database.clone();
    router(state)
}

fn requiring_if_match(app: &AccountsApp) -> Service {
    let mut state = app.state.clone();
    state.require_if_match = RequireIfMatch(true);
    router(state)
}

fn unavailable() -> Error {
    Error::unavailable(Outage::Unreachable, "a test")
}

/// What an operation answers when it is to answer this status.
async fn provoked(
    app: &AccountsApp,
    scene: &Scene<'_>,
    (method, path): (&str, &str),
    status: &str,
) -> Option<Answer> {
    // They are in memory: the tests of the keys make them unavailable.
    if path == "/.well-known/jwks.json" && status.starts_with('5') {
        return None;
    }
    let request = scene.provoke(method, path, status)?;
    let name = format!("{method} {path}");
    Some(match (status, &*name) {
        ("500", _) => answer(&failing(app, || panic!("a test")), request).await,
        ("503", _) => answer(&failing(app, unavailable), request).await,
        ("428", _) => answer(&requiring_if_match(app), request).await,
        ("401", "POST /users") => {
            let mut request = request;
            request.headers_mut().insert(header::AUTHORIZATION, "Bearer x".parse().unwrap());
            app.send(request).await
        }
        ("429", "POST /users") => {
            let sign_up = async |name: &str| {
                let email = format!("{name}@example.com");
                let body = json!({"username": name, "email": email, "password": PASSWORD});
                app.call(Method::POST, "/users", Some(body)).await
            };
            sign_up("first").await;
            sign_up("second").await
        }
        ("429", "PUT /users/{user_id}/password") => {
            let body = scene.body(&name, status);
            scene.target.put("/users/me/password", body.clone()).await;
            scene.target.put("/users/me/password", body).await
        }
        ("429", "PUT /users/{user_id}" | "PATCH /users/{user_id}") => {
            let taken = || {
                scene.target.call(request.method().clone(), "/users/me", Some(json!({"username": "root"})))
            };
            taken().await;
            taken().await
        }
        ("429", _) => {
            app.send(request).await;
            app.send(scene.provoke(method, path, status)?).await
        }
        // Only a command or a mail gives a token for it.
        ("204", "POST /passwords/confirm" | "POST /email-verifications/confirm") => return None,
        _ => app.send(request).await,
    })
}

#[tokio::test]
async fn every_answer_that_is_listed_is_given_and_no_other() {
    let common = [
        "200", "304", "400", "401", "403", "404", "409", "412", "413", "415", "422", "428", "429", "500",
        "503",
    ];
    for (method, path, operation) in operations(&document_with_accounts().await) {
        let listed = operation["responses"].as_object().unwrap();
        let statuses: BTreeSet<_> = listed.keys().map(String::as_str).chain(common).collect();
        let shared = app().await;
        let shared_scene = Scene::of(&shared).await;
        let takes_a_body = operation.contains_key("requestBody");
        let receives_a_body = takes_a_body || listed.contains_key("413");
        let is_tried = |status: &&str| match *status {
            "400" | "413" => receives_a_body,
            "415" => takes_a_body,
            _ => true,
        };
        for status in statuses.into_iter().filter(is_tried) {
            // What succeeds or uses up a limit is tried on an app of its own.
            let is_limited = listed.contains_key("429") && ["401", "429"].contains(&status);
            let needs_the_target = status.starts_with('2') || status == "412";
            let alone = is_limited || (listed.contains_key(status) && needs_the_target);
            let operation = (&*method, &*path);
            let answer = if alone {
                let app = app().await;
                let scene = Scene::of(&app).await;
                Box::pin(provoked(&app, &scene, operation, status)).await
            } else {
                Box::pin(provoked(&shared, &shared_scene, operation, status)).await
            };
            let Some(answer) = answer else { continue };
            let given = answer.status.as_str();
            let place = format!("{method} {path}, to get {status}: {given} {}", answer.text());
            assert!(given == status || !listed.contains_key(status), "{place}");
            assert!(listed.contains_key(given), "{place}");
            if given == status {
                assert_conforms(&answer, &listed[status], &place);
            }
        }
    }
}

fn assert_conforms(answer: &Answer, response: &Value, place: &str) {
    let described = response.get("content").and_then(Value::as_object);
    let described = described.and_then(|content| content.keys().next().cloned());
    assert_eq!(answer.header("content-type"), described.unwrap_or_default(), "{place}");
    // `Age` is that of an answer that was kept; `users::caching` provokes it.
    for name in response["headers"].as_object().unwrap().keys().filter(|name| *name != "age") {
        assert!(answer.headers.contains_key(name), "{place}: {name}");
    }
}
