//! Merge patches of a user: the user becomes what RFC 7396 makes of what was shown, if `POST` would take that, or else stays.
#![no_main]

use std::sync::Once;

use axum::body::Body;
use axum::http::{Method, Request, header};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use users_service::users::{Email, FullName, Username};
use users_service_fuzz::{Answer, send};

const JSON: &str = "application/json";
const MERGE_PATCH: &str = "application/merge-patch+json";
const FIELDS: [&str; 3] = ["username", "email", "full_name"];
/// What another user has.
const TAKEN: (&str, &str) = ("second", "second@example.com");

static OTHER_USER: Once = Once::new();

/// A status, and the fields at fault.
type Refusal = (u16, Vec<String>);

fuzz_target!(|patch: &[u8]| {
    OTHER_USER.call_once(|| {
        let other = json!({"username": TAKEN.0, "email": TAKEN.1}).to_string();
        assert_eq!(ask(Method::POST, "/users", JSON, other.as_bytes()).status, 201);
    });
    // All of the user, so that nothing is left of the inputs before.
    let user = json!({"username": "first", "email": "first@example.com", "full_name": "First"});
    let before = change(Method::PUT, JSON, user.to_string().as_bytes());
    assert_eq!(before.status, 200, "{before:?}");
    // The type makes no difference, nor does it whether a patch is applied once or twice.
    let answers = [change(Method::PATCH, MERGE_PATCH, patch), change(Method::PATCH, JSON, patch)];
    let stored = ask(Method::GET, "/users/1", JSON, b"");
    match patched(&before.json(), patch) {
        Ok(user) => {
            assert_eq!(stored.json(), user);
            // PUT takes what comes of a patch, and leaves it so.
            for answer in answers.into_iter().chain([change(Method::PUT, JSON, stored.body.as_bytes())]) {
                assert_eq!((answer.status, &answer.body), (200, &stored.body), "{answer:?}");
                assert_eq!(answer.header("etag"), stored.header("etag"));
            }
        }
        Err(refusal) => {
            assert_eq!(stored.body, before.body, "a refused patch has changed something");
            for answer in answers {
                assert_eq!(refused(&answer), refusal, "{answer:?}");
            }
        }
    }
});

/// What a user becomes by a patch.
fn patched(before: &Value, patch: &[u8]) -> Result<Value, Refusal> {
    let patch: Value = serde_json::from_slice(patch).map_err(|_| (400, Vec::new()))?;
    if !patch.is_object() {
        return Err((422, vec!["body".to_owned()]));
    }
    let mut after = before.clone();
    merge(&mut after, &patch);
    let username = after["username"].as_str().and_then(|text| Username::parse(text).ok());
    let email = after["email"].as_str().and_then(|text| Email::parse(text).ok());
    let full_name = match &after["full_name"] {
        Value::Null => Some(None),
        name => name.as_str().and_then(|text| FullName::parse(text).ok()).map(Some),
    };
    let faults = [username.is_none(), email.is_none(), full_name.is_none()];
    let (Some(username), Some(email), Some(full_name)) = (username, email, full_name) else {
        return Err((422, at_fault(faults)));
    };
    let (username, email) = (username.as_str(), email.as_str());
    let taken = [username.eq_ignore_ascii_case(TAKEN.0), email.eq_ignore_ascii_case(TAKEN.1), false];
    if taken.contains(&true) {
        return Err((409, at_fault(taken)));
    }
    Ok(json!({
        "user_id": before["user_id"], "username": username, "email": email,
        "full_name": full_name.map(FullName::into_string), "created_at": before["created_at"],
    }))
}

/// `MergePatch` of RFC 7396 section 2.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(members) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (name, value) in members {
        if value.is_null() {
            target.as_object_mut().expect("an object").remove(name);
        } else {
            merge(&mut target[name.as_str()], value);
        }
    }
}

fn at_fault(marks: [bool; 3]) -> Vec<String> {
    FIELDS.iter().zip(marks).filter(|(_, mark)| *mark).map(|(field, _)| (*field).to_owned()).collect()
}

fn refused(answer: &Answer) -> Refusal {
    let errors = answer.json()["errors"].as_array().cloned().unwrap_or_default();
    let field = |error: &Value| error["field"].as_str().expect("an error names its field").to_owned();
    (answer.status, errors.iter().map(field).collect())
}

fn change(method: Method, content_type: &str, body: &[u8]) -> Answer {
    ask(method, "/users/1", content_type, body)
}

fn ask(method: Method, path: &str, content_type: &str, body: &[u8]) -> Answer {
    let request = Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, content_type);
    send(request.body(Body::from(body.to_vec())).expect("the path is a path"))
}
