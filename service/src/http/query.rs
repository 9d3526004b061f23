//! The query string, read parameter by parameter so that all errors are reported together.

use std::collections::HashMap;
use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use url::form_urlencoded;

use crate::field::{FieldError, Invalid, unless_invalid};

/// The parameters of a query string. The last of a repeated one counts; unknown ones are ignored.
#[derive(Debug)]
pub struct Query {
    parameters: HashMap<String, String>,
    errors: Vec<FieldError>,
}

impl Query {
    /// What a function makes of the parameters, unless one is invalid.
    ///
    /// # Errors
    /// All errors, in the order in which the parameters were read.
    pub fn read<T>(mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Result<T, Vec<FieldError>> {
        let value = read(&mut self);
        unless_invalid(value, self.errors)
    }

    /// A text parameter.
    pub fn text(&mut self, name: &'static str) -> Option<String> {
        self.parameters.remove(name)
    }

    /// An integer within limits, in plain digits without leading zeros.
    pub fn integer(
        &mut self,
        name: &'static str,
        default: u64,
        limits: std::ops::RangeInclusive<u64>,
    ) -> u64 {
        let Some(text) = self.parameters.remove(name) else { return default };
        let digits = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|number| digits && limits.contains(number));
        number.unwrap_or_else(|| {
            let message = format!("must be an integer from {} to {}", limits.start(), limits.end());
            self.errors.push(Invalid::new("out_of_range", message).at(name));
            default
        })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let query = parts.uri.query().unwrap_or_default();
        Ok(Self {
            parameters: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
            errors: Vec::new(),
        })
    }
}
