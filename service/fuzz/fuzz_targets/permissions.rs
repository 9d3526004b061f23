//! The permissions of a role, a line for each: a role has those that were sent if each has the form, or else each that has not is
//! named.
#![no_main]

use std::collections::BTreeSet;

use axum::http::Method;
use libfuzzer_sys::fuzz_target;
use serde_json::json;
use users_service_fuzz::accounts::{request, send_signed_in};

const ROLE: &str = "/roles/fuzzed";
/// As many as a refusal lists.
const MAX_ERRORS: usize = 100;

fuzz_target!(|text: &str| {
    let lines: Vec<&str> = text.split('\n').collect();
    let body = json!({"description": "", "permissions": lines});
    let answer = send_signed_in(request(Method::PUT, ROLE, Some(&body)));
    let at_fault: Vec<String> =
        lines.iter().enumerate().filter(|(_, line)| !is_permission(line)).map(field).collect();
    if at_fault.is_empty() {
        assert_eq!(answer.status, 201, "{answer:?}");
        let permissions: BTreeSet<&str> = lines.into_iter().collect();
        let role = json!({"role": "fuzzed", "description": "", "permissions": permissions});
        assert_eq!(answer.json(), role);
        assert_eq!(send_signed_in(request(Method::GET, ROLE, None)).json(), role);
        assert_eq!(send_signed_in(request(Method::DELETE, ROLE, None)).status, 204);
    } else {
        assert_eq!(answer.status, 422, "{answer:?}");
        let errors = answer.json()["errors"].as_array().cloned().unwrap_or_default();
        let named: Vec<&str> = errors.iter().filter_map(|error| error["field"].as_str()).collect();
        assert_eq!(named, at_fault[..at_fault.len().min(MAX_ERRORS)], "{answer:?}");
        assert_eq!(send_signed_in(request(Method::GET, ROLE, None)).status, 404);
    }
});

fn field((place, _): (usize, &&str)) -> String {
    format!("permissions[{place}]")
}

/// `resource:action`, each of `[a-z0-9_.-]+`, of at most 100 characters in all.
fn is_permission(text: &str) -> bool {
    let words: Vec<&str> = text.split(':').collect();
    let is_word = |word: &&str| {
        !word.is_empty()
            && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_.-".contains(c))
    };
    words.len() == 2 && words.iter().all(is_word) && text.chars().count() <= 100
}
