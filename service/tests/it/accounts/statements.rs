//! How many statements the accounts add to a request, counted on the wire.

use axum::body::Body;
use axum::http::{Method, Request, header};
use chrono::TimeDelta;
use serde_json::json;
use users_service::app::{Service, router};
use users_service::app_state::AppState;
use users_service::config::{Credentials, Database, Mysql, Tls};

use crate::harness::accounts::{AccountsApp, PASSWORD, Person, call};
use crate::harness::databases::TestDatabase;
use crate::harness::test_app::answer;
use crate::harness::wiretap::Wiretap;

/// A process whose one connection is recorded, beside one that the test works with.
pub(crate) struct Recorded {
    pub(crate) app: AccountsApp,
    pub(crate) state: AppState,
    tap: Wiretap,
    service: Service,
}

impl Recorded {
    pub(crate) async fn new() -> Self {
        let app = AccountsApp::on_mysql().await;
        let TestDatabase::Mysql(schema) = &app.database else { unreachable!() };
        let tap = Wiretap::on(&schema.application()).await;
        let credentials = Credentials::Fixed(tap.login.clone());
        let database = Database::Mysql(Mysql { credentials, tls: Tls::Off, pool_size: 1 });
        let state = app.state_through(database).await;
        let service = router(state.clone());
        Self { app, state, tap, service }
    }

    /// The statements of a request, the second time, when each is prepared.
    pub(crate) async fn statements(&self, request: impl Fn() -> Request<Body>, status: u16) -> usize {
        for _ in 0..2 {
            self.tap.take();
            let answer = answer(&self.service, request()).await;
            assert_eq!(answer.status, status, "{}", answer.text());
        }
        let talk = self.tap.take();
        assert!(talk.commands.iter().all(|command| ["execute", "query"].contains(command)), "{talk:?}");
        assert_eq!(talk.turns, talk.commands.len(), "{talk:?}");
        talk.commands.len()
    }

    /// The statements since the last time.
    pub(crate) fn executed(&self) -> usize {
        let commands = self.tap.take().commands;
        commands.iter().filter(|command| **command != "prepare").count()
    }

    /// The same of a request without a body by somebody.
    async fn of(&self, person: &Person<'_>, method: &Method, path: &str, status: u16) -> usize {
        let request = || {
            let mut request = call(method.clone(), path, None);
            let credentials = format!("Bearer {}", person.access_token).parse().unwrap();
            request.headers_mut().insert(header::AUTHORIZATION, credentials);
            request
        };
        self.statements(request, status).await
    }
}

#[tokio::test]
async fn a_token_adds_one_statement_to_a_request() {
    let recorded = Recorded::new().await;
    let ada = recorded.app.person("ada", &[]).await;
    let root = recorded.app.root().await;
    for (path, without) in [
        ("/users/1", 1),
        ("/users/me", 1),
        ("/users", 1),
        ("/users?username=root", 1),
        ("/users/me/account", 1),
        ("/users/me/sessions", 1),
        ("/users/me/roles", 1),
        ("/roles", 1),
    ] {
        assert_eq!(recorded.of(&root, &Method::GET, path, 200).await, without + 1, "{path}");
    }
    assert_eq!(recorded.of(&ada, &Method::GET, "/users/1", 403).await, 1);
    assert_eq!(recorded.of(&ada, &Method::DELETE, "/users/1", 403).await, 1);
    assert_eq!(recorded.of(&ada, &Method::GET, &ada.path(""), 200).await, 2);
}

#[tokio::test]
async fn a_token_that_cannot_be_valid_costs_no_statement() {
    let recorded = Recorded::new().await;
    let mut root = recorded.app.root().await;
    recorded.app.clock.advance(TimeDelta::minutes(17));
    assert_eq!(recorded.of(&root, &Method::GET, "/users/me", 401).await, 0, "it has expired");
    root.access_token.replace_range(..1, "x");
    assert_eq!(recorded.of(&root, &Method::GET, "/users/me", 401).await, 0, "it is forged");
    let without = || call(Method::GET, "/users/me", None);
    assert_eq!(recorded.statements(without, 401).await, 0);
    let keys = || call(Method::GET, "/.well-known/jwks.json", None);
    assert_eq!(recorded.statements(keys, 200).await, 0);
}

#[tokio::test]
async fn signing_in_and_refreshing_take_this_many() {
    let recorded = Recorded::new().await;
    let ada = recorded.app.person("ada", &["users:read"]).await;
    let refresh = json!({"refresh_token": ada.refresh_token});
    let refresh = || call(Method::POST, "/sessions/refresh", Some(refresh.clone()));
    // The session, what decides over it, and the rotation; then, for its predecessor, no rotation.
    assert_eq!(recorded.statements(refresh, 200).await, 2);
    let sign_in = |password: &'static str| {
        let clock = recorded.app.clock.clone();
        move || {
            clock.advance(TimeDelta::seconds(1));
            call(Method::POST, "/sessions", Some(json!({"login": "ada", "password": password})))
        }
    };
    // The user and three limits; then begin, lock, the time, the address, which is known, the permissions, the sessions that are too
    // many, the session, the limits, which are given back together, commit.
    assert_eq!(recorded.statements(sign_in(PASSWORD), 201).await, 13);
    assert_eq!(recorded.statements(sign_in("a wrong one"), 401).await, 4);
    let unknown = || call(Method::POST, "/sessions", Some(json!({"login": "nobody", "password": PASSWORD})));
    assert_eq!(recorded.statements(unknown, 401).await, 4, "as many as for somebody");
}
