//! The page that shows the API, and what browsers need not load again.

use axum::http::{HeaderValue, Method, StatusCode};

use crate::harness::test_app::{Answer, TestApp, request};

const PARTS: [&str; 5] =
    ["favicon-32x32.png", "page.css", "page.js", "swagger-ui-bundle.js", "swagger-ui.css"];
const DOCUMENTS: [&str; 2] = ["/openapi.json", "/openapi-3.0.json"];

/// What a browser gets that sends these headers.
async fn get(app: &TestApp, path: &str, headers: &[(&'static str, &str)]) -> Answer {
    let mut request = request(Method::GET, path);
    for (name, value) in headers {
        request.headers_mut().insert(*name, HeaderValue::from_str(value).unwrap());
    }
    app.send(request).await
}

/// The URLs that the page names.
async fn named(app: &TestApp) -> Vec<String> {
    let page = app.get("/docs").await;
    let urls = page.text().split('"').filter(|part| part.starts_with("/docs/"));
    urls.map(str::to_owned).collect()
}

#[tokio::test]
async fn it_has_a_title_and_fits_a_phone() {
    let app = TestApp::on_sqlite().await;
    let page = app.get("/docs").await;
    assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "text/html; charset=utf-8"));
    for part in [
        "<title>Users Service API</title>",
        r#"<meta name="viewport" content="width=device-width, initial-scale=1">"#,
    ] {
        assert!(page.text().contains(part), "{}", page.text());
    }
    assert_eq!(app.get("/docs/").await.text(), page.text());
}

#[tokio::test]
async fn it_comes_from_the_executable_alone() {
    let app = TestApp::on_sqlite().await;
    let html = app.get("/docs").await;
    assert!(!html.text().contains("//"), "{}", html.text());
    let mut parts = named(&app).await;
    parts.sort_unstable();
    let names: Vec<_> =
        parts.iter().map(|url| url.strip_prefix("/docs/").unwrap().split_once("?v=").unwrap().0).collect();
    assert_eq!(names, PARTS);
    for url in parts {
        let answer = app.get(&url).await;
        assert_eq!(answer.status, 200, "{url}");
        assert!(!answer.body.is_empty(), "{url}");
    }
}

#[tokio::test]
async fn its_policy_lets_nothing_in_from_elsewhere() {
    let app = TestApp::on_sqlite().await;
    for path in ["/docs", "/docs/page.js"] {
        let answer = app.get(path).await;
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; "), "{path}: {policy}");
        assert!(policy.ends_with("frame-ancestors 'none'"), "{path}: {policy}");
    }
}

#[tokio::test]
async fn a_part_is_kept_for_a_year_if_the_url_names_its_version() {
    let app = TestApp::on_sqlite().await;
    for url in named(&app).await {
        assert_eq!(
            app.get(&url).await.header("cache-control"),
            "public, max-age=31536000, immutable",
            "{url}"
        );
        let (part, _) = url.split_once('?').unwrap();
        for other in [part.to_owned(), format!("{part}?v=older")] {
            assert_eq!(app.get(&other).await.header("cache-control"), "no-cache", "{other}");
        }
    }
}

#[tokio::test]
async fn what_a_browser_has_is_not_sent_again() {
    let app = TestApp::on_sqlite().await;
    let parts = PARTS.map(|part| format!("/docs/{part}"));
    for path in ["/docs"].into_iter().chain(DOCUMENTS).chain(parts.iter().map(String::as_str)) {
        for coding in ["identity", "gzip"] {
            let first = get(&app, path, &[("accept-encoding", coding)]).await;
            assert_eq!(first.header("cache-control"), "no-cache", "{path}");
            let etag = first.header("etag");
            assert!(etag.starts_with('"') && etag.len() > 16, "{path}: {etag}");
            let again = get(&app, path, &[("accept-encoding", coding), ("if-none-match", etag)]).await;
            assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0), "{path}");
            for name in ["etag", "cache-control", "vary"] {
                assert_eq!(again.header(name), first.header(name), "{path}: {name}");
            }
            let other = get(&app, path, &[("accept-encoding", coding), ("if-none-match", "\"other\"")]).await;
            assert_eq!((other.status, other.body), (StatusCode::OK, first.body.clone()), "{path}");
        }
    }
}

#[tokio::test]
async fn what_is_large_is_sent_compressed_to_those_who_take_that() {
    let app = TestApp::on_sqlite().await;
    let mut loaded = 0;
    for path in named(&app).await.iter().map(String::as_str).chain(["/docs", "/openapi.json"]) {
        let plain = app.get(path).await;
        let compressed = get(&app, path, &[("accept-encoding", "gzip, deflate, br")]).await;
        assert_eq!((plain.header("content-encoding"), compressed.header("content-encoding")), ("", "gzip"));
        assert_eq!((plain.header("vary"), compressed.header("vary")), ("accept-encoding", "accept-encoding"));
        assert_ne!(plain.header("etag"), compressed.header("etag"), "{path}");
        assert_eq!(compressed.body[..2], [0x1f, 0x8b], "{path}");
        loaded += compressed.body.len();
    }
    assert!(loaded < 500_000, "a first visit loads {loaded} octets");
}

#[tokio::test]
async fn there_is_nothing_else() {
    let app = TestApp::on_sqlite().await;
    for path in ["/docs/nothing.js", "/docs/index.html", "/docs/swagger-ui-es-bundle.js", "/docs/page.js/x"] {
        app.get(path).await.assert_problem(404, "route_not_found");
    }
}
