//! The query string, read parameter by parameter so that all errors are reported together.

use std::collections::HashMap;
use std::convert::Infallible;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use url::form_urlencoded;

use super::fields::MAX_ERRORS;
use crate::field::{FieldError, Invalid, unless_invalid};

/// Whether parameters that a call does not have are refused, instead of ignored, and those that are repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StrictQuery(pub bool);

/// The parameters of a query string. The last of a repeated one counts and unknown ones are ignored, unless the service is
/// [strict](StrictQuery).
#[derive(Debug)]
pub struct Query {
    parameters: HashMap<String, String>,
    strict: StrictQuery,
    errors: Vec<FieldError>,
}

impl Query {
    /// What a function makes of the parameters, unless one is invalid.
    ///
    /// # Errors
    /// All errors, in the order in which the parameters were read.
    pub fn read<T>(mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Result<T, Vec<FieldError>> {
        let value = read(&mut self);
        if self.strict.0 {
            let mut unknown: Vec<String> = self.parameters.into_keys().collect();
            unknown.sort_unstable();
            let unknown = unknown.into_iter().take(MAX_ERRORS);
            self.errors.extend(unknown.map(|name| {
                Invalid::new("unknown", "is no parameter of this call; the document lists those that it has")
                    .at(name)
            }));
        }
        unless_invalid(value, self.errors)
    }

    /// Whether a parameter was sent.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.parameters.contains_key(name)
    }

    /// What a parser makes of a parameter, if it was sent.
    pub fn parsed<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, Invalid>,
    ) -> Option<T> {
        let text = self.text(name)?;
        self.check(name, parse(&text))
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, name: &'static str) -> Option<bool> {
        self.parsed(name, |text| match text {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(Invalid::new("invalid_format", "must be true or false")),
        })
    }

    /// The value, unless the parameter is invalid.
    pub fn check<T>(&mut self, name: &'static str, parsed: Result<T, Invalid>) -> Option<T> {
        parsed.map_err(|invalid| self.errors.push(invalid.at(name))).ok()
    }

    /// Refuses a parameter, if it was sent.
    pub fn refuse(&mut self, name: &'static str, code: &'static str, message: &'static str) {
        if self.text(name).is_some() {
            self.errors.push(Invalid::new(code, message).at(name));
        }
    }

    /// The same where unknown parameters are refused.
    pub fn refuse_if_strict(&mut self, name: &'static str, code: &'static str, message: &'static str) {
        if self.strict.0 {
            self.refuse(name, code, message);
        }
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

impl<S: Send + Sync> FromRequestParts<S> for Query
where
    StrictQuery: FromRef<S>,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let query = parts.uri.query().unwrap_or_default();
        let (strict, mut parameters, mut errors) = (StrictQuery::from_ref(state), HashMap::new(), Vec::new());
        for (name, value) in form_urlencoded::parse(query.as_bytes()).into_owned() {
            let earlier = parameters.insert(name.clone(), value);
            if strict.0 && earlier.is_some() && errors.len() < MAX_ERRORS {
                errors.push(Invalid::new("repeated", "must be there once").at(name));
            }
        }
        Ok(Self { parameters, strict, errors })
    }
}
