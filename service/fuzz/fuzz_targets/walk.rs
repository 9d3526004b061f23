//! Walks through the list of users: filters, orders and cursors are answered with users or with what is wrong with them.
#![no_main]

use axum::body::Body;
use axum::http::{Method, Request, Uri};
use libfuzzer_sys::fuzz_target;
use users_service_fuzz::{begin, send};

fuzz_target!(|query: &str| {
    let Ok(uri) = format!("/users?after=&{query}").parse::<Uri>() else { return };
    begin();
    let request = Request::builder().method(Method::GET).uri(&uri).body(Body::empty());
    let answer = send(request.expect("the target is one"));
    assert!(matches!(answer.status, 200 | 422), "{answer:?}");
    if answer.status == 200 {
        let list = answer.json();
        assert!(list["page"].is_null(), "{answer:?}");
        // There is one user: nobody comes after.
        assert!(list["next"].is_null(), "{answer:?}");
        assert!(list["users"].as_array().is_some_and(|users| users.len() <= 1), "{answer:?}");
    }
});
