//! Users that are kept for a while: what a write through the process does to them, and what a request may say.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::json;
use tokio::task::JoinSet;
use users_service::app::router;
use users_service::app_state::AppState;
use users_service::clock::SystemClock;
use users_service::config;
use users_service::config::{Credentials, Mysql, Tls};
use users_service::db::Database;
use users_service::migrations::ALL;
use users_service::users::UserCache;

use crate::harness::accounts::AccountsApp;
use crate::harness::databases::MysqlSchema;
use crate::harness::test_app::{TestApp, answer, json_request, on_every_database, request, with};
use crate::harness::wiretap::Wiretap;

on_every_database! {
    what_another_process_writes_is_seen_later,
    what_this_process_writes_is_seen_at_once,
    a_user_is_found_by_the_new_name_and_not_by_the_old,
    a_request_may_go_past_what_is_kept,
    that_there_is_no_such_user_is_not_kept,
    only_a_cached_answer_has_an_age,
    a_state_that_the_client_has_is_not_sent_again,
    a_condition_is_compared_with_the_row,
    without_the_setting_nothing_is_kept,
    of_readers_and_writers_at_once_everybody_sees_what_has_been_answered,
}

const WAYS: [&str; 4] =
    ["/users/1", "/users?username=ada", "/users?email=ada%40example.com", "/users?username=ADA"];

pub(super) fn cache() -> UserCache {
    UserCache::new(config::Cache { time_to_live: Duration::from_hours(1), size: 1000 })
}

/// With the user `ada` in a process that keeps users.
async fn caching(app: TestApp) -> TestApp {
    let app = app.configured(|state| state.user_cache = Some(cache())).await;
    app.user("ada").await;
    app
}

fn get(path: &str) -> Request<Body> {
    request(Method::GET, path)
}

/// The full name that an answer shows: of the user, or of the one user of a list.
async fn shown(app: &TestApp, request: Request<Body>) -> String {
    let answer = app.send(request).await.json();
    let user = if answer["users"].is_array() { &answer["users"][0] } else { &answer };
    user["full_name"].as_str().unwrap_or_default().to_owned()
}

async fn write_elsewhere(app: &TestApp, full_name: &str) {
    app.database.execute(&format!("update users set full_name = '{full_name}' where user_id = 1")).await;
}

async fn what_another_process_writes_is_seen_later(app: TestApp) {
    let app = caching(app).await;
    for way in WAYS {
        assert_eq!(shown(&app, get(way)).await, "");
    }
    write_elsewhere(&app, "Countess").await;
    for way in WAYS {
        assert_eq!(shown(&app, get(way)).await, "", "{way}");
    }
    assert_eq!(shown(&app, get("/users")).await, "Countess", "a list is always read");
}

async fn what_this_process_writes_is_seen_at_once(app: TestApp) {
    let app = caching(app).await;
    for number in 0..4 {
        for way in WAYS {
            shown(&app, get(way)).await;
        }
        let body = json!({"full_name": number.to_string()});
        let method = if number % 2 == 0 { Method::PUT } else { Method::PATCH };
        assert_eq!(app.send(json_request(method, "/users/1", body.to_string())).await.status, 200);
        for way in WAYS {
            assert_eq!(shown(&app, get(way)).await, number.to_string(), "{way}");
        }
    }
    assert_eq!(app.delete("/users/1").await.status, 204);
    app.get("/users/1").await.assert_problem(404, "user_not_found");
    for way in &WAYS[1..] {
        assert_eq!(app.listed(way).await, (vec![], 0), "{way}");
    }
}

async fn a_user_is_found_by_the_new_name_and_not_by_the_old(app: TestApp) {
    let app = caching(app).await;
    for way in WAYS {
        shown(&app, get(way)).await;
    }
    app.put("/users/1", json!({"username": "eve", "email": "eve@example.com"})).await;
    for way in &WAYS[1..] {
        assert_eq!(app.listed(way).await, (vec![], 0), "{way}");
    }
    for way in ["/users?username=eve", "/users?email=eve@example.com"] {
        assert_eq!(app.listed(way).await, (vec!["eve".to_owned()], 1), "{way}");
    }
    // The names that are free are somebody else's from here on.
    app.user("ada").await;
    for way in &WAYS[1..] {
        assert_eq!(app.get(way).await.json()["users"][0]["user_id"], 2, "{way}");
    }
}

async fn a_request_may_go_past_what_is_kept(app: TestApp) {
    let app = caching(app).await;
    for way in WAYS {
        for directive in ["no-cache", "max-age=0", "no-store", "max-stale, No-Cache=\"x\"", "max-age=x"] {
            write_elsewhere(&app, "before").await;
            shown(&app, with("cache-control", "no-cache", get(way))).await;
            write_elsewhere(&app, "after").await;
            assert_eq!(shown(&app, get(way)).await, "before");
            assert_eq!(shown(&app, with("cache-control", "max-age=600", get(way))).await, "before");
            let expected = if directive == "no-store" { "before" } else { "after" };
            let request = with("cache-control", directive, get(way));
            assert_eq!(shown(&app, request).await, "after", "{way} {directive}");
            assert_eq!(shown(&app, get(way)).await, expected, "{way} {directive}: for those who come later");
        }
        let two_lines = with("cache-control", "no-cache", with("cache-control", "max-stale", get(way)));
        write_elsewhere(&app, "last").await;
        assert_eq!(shown(&app, two_lines).await, "last");
    }
}

async fn that_there_is_no_such_user_is_not_kept(app: TestApp) {
    let app = caching(app).await;
    for _ in 0..2 {
        app.get("/users/2").await.assert_problem(404, "user_not_found");
        assert_eq!(app.listed("/users?username=eve").await, (vec![], 0));
    }
    app.database.execute("insert into users (username, email) values ('eve', 'eve@example.com')").await;
    assert_eq!(app.get("/users/2").await.status, 200);
    assert_eq!(app.listed("/users?username=eve").await, (vec!["eve".to_owned()], 1));
}

async fn only_a_cached_answer_has_an_age(app: TestApp) {
    let app = caching(app).await;
    for way in WAYS {
        let (first, again) = (app.get(way).await, app.get(way).await);
        assert_eq!(first.header("age"), "");
        assert!(again.header("age").parse::<u64>().is_ok(), "{way}");
        let head = app.send(request(Method::HEAD, way)).await;
        assert!(head.header("age").parse::<u64>().is_ok(), "{way}");
        assert_eq!(first.body, again.body);
        assert_eq!(first.header("etag"), again.header("etag"));
        assert_eq!(again.header("cache-control"), "no-store");
    }
    assert_eq!(app.get("/users?username=ada&page=2").await.json()["total"], 1);
    for path in ["/users", "/users/9"] {
        for _ in 0..2 {
            assert_eq!(app.get(path).await.header("age"), "", "{path}");
        }
    }
}

async fn a_state_that_the_client_has_is_not_sent_again(app: TestApp) {
    let app = caching(app).await;
    let tag = app.get("/users/1").await.header("etag").to_owned();
    let kept = app.send(with("if-none-match", &tag, get("/users/1"))).await;
    assert_eq!((kept.status.as_u16(), kept.header("etag")), (304, &*tag));
    assert!(!kept.header("age").is_empty());
}

async fn a_condition_is_compared_with_the_row(app: TestApp) {
    let app = caching(app).await;
    let tag = app.get("/users/1").await.header("etag").to_owned();
    write_elsewhere(&app, "Countess").await;
    assert_eq!(app.get("/users/1").await.header("etag"), tag);
    for body in [json!({}), json!({"full_name": "Ada"})] {
        let change = json_request(Method::PUT, "/users/1", body.to_string());
        app.send(with("if-match", &tag, change)).await.assert_problem(412, "changed_meanwhile");
    }
    let delete = with("if-match", &tag, request(Method::DELETE, "/users/1"));
    app.send(delete).await.assert_problem(412, "changed_meanwhile");
    let changed = app.put("/users/1", json!({})).await;
    assert_eq!(changed.json()["full_name"], "Countess", "what a change answers is read");
}

async fn without_the_setting_nothing_is_kept(app: TestApp) {
    app.user("ada").await;
    for way in WAYS {
        for full_name in ["one", "two"] {
            write_elsewhere(&app, full_name).await;
            assert_eq!(shown(&app, get(way)).await, full_name);
            assert_eq!(app.get(way).await.header("age"), "");
        }
    }
}

/// One writer counts; what it has been told is written is the least that a reader who begins later may see.
async fn of_readers_and_writers_at_once_everybody_sees_what_has_been_answered(app: TestApp) {
    use std::sync::atomic::{AtomicU64, Ordering};
    let app = Arc::new(caching(app).await);
    let answered = Arc::new(AtomicU64::new(0));
    app.put("/users/1", json!({"full_name": "0"})).await;
    let mut readers = JoinSet::new();
    for number in 0..12 {
        let (app, answered) = (Arc::clone(&app), Arc::clone(&answered));
        readers.spawn(async move {
            while answered.load(Ordering::SeqCst) < 100 {
                let least = answered.load(Ordering::SeqCst);
                let seen: u64 = shown(&app, get(WAYS[number % 4])).await.parse().unwrap();
                assert!(seen >= least, "{seen} was read after {least} had been written");
                tokio::task::yield_now().await;
            }
        });
    }
    for number in 1..=100 {
        let written = app.put("/users/1", json!({"full_name": number.to_string()})).await;
        assert_eq!(written.status, 200, "{}", written.text());
        answered.store(number, Ordering::SeqCst);
    }
    while let Some(reader) = readers.join_next().await {
        reader.unwrap();
    }
}

#[tokio::test]
async fn a_thousand_misses_for_one_user_are_one_statement() {
    let schema = MysqlSchema::migrated().await;
    let tap = Wiretap::on(&schema.application()).await;
    let credentials = Credentials::Fixed(tap.login.clone());
    let mysql = config::Database::Mysql(Mysql { credentials, tls: Tls::Off, pool_size: 8 });
    let database = Database::open(mysql, ALL).await.unwrap();
    let mut state = AppState::new(database, Arc::new(SystemClock));
    state.user_cache = Some(cache());
    let service = router(state);
    let body = json!({"username": "ada", "email": "ada@example.com"}).to_string();
    assert_eq!(answer(&service, json_request(Method::POST, "/users", body)).await.status, 201);
    for way in ["/users/1", "/users?username=ada", "/users?email=ada@example.com"] {
        tap.take();
        let mut readers = JoinSet::new();
        for _ in 0..1000 {
            let service = service.clone();
            readers.spawn(async move { answer(&service, get(way)).await.text().to_owned() });
        }
        let answers = readers.join_all().await;
        assert!(answers.iter().all(|text| text.contains("ada@example.com")), "{way}");
        let executed = tap.take().commands.iter().filter(|command| **command == "execute").count();
        assert_eq!(executed, 1, "{way}");
    }
}

#[tokio::test]
async fn a_page_of_another_origin_may_ask_for_a_fresh_answer_and_read_its_age() {
    let origin = || vec!["https://app.example".parse().unwrap()];
    for keeps in [true, false] {
        let app = TestApp::on_sqlite().await.configured(|state| {
            state.cors_origins = origin();
            state.user_cache = keeps.then(cache);
        });
        let preflight = with("origin", "https://app.example", request(Method::OPTIONS, "/users/1"));
        let preflight = with("access-control-request-method", "GET", preflight);
        let app = app.await;
        let allowed = app.send(preflight).await;
        assert_eq!(allowed.header("access-control-allow-headers").contains("cache-control"), keeps);
        let exposed = app.send(with("origin", "https://app.example", get("/users"))).await;
        assert_eq!(exposed.header("access-control-expose-headers").contains(",age"), keeps);
    }
}

#[tokio::test]
async fn who_calls_and_what_they_may_do_is_read_for_every_request() {
    let app = AccountsApp::on_sqlite().await;
    let config = app.database.config();
    let mut state = app.state_through(config).await;
    let kept = cache();
    state.user_cache = Some(kept);
    let service = router(state);
    let root = app.root().await;
    let ada = app.person("ada", &["users:read"]).await;
    let own = || ada.request(Method::GET, "/users/me", None);
    for is_kept in [false, true] {
        let shown = answer(&service, own()).await;
        assert_eq!((shown.status.as_u16(), !shown.header("age").is_empty()), (200, is_kept));
    }
    // By another process, of which this one hears nothing.
    assert!(root.patch(&ada.path("/account"), json!({"status": "disabled"})).await.status.is_success());
    answer(&service, own()).await.assert_problem(401, "session_ended");
}
