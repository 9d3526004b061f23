//! Targets of requests: every path and every query is answered with what it asks for or with a problem.
#![no_main]

use axum::body::Body;
use axum::http::{Method, Request, Uri};
use libfuzzer_sys::fuzz_target;
use users_service_fuzz::{begin, send};

fuzz_target!(|target: &str| {
    let Ok(uri) = target.parse::<Uri>() else { return };
    for method in [Method::GET, Method::HEAD, Method::PUT, Method::DELETE] {
        begin();
        let request = Request::builder().method(&method).uri(&uri).body(Body::empty());
        let answer = send(request.expect("the target is one"));
        assert!(matches!(answer.status, 200 | 204 | 404 | 405 | 415 | 422), "{answer:?}");
        let path = uri.path().trim_end_matches('/');
        if method == Method::GET && path == "/users" {
            list(&answer);
        }
        // There is no other user.
        if method == Method::DELETE && answer.status == 204 {
            assert_eq!(path, path_of_the_user(path), "{answer:?}");
        }
    }
});

fn list(answer: &users_service_fuzz::Answer) {
    assert!(matches!(answer.status, 200 | 422), "{answer:?}");
    if answer.status == 200 {
        let list = answer.json();
        let size = list["page_size"].as_u64();
        assert!(size.is_some_and(|size| (1..=100).contains(&size)), "{answer:?}");
        let shown = list["users"].as_array().map_or(0, Vec::len) as u64;
        assert!(Some(shown) <= size, "{answer:?}");
        // A page of a walk has no number, and a total only if that was asked for.
        if let Some(page) = list["page"].as_u64() {
            assert!(page >= 1 && Some(shown) <= list["total"].as_u64(), "{answer:?}");
        }
    }
}

/// `/users/1`, in whatever spelling of percent-encoding it came.
fn path_of_the_user(path: &str) -> &str {
    if path.ends_with("/1") || path.to_ascii_lowercase().ends_with("/%31") { path } else { "/users/1" }
}
