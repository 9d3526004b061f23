//! The limit of requests in a process, over HTTP.

use axum::Router;
use axum::body::Body;
use axum::http::{Extensions, Request};
use axum::routing::get;
use tower::{Layer, ServiceExt};
use users_service::app::Service;
use users_service::http::{EdgeLayer, Peer};
use users_service::limits::{Rate, RequestLimit, RequestLimitLayer};

use crate::harness::test_app::{Answer, answer};

/// The user of a token, as an extension.
#[derive(Clone, Copy)]
struct User(u32);

fn user(extensions: &Extensions) -> Option<u32> {
    extensions.get().map(|&User(id)| id)
}

/// Two routes behind one limit of three requests a minute.
fn service() -> Service {
    let limit = RequestLimit::new(Rate::a_minute(3).unwrap().named("requests"));
    let trusted = "10.0.0.0/8".parse().unwrap();
    let router = Router::new()
        .route("/one", get(async || "one"))
        .route("/two", get(async || "two"))
        .route_layer(RequestLimitLayer::new(limit, trusted, user))
        .layer(EdgeLayer);
    tower_http::normalize_path::NormalizePathLayer::trim_trailing_slash().layer(router)
}

/// A request of somebody.
struct From<'a> {
    peer: &'a str,
    forwarded_for: &'a str,
    user: Option<u32>,
}

const CLIENT: From<'static> = From { peer: "192.0.2.60", forwarded_for: "", user: None };

async fn ask(service: &Service, path: &str, from: &From<'_>) -> Answer {
    let mut request =
        Request::get(path).header("x-forwarded-for", from.forwarded_for).body(Body::empty()).unwrap();
    request.extensions_mut().insert(Peer(from.peer.parse().unwrap()));
    if let Some(id) = from.user {
        request.extensions_mut().insert(User(id));
    }
    answer(service, request).await
}

/// Uses up somebody's requests.
async fn exhaust(service: &Service, from: &From<'_>) {
    for _ in 0..3 {
        assert_eq!(ask(service, "/one", from).await.status, 200);
    }
    assert_eq!(ask(service, "/one", from).await.status, 429);
}

#[tokio::test]
async fn past_the_limit_a_request_is_refused_and_told_when_to_come_again() {
    let service = service();
    exhaust(&service, &CLIENT).await;
    let refused = ask(&service, "/one", &CLIENT).await;
    refused.assert_problem(429, "too_many_requests");
    assert_eq!(refused.header("retry-after"), "20");
    assert_eq!(refused.header("ratelimit-policy"), r#""requests";q=3;w=60"#);
    assert_eq!(refused.header("ratelimit"), r#""requests";r=0;t=20"#);
}

#[tokio::test]
async fn all_routes_share_the_limit() {
    let service = service();
    exhaust(&service, &CLIENT).await;
    assert_eq!(ask(&service, "/two", &CLIENT).await.status, 429);
}

#[tokio::test]
async fn what_is_allowed_is_answered_as_ever() {
    let allowed = ask(&service(), "/two", &CLIENT).await;
    assert_eq!((allowed.status.as_u16(), allowed.text()), (200, "two"));
    assert!(!allowed.headers.keys().any(|name| name.as_str().starts_with("ratelimit")), "{allowed:?}");
}

#[tokio::test]
async fn a_user_is_counted_wherever_the_requests_come_from() {
    let service = service();
    exhaust(&service, &From { user: Some(1), ..CLIENT }).await;
    assert_eq!(
        ask(&service, "/one", &From { user: Some(1), peer: "192.0.2.61", ..CLIENT }).await.status,
        429
    );
    assert_eq!(ask(&service, "/one", &From { user: Some(2), ..CLIENT }).await.status, 200);
    assert_eq!(ask(&service, "/one", &CLIENT).await.status, 200);
}

#[tokio::test]
async fn a_client_is_counted_by_its_own_address_behind_a_proxy() {
    let service = service();
    let behind = |forwarded_for| From { peer: "10.0.0.1", forwarded_for, user: None };
    exhaust(&service, &behind("192.0.2.60")).await;
    assert_eq!(ask(&service, "/one", &behind("6.6.6.6, 192.0.2.60")).await.status, 429);
    assert_eq!(ask(&service, "/one", &CLIENT).await.status, 429);
    assert_eq!(ask(&service, "/one", &behind("192.0.2.61")).await.status, 200);
}

#[tokio::test]
async fn another_address_of_the_same_network_is_the_same_client() {
    let service = service();
    exhaust(&service, &From { peer: "2001:db8:1:2::1", ..CLIENT }).await;
    assert_eq!(ask(&service, "/one", &From { peer: "2001:db8:1:2:9::9", ..CLIENT }).await.status, 429);
    assert_eq!(ask(&service, "/one", &From { peer: "2001:db8:1:3::1", ..CLIENT }).await.status, 200);
}

#[tokio::test]
async fn of_requests_at_once_exactly_the_amount_is_allowed() {
    let service = service();
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let mut request = Request::get("/one").body(Body::empty()).unwrap();
        request.extensions_mut().insert(Peer("192.0.2.60".parse().unwrap()));
        requests.spawn(service.clone().oneshot(request));
    }
    let statuses = requests.join_all().await.into_iter().map(|answer| answer.unwrap().status().as_u16());
    assert_eq!(statuses.filter(|status| *status == 200).count(), 3);
}
