//! The connection to the server is cut at each statement of signing up, signing in, refreshing, and changing a password:
//! each has taken effect as a whole, or not at all.

use std::net::Ipv4Addr;

use axum::body::Body;
use axum::http::{Method, Request, header};
use chrono::TimeDelta;
use serde_json::{Value, json};
use users_service::app::{Service, router};
use users_service::clock::Clock;
use users_service::config::{Credentials, Database, Mysql, Tls};
use users_service::http::Peer;
use users_service::limits::Rate;

use crate::harness::accounts::{AccountsApp, OTHER_PASSWORD, PASSWORD, Person, call, refresh};
use crate::harness::databases::TestDatabase;
use crate::harness::proxy::{Mode, Proxy};
use crate::harness::test_app::{Answer, answer, with};

/// A process behind a proxy that cuts its one connection, beside one that is undisturbed.
struct Disturbed {
    app: AccountsApp,
    proxy: Proxy,
    service: Service,
}

impl Disturbed {
    async fn new() -> Self {
        let app = AccountsApp::on_mysql().await.configured(|application| {
            let unlimited = "1000000/24h".parse::<Rate>().unwrap();
            application.limits.sign_in_login = unlimited.named("sign-in-login");
        });
        let app = app.await;
        let TestDatabase::Mysql(schema) = &app.database else { unreachable!() };
        let proxy = Proxy::to(&schema.login).await;
        let credentials = Credentials::Fixed(proxy.login(&schema.application()));
        let database = Database::Mysql(Mysql { credentials, tls: Tls::Off, pool_size: 1 });
        let service = router(app.state_through(database).await);
        Self { app, proxy, service }
    }

    /// Sends a request while the connection is cut in the place of an answer, after so many; whether it was.
    async fn cut(&self, answers: usize, request: Request<Body>) -> (Answer, bool) {
        // A connection that is there, so that the cut is in the request and not in a login.
        assert_eq!(answer(&self.service, call(Method::GET, "/ready", None)).await.status, 200);
        let before = self.proxy.cut();
        self.proxy.set(Mode::CutAnswer(answers));
        let answer = answer(&self.service, request).await;
        (answer, self.proxy.cut() > before)
    }

    async fn value(&self, sql: &str) -> u64 {
        self.app.database.values(&format!("select cast(({sql}) as char)")).await[0].parse().unwrap()
    }
}

/// Cuts the first answer of the server, the second one, and so on, until all have come; each time `check` is told the number
/// of the try and the answer. Returns how often the outcome was unknown to the client.
async fn everywhere(
    disturbed: &Disturbed,
    request: impl AsyncFn(u32) -> Request<Body>,
    check: impl AsyncFn(u32, &Answer),
) -> usize {
    let mut unknown = 0;
    for number in 0..100 {
        disturbed.app.clock.advance(TimeDelta::seconds(60));
        let request = request(number).await;
        let (answer, was_cut) = disturbed.cut(number as usize, request).await;
        if answer.status == 503 {
            answer.assert_problem(503, "database_unreachable");
            assert_ne!(answer.header("retry-after"), "");
            unknown += 1;
        } else {
            assert!(answer.status.is_success(), "{}", answer.text());
        }
        check(number, &answer).await;
        if !was_cut {
            assert!(number >= 3, "so few statements are none of these");
            return unknown;
        }
    }
    panic!("there was no end to the answers");
}

fn by(person: &Person<'_>, method: Method, path: &str, body: Option<Value>) -> Request<Body> {
    let mut request = call(method, path, body);
    let credentials = format!("Bearer {}", person.access_token).parse().unwrap();
    request.headers_mut().insert(header::AUTHORIZATION, credentials);
    request
}

#[tokio::test]
async fn signing_up_adds_user_and_password_or_neither() {
    let disturbed = Disturbed::new().await;
    let app = &disturbed.app;
    let user = |number| json!({"username": format!("user{number}"), "email": format!("user{number}@example.com"), "password": PASSWORD});
    let request = async |number| by(&app.root().await, Method::POST, "/users", Some(user(number)));
    let unknown = everywhere(&disturbed, request, async |number, answer| {
        let users = format!("select count(*) from users where username = 'user{number}'");
        let with_password = format!(
            "select count(*) from users join accounts on accounts.user_id = users.user_id
             where username = 'user{number}' and password_hash is not null"
        );
        let (users, with_password) = (disturbed.value(&users).await, disturbed.value(&with_password).await);
        assert_eq!(users, with_password, "all or nothing");
        assert!(answer.status != 201 || users == 1, "what was acknowledged is there");
    });
    let unknown = unknown.await;
    assert!(unknown > 0, "a commit that is cut is not sent again");
}

#[tokio::test]
async fn a_sign_up_with_a_key_is_sent_again_blindly() {
    let disturbed = Disturbed::new().await;
    let app = &disturbed.app;
    let request = async |number| {
        let name = format!("user{number}");
        let body = json!({"username": name, "email": format!("{name}@example.com"), "password": PASSWORD});
        with("idempotency-key", &name, by(&app.root().await, Method::POST, "/users", Some(body)))
    };
    let unknown = everywhere(&disturbed, request, async |number, answer| {
        let again = app.send(request(number).await).await;
        assert_eq!(again.status, 201, "{}", again.text());
        assert!(answer.status != 201 || answer.text() == again.text());
        let added = format!(
            "select count(*) from users join accounts on accounts.user_id = users.user_id
             where username = 'user{number}' and password_hash is not null"
        );
        assert_eq!(disturbed.value(&added).await, 1);
    });
    assert!(unknown.await > 0, "a commit that is cut is not sent again");
}

#[tokio::test]
async fn signing_in_begins_a_session_with_all_that_belongs_to_it_or_none() {
    let disturbed = Disturbed::new().await;
    let app = &disturbed.app;
    let ada = app.person("ada", &[]).await.user_id;
    let request = async |number: u32| {
        let body = json!({"login": "ada", "password": PASSWORD});
        let mut request = call(Method::POST, "/sessions", Some(body));
        request.extensions_mut().insert(Peer(Ipv4Addr::from(0x0a00_0000 + number).into()));
        request
    };
    let unknown = everywhere(&disturbed, request, async |_, answer| {
        let now = app.clock.now().timestamp_millis();
        let begun = async |table: &str, column: &str| {
            disturbed
                .value(&format!("select count(*) from {table} where user_id = {ada} and {column} = {now}"))
                .await
        };
        let sessions = begun("sessions", "signed_in_at").await;
        assert_eq!(begun("accounts", "last_signed_in_at").await, sessions);
        assert_eq!(begun("known_addresses", "last_seen_at").await, sessions);
        if answer.status == 201 {
            assert_eq!(sessions, 1);
            let person = Person::new(app, &answer.json());
            assert_eq!(person.get("/users/me").await.status, 200);
        } else {
            assert!(sessions <= 1, "a commit whose answer was cut may have taken effect");
        }
    });
    assert!(unknown.await > 0);
}

#[tokio::test]
async fn a_refresh_whose_answer_is_lost_is_answered_when_it_is_sent_again() {
    let disturbed = Disturbed::new().await;
    let app = &disturbed.app;
    app.person("ada", &[]).await;
    let last = std::sync::Mutex::new(String::new());
    let request = async |_| {
        let token = app.sign_in("ada").await.refresh_token;
        last.lock().unwrap().clone_from(&token);
        call(Method::POST, "/sessions/refresh", Some(json!({"refresh_token": token})))
    };
    let unknown = everywhere(&disturbed, request, async |_, answer| {
        let token = last.lock().unwrap().clone();
        let again = refresh(app, &token).await;
        assert_eq!(again.status, 200, "{}", again.text());
        if answer.status == 200 {
            assert_eq!(answer.json()["refresh_token"], again.json()["refresh_token"]);
        }
        let mut person = Person::new(app, &again.json());
        assert_eq!(person.get("/users/me").await.status, 200);
        person.refresh().await;
    });
    assert!(unknown.await > 0);
}

#[tokio::test]
async fn changing_a_password_ends_the_other_sessions_or_changes_nothing() {
    let disturbed = Disturbed::new().await;
    let app = &disturbed.app;
    let ada = app.person("ada", &[]).await.user_id;
    let request = async |_| {
        let root = app.root().await;
        let reset = root.put(&format!("/users/{ada}/password"), json!({"password": PASSWORD})).await;
        assert_eq!(reset.status, 204);
        let (own, _other) = (app.sign_in("ada").await, app.sign_in("ada").await);
        let body = json!({"current_password": PASSWORD, "password": OTHER_PASSWORD});
        by(&own, Method::PUT, "/users/me/password", Some(body))
    };
    let unknown = everywhere(&disturbed, request, async |number, answer| {
        let live = "select count(*) from sessions where ended_at is null and user_id =";
        let live = disturbed.value(&format!("{live} {ada}")).await;
        let from = Ipv4Addr::from(0x0b00_0000 + number).into();
        let is_changed = app.sign_in_from(from, "ada", OTHER_PASSWORD).await.status == 201;
        assert_eq!(app.sign_in_from(from, "ada", PASSWORD).await.status == 201, !is_changed);
        assert_eq!(live, if is_changed { 1 } else { 2 });
        assert!(answer.status != 204 || is_changed);
    });
    assert!(unknown.await > 0);
}
