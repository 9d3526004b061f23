//! Answers with one user: each carries the user's entity tag.

use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::User;
use super::representation::Representation;
use crate::http::IfNoneMatch;

/// 200, the user.
pub(super) fn ok(user: User) -> Response {
    ok_or_not_modified(user, &IfNoneMatch::NOTHING)
}

/// The same, or 304 if the client has this state of the user.
pub(super) fn ok_or_not_modified(user: User, known: &IfNoneMatch) -> Response {
    let representation = Representation::of(user);
    let tag = representation.etag();
    let is_known = known.has(&tag);
    let json = HeaderValue::from_static("application/json");
    let headers = [(header::CONTENT_TYPE, json), (header::ETAG, tag.into_header())];
    let answer = (headers, Body::from(representation.into_json())).into_response();
    if is_known { not_modified(answer) } else { answer }
}

/// The same answer, which tells how long ago what is in it was read, if it was kept (RFC 9111 section 5.1).
pub(super) fn with_age(answer: impl IntoResponse, age: Option<Duration>) -> Response {
    let mut answer = answer.into_response();
    if let Some(age) = age {
        answer.headers_mut().insert(header::AGE, HeaderValue::from(age.as_secs()));
    }
    answer
}

/// 201, the new user.
pub(crate) fn created(user: User) -> Response {
    let location = format!("/users/{}", user.id);
    (StatusCode::CREATED, [(header::LOCATION, location)], ok(user)).into_response()
}

/// 304 in place of an answer. Its length is that of the answer (RFC 9110 section 8.6), or else axum would say that it is 0.
fn not_modified(mut answer: Response) -> Response {
    if let Some(length) = answer.body().size_hint().exact() {
        answer.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    answer.headers_mut().remove(header::CONTENT_TYPE);
    *answer.status_mut() = StatusCode::NOT_MODIFIED;
    *answer.body_mut() = Body::empty();
    answer
}
