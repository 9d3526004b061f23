//! Bodies of POST and PUT: each is carried out or refused with a problem, and what is stored is shown as it was taken.
#![no_main]

use axum::body::Body;
use axum::http::{Method, Request, header};
use libfuzzer_sys::fuzz_target;
use users_service_fuzz::{Answer, begin, send};

fuzz_target!(|body: &[u8]| {
    begin();
    let created = send(request(Method::POST, "/users", body));
    assert!(matches!(created.status, 201 | 400 | 409 | 413 | 422), "{created:?}");
    if created.status == 201 {
        assert_eq!(created.header("location"), "/users/2");
        assert_eq!(send(request(Method::GET, "/users/2", b"")).body, created.body);
        let again = send(request(Method::POST, "/users", body));
        assert_eq!(again.status, 409, "{again:?}");
        put_what_was_shown(&created);
    }
    let changed = send(request(Method::PUT, "/users/1", body));
    assert!(matches!(changed.status, 200 | 400 | 409 | 413 | 422), "{changed:?}");
    assert_eq!(changed.status == 400, created.status == 400, "{created:?} {changed:?}");
    if changed.status == 200 {
        assert_eq!(send(request(Method::GET, "/users/1", b"")).body, changed.body);
        put_what_was_shown(&changed);
    }
});

/// An answer is a body too: sent back, it changes nothing.
fn put_what_was_shown(shown: &Answer) {
    let path = format!("/users/{}", shown.json()["user_id"]);
    let kept = send(request(Method::PUT, &path, shown.body.as_bytes()));
    assert_eq!((kept.status, &kept.body), (200, &shown.body));
}

fn request(method: Method, path: &str, body: &[u8]) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_vec()))
        .expect("the path is a path")
}
