//! Cursors whose code is right: with `ACCESS=open` there is no key, so that whoever wants to can make one. Any place in a list is
//! a place, after which come the users that belong there, or is refused.
#![no_main]

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use axum::body::Body;
use axum::http::{Method, Request, header};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use users_service_fuzz::{Answer, send};

const SORTS: [&str; 8] =
    ["user_id", "-user_id", "created_at", "-created_at", "username", "-username", "email", "-email"];
/// What comes before the place: a version, the order, and a hash of the filters.
const HEAD_SIZE: usize = 10;
const CODE_SIZE: usize = 16;

/// A cursor of each order, which the service made.
static GENUINE: LazyLock<[Vec<u8>; 8]> = LazyLock::new(|| {
    for name in ["second", "Third"] {
        let user = json!({"username": name, "email": format!("{name}@example.com")}).to_string();
        let request = Request::builder().method(Method::POST).uri("/users");
        let request = request.header(header::CONTENT_TYPE, "application/json").body(Body::from(user));
        assert_eq!(send(request.expect("a request")).status, 201);
    }
    SORTS.map(|sort| {
        let next = page(sort, "", 1).json()["next"].as_str().expect("a cursor").to_owned();
        BASE64URL.decode(next).expect("base64url")
    })
});

fuzz_target!(|input: &[u8]| {
    let Some((&order, place)) = input.split_first() else { return };
    let order = usize::from(order) % (SORTS.len() + 1);
    let Some((genuine, sort)) = GENUINE.get(order).zip(SORTS.get(order)) else {
        // Any octets before the place as well.
        assert_page(&page("user_id", &cursor(place), 10), "user_id");
        return;
    };
    let (message, _) = genuine.split_at(genuine.len() - CODE_SIZE);
    assert_eq!(BASE64URL.encode(genuine), cursor(message), "the code is another one");
    assert_page(&page(sort, &cursor(&[&message[..HEAD_SIZE], place].concat()), 10), sort);
});

/// The cursor with this message.
fn cursor(message: &[u8]) -> String {
    let code = digest(&SHA256, message);
    BASE64URL.encode([message, &code.as_ref()[..CODE_SIZE]].concat())
}

fn page(sort: &str, after: &str, size: u32) -> Answer {
    let uri = format!("/users?sort={sort}&page_size={size}&after={after}");
    send(Request::builder().uri(uri).body(Body::empty()).expect("base64url needs no escape"))
}

/// A page is of users in order, or a refusal of the cursor.
fn assert_page(answer: &Answer, sort: &str) {
    let body = answer.json();
    if answer.status == 422 {
        let code = body["errors"][0]["code"].as_str();
        assert!(matches!(code, Some("invalid_cursor" | "cursor_mismatch")), "{answer:?}");
        return;
    }
    assert_eq!(answer.status, 200, "{answer:?}");
    let field = sort.trim_start_matches('-');
    let keys = body["users"].as_array().expect("a list").iter().map(|user| key(&user[field]));
    let mut keys: Vec<_> = keys.collect();
    if sort.starts_with('-') {
        keys.reverse();
    }
    assert!(keys.len() <= 3 && keys.is_sorted(), "{answer:?}");
}

/// What users are compared by, ignoring case.
fn key(value: &Value) -> (Option<u64>, String) {
    (value.as_u64(), value.as_str().unwrap_or_default().to_ascii_lowercase())
}
