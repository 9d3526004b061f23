//! The parameters of a path, read one by one so that all errors are reported together.

use std::borrow::Cow;
use std::convert::Infallible;

use axum::extract::{FromRequestParts, MatchedPath, Request};
use axum::http::request::Parts;
use axum::http::{Extensions, Uri};
use percent_encoding::percent_decode_str;

use crate::field::{FieldError, Invalid, unless_invalid};
use crate::user_id::UserId;

/// Whom `me` means in place of a user's id in a path, as a request extension. Without it `me` is no id.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Me(pub(crate) UserId);

/// The name of the parameter that is a user's id.
const USER_ID: &str = "user_id";

/// The parameters of a path by name. A parameter is a whole segment, and routers are merged and not nested.
///
/// axum's own extractor rejects all parameters if one is not UTF-8.
#[derive(Debug)]
pub struct PathParams {
    route: Option<MatchedPath>,
    uri: Uri,
    me: Option<Me>,
    errors: Vec<FieldError>,
}

impl PathParams {
    /// The parameters of a request's path.
    pub(crate) fn of(request: &Request) -> Self {
        Self::new(request.uri(), request.extensions())
    }

    fn new(uri: &Uri, extensions: &Extensions) -> Self {
        Self {
            route: extensions.get().cloned(),
            uri: uri.clone(),
            me: extensions.get().copied(),
            errors: Vec::new(),
        }
    }

    /// Whether the path names this user.
    pub(crate) fn names_user(&self, user: UserId) -> bool {
        UserId::parse(&self.text(USER_ID)).is_ok_and(|named| named == user)
    }

    /// The parameter `user_id`, where it is the only one.
    ///
    /// # Errors
    /// `invalid_format`.
    pub fn user_id(self) -> Result<UserId, Vec<FieldError>> {
        self.read(|path| path.required(USER_ID, UserId::parse))
    }

    /// What a function makes of the parameters, unless one is invalid.
    ///
    /// # Errors
    /// All errors, in the order in which the parameters were read.
    pub fn read<T>(mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Result<T, Vec<FieldError>> {
        let value = read(&mut self);
        unless_invalid(value, self.errors)
    }

    /// The parameter with this name; `None` if it is invalid.
    pub fn required<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, Invalid>,
    ) -> Option<T> {
        let parsed = parse(&self.text(name));
        match parsed {
            Ok(value) => Some(value),
            Err(invalid) => {
                self.errors.push(invalid.at(name));
                None
            }
        }
    }

    /// The text of a parameter. What is not UTF-8 is empty, which no parser accepts.
    fn text(&self, name: &str) -> Cow<'_, str> {
        let text = percent_decode_str(self.segment(name)).decode_utf8().unwrap_or_default();
        match self.me {
            Some(Me(user)) if name == USER_ID && text == "me" => user.to_string().into(),
            _ => text,
        }
    }

    fn segment(&self, name: &str) -> &str {
        let is_parameter = |segment: &str| {
            segment.strip_prefix('{').and_then(|segment| segment.strip_suffix('}')) == Some(name)
        };
        let route = self.route.as_ref().map_or("", MatchedPath::as_str);
        let position = segments(route).position(is_parameter);
        position.and_then(|position| segments(self.uri.path()).nth(position)).unwrap_or_default()
    }
}

/// The segments of a path. The pattern is a list: of a single character the search is by `memchr`, which costs more than it saves
/// in so short a text.
pub(super) fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split(['/'])
}

impl<S: Send + Sync> FromRequestParts<S> for PathParams {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::new(&parts.uri, &parts.extensions))
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::{Body, to_bytes};
    use axum::extract::Request;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;

    fn digits(text: &str) -> Result<u32, Invalid> {
        text.parse().map_err(|_| Invalid::new("invalid_format", "must be a number"))
    }

    fn word(text: &str) -> Result<String, Invalid> {
        if text.is_empty() {
            Err(Invalid::new("too_short", "must not be empty"))
        } else {
            Ok(text.to_owned())
        }
    }

    async fn show(path: PathParams) -> String {
        let read = path.read(|path| {
            let user = path.required("user_id", digits);
            let role = path.required("role", word);
            Some((user?, role?))
        });
        match read {
            Ok((user, role)) => format!("{user} {role}"),
            Err(errors) => errors.into_iter().map(|error| error.field + " ").collect(),
        }
    }

    #[tokio::test]
    async fn several_parameters_are_read_by_name_and_all_errors_are_reported() {
        let router = Router::new().route("/users/{user_id}/roles/{role}", get(show));
        for (path, shown) in [
            ("/users/7/roles/admin", "7 admin"),
            ("/users/7/roles/a%20b%2Fc", "7 a b/c"),
            ("/users/%37/roles/%C3%BC", "7 ü"),
            ("/users/x/roles/admin", "user_id "),
            ("/users/7/roles/%FF", "role "),
            ("/users/%FF/roles/%FF", "user_id role "),
        ] {
            let request = Request::builder().uri(path).body(Body::empty()).unwrap();
            let body = router.clone().oneshot(request).await.unwrap().into_body();
            assert_eq!(to_bytes(body, 100).await.unwrap(), shown, "{path}");
        }
    }
}
