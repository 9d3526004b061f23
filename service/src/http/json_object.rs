//! A request body that is a JSON object, read field by field so that every fault is reported at once.

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, HeaderValue, header};
use serde_json::{Map, Value};

use super::problem::{malformed_json, unsupported_media_type};
use super::{Problem, body};
use crate::field::{Change, FieldError, Invalid};

/// The fields of a JSON object.
#[derive(Debug)]
pub struct JsonObject(Map<String, Value>);

impl JsonObject {
    /// The fields, to be taken one by one.
    #[must_use]
    pub fn into_fields(self) -> Fields {
        Fields { object: self.0, errors: Vec::new() }
    }
}

impl<S: Send + Sync> FromRequest<S> for JsonObject {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        require_json(request.headers())?;
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

/// `application/json`, or a type that says it is JSON by its suffix (RFC 6839), not compressed.
fn require_json(headers: &HeaderMap) -> Result<(), Problem> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_json = content_type.and_then(|value| value.parse::<mime::Mime>().ok()).is_some_and(|mime| {
        mime.type_() == mime::APPLICATION
            && (mime.subtype() == mime::JSON || mime.suffix() == Some(mime::JSON))
    });
    let is_plain = headers.get(header::CONTENT_ENCODING).is_none_or(is_identity);
    if is_json && is_plain {
        return Ok(());
    }
    Err(unsupported_media_type())
}

fn is_identity(coding: &HeaderValue) -> bool {
    coding.as_bytes().eq_ignore_ascii_case(b"identity")
}

/// The fields of an object and the faults that were found in them so far.
#[derive(Debug)]
pub struct Fields {
    object: Map<String, Value>,
    errors: Vec<FieldError>,
}

impl Fields {
    /// A field that must be there; `None` if it was at fault.
    pub fn required<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, Invalid>,
    ) -> Option<T> {
        if self.object.contains_key(name) {
            return self.optional(name, parse);
        }
        self.errors.push(Invalid::new("missing", "is required").at(name));
        None
    }

    /// A field that may be left out but not be `null`.
    pub fn optional<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, Invalid>,
    ) -> Option<T> {
        if self.object.get(name).is_some_and(Value::is_null) {
            self.errors.push(Invalid::new("null", "must not be null").at(name));
            return None;
        }
        self.nullable(name, parse).into_value()
    }

    /// A field that may be left out or be `null`.
    pub fn nullable<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, Invalid>,
    ) -> Change<T> {
        let parsed = match self.object.get(name) {
            None => return Change::Keep,
            Some(Value::Null) => return Change::Clear,
            Some(Value::String(text)) => parse(text),
            Some(_) => Err(Invalid::new("wrong_type", "must be a string")),
        };
        parsed.map_or_else(
            |invalid| {
                self.errors.push(invalid.at(name));
                Change::Keep
            },
            Change::Set,
        )
    }

    /// The faults, in the order in which the fields were taken.
    #[must_use]
    pub fn into_errors(self) -> Vec<FieldError> {
        self.errors
    }
}
