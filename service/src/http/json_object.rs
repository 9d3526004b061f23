//! A request body that is a JSON object.

use std::fmt;

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, HeaderValue, header};
use serde_json::{Map, Value};

use super::fields::{Fields, wipe};
use super::problem::{malformed_json, unsupported_media_type};
use super::{Problem, body};
use crate::field::{FieldError, Invalid, unless_invalid};

/// The members of a JSON object.
pub struct JsonObject(Map<String, Value>);

impl Drop for JsonObject {
    fn drop(&mut self) {
        self.0.values_mut().for_each(wipe);
    }
}

/// Without the members: one may be a password.
impl fmt::Debug for JsonObject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "JsonObject([{} members])", self.0.len())
    }
}

impl JsonObject {
    /// What a function makes of the fields, unless one is invalid.
    ///
    /// # Errors
    /// All errors, in the order in which the fields were read.
    pub fn read<T>(mut self, read: impl FnOnce(&mut Fields<'_>) -> Option<T>) -> Result<T, Vec<FieldError>> {
        let mut errors = Vec::new();
        let value = read(&mut Fields::of_body(std::mem::take(&mut self.0), &mut errors));
        unless_invalid(value, errors)
    }

    /// The body of a request, whatever its type says.
    pub(super) async fn receive(request: Request) -> Result<Self, Problem> {
        let body = body::read(request.into_body()).await?;
        match serde_json::from_slice(body.as_ref()) {
            Ok(Value::Object(object)) => Ok(Self(object)),
            Ok(_) => {
                Err(Problem::invalid(vec![Invalid::new("wrong_type", "must be a JSON object").at("body")]))
            }
            Err(error) => Err(malformed_json(error.line(), error.column())),
        }
    }
}

impl<S: Send + Sync> FromRequest<S> for JsonObject {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        require_json(request.headers())?;
        Self::receive(request).await
    }
}

/// `application/json`, or a type that says it is JSON by its suffix (RFC 6839), not compressed.
fn require_json(headers: &HeaderMap) -> Result<(), Problem> {
    let is_json = content_type(headers).is_some_and(|mime| {
        mime.type_() == mime::APPLICATION
            && (mime.subtype() == mime::JSON || mime.suffix() == Some(mime::JSON))
    });
    if is_json && is_plain(headers) { Ok(()) } else { Err(unsupported_media_type()) }
}

pub(super) fn content_type(headers: &HeaderMap) -> Option<mime::Mime> {
    headers.get(header::CONTENT_TYPE)?.to_str().ok()?.parse().ok()
}

/// Whether the body is not compressed.
pub(super) fn is_plain(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_ENCODING).is_none_or(is_identity)
}

fn is_identity(coding: &HeaderValue) -> bool {
    coding.as_bytes().eq_ignore_ascii_case(b"identity")
}
