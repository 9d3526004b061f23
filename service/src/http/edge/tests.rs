use std::fmt::Write as _;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{StatusCode, header};
use axum::response::AppendHeaders;
use axum::routing::get;
use tokio::time::sleep;
use tower::ServiceExt;
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context as LayerContext, SubscriberExt};

use super::*;
use crate::clock::monotonic;
use crate::http::request_id::X_REQUEST_ID;
use crate::request_context::with_request_id;

/// The messages of all events, each with the id of its request. The tests of this process share one global subscriber:
/// tracing caches whether a call site is enabled, so a call site that is first hit without a subscriber may stay disabled.
static LINES: LazyLock<Lines> = LazyLock::new(|| {
    let lines = Lines::default();
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(lines.clone())).unwrap();
    lines
});

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<(String, String)>>>);

impl<S: Subscriber> tracing_subscriber::Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: LayerContext<'_, S>) {
        let mut line = String::new();
        event.record(&mut |field: &tracing::field::Field, value: &dyn std::fmt::Debug| {
            if matches!(field.name(), "message" | "path" | "route" | "code") {
                let _ = write!(line, " {value:?}");
            }
        });
        let id = with_request_id(|id| id.unwrap_or("none").to_owned());
        self.0.lock().unwrap().push((id, line));
    }
}

impl Lines {
    fn of(&self, id: &str) -> Vec<String> {
        let lines = self.0.lock().unwrap();
        lines.iter().filter(|line| line.0 == id).map(|line| line.1.trim().to_owned()).collect()
    }
}

async fn with_cookies() -> impl IntoResponse {
    let headers =
        [(header::SET_COOKIE, "a=1"), (header::SET_COOKIE, "b=2"), (header::CACHE_CONTROL, "max-age=60")];
    AppendHeaders(headers)
}

async fn unauthorised() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "no_token", "Sign in")
        .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
        .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic"))
}

fn router() -> Router {
    let slow = async || sleep(Duration::from_mins(1)).await;
    Router::new()
        .route("/id", get(async || with_request_id(|id| id.map(str::to_owned)).unwrap_or_default()))
        .route("/slow/{name}", get(slow))
        .route("/cookies", get(with_cookies))
        .route("/unauthorised", get(unauthorised))
        .layer(EdgeLayer)
}

fn request(path: &str) -> Request {
    request_with_id(path, "some-id")
}

fn request_with_id(path: &str, id: &str) -> Request {
    Request::builder().uri(path).header("x-request-id", id).body(Body::empty()).unwrap()
}

async fn answer(request: Request) -> (StatusCode, header::HeaderMap, String) {
    let (head, body) = router().oneshot(request).await.unwrap().into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    (head.status, head.headers, String::from_utf8(body.into()).unwrap())
}

#[tokio::test]
async fn the_handler_sees_the_request_id_that_is_returned() {
    let (_, headers, body) = answer(request("/id")).await;
    assert_eq!((body.as_str(), headers[X_REQUEST_ID].as_bytes()), ("some-id", b"some-id".as_slice()));
}

#[tokio::test]
async fn a_request_that_runs_out_of_time_is_answered_with_its_own_id() {
    let lines = &*LINES;
    let mut request = request_with_id("/slow/x", "out-of-time");
    request.extensions_mut().insert(PlatformDeadline(monotonic() + Duration::from_millis(20)));
    let (status, headers, body) = answer(request).await;
    assert_eq!((status.as_u16(), headers[header::RETRY_AFTER].as_bytes()), (503, b"1".as_slice()));
    assert!(body.contains(r#""code":"out_of_time","request_id":"out-of-time""#), "{body}");
    assert_eq!(
        lines.of("out-of-time"),
        [
            "Request: GET /slow/x",
            "Service unavailable \"out_of_time\"",
            "Response: 503 Service Unavailable \"/slow/x\" \"/slow/{name}\"",
        ]
    );
}

#[tokio::test]
async fn a_request_whose_client_goes_away_leaves_a_line() {
    let lines = &*LINES;
    let request = request_with_id("/slow/x", "gone");
    let _ = tokio::time::timeout(Duration::from_millis(20), answer(request)).await;
    let last = lines.of("gone").pop().unwrap();
    assert_eq!(last, "The client closed the request before it was answered \"/slow/x\" \"/slow/{name}\"");
}

#[tokio::test]
async fn headers_that_a_handler_sets_are_kept() {
    let (_, headers, _) = answer(request("/cookies")).await;
    let cookies: Vec<_> = headers.get_all(header::SET_COOKIE).iter().collect();
    assert_eq!(cookies, ["a=1", "b=2"]);
    let caching: Vec<_> = headers.get_all(header::CACHE_CONTROL).iter().collect();
    assert_eq!(caching, ["max-age=60"]);
    assert_eq!(answer(request("/id")).await.1[header::CACHE_CONTROL], "no-store");
}

#[tokio::test]
async fn a_problem_may_have_headers() {
    let (status, headers, body) = answer(request("/unauthorised")).await;
    let schemes: Vec<_> = headers.get_all(header::WWW_AUTHENTICATE).iter().collect();
    assert_eq!(status, 401, "{body}");
    assert_eq!(schemes, ["Bearer", "Basic"]);
    assert_eq!(headers[header::CONTENT_TYPE], "application/problem+json");
}

#[tokio::test]
async fn dot_segments_and_long_targets_reach_no_route() {
    for path in ["/slow/..", "/slow/.", "/slow/%2e%2E", "/./id", "/x/../id", "/slow/..?a=b"] {
        let (status, _, body) = answer(request(path)).await;
        assert!(status == 404 && body.contains("route_not_found"), "{path}: {body}");
    }
    let (status, _, body) = answer(request(&format!("/id?{}", "x".repeat(32 << 10)))).await;
    assert!(status == 414 && body.contains("uri_too_long"), "{body}");
    for path in ["/id?../..", "/id?%2e"] {
        assert_eq!(answer(request(path)).await.0, 200, "{path}");
    }
}
