//! A request body that is a JSON Merge Patch (RFC 7396) of an object.

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderName, HeaderValue, StatusCode};

use super::json_object::{content_type, is_plain};
use super::{JsonObject, Problem};

/// `Accept-Patch` (RFC 5789 section 3.1).
pub(crate) const ACCEPT_PATCH: HeaderName = HeaderName::from_static("accept-patch");
/// The media types of patches. Read as JSON, a merge patch is what the name says: the fields to change.
pub(crate) const PATCHES: HeaderValue =
    HeaderValue::from_static("application/merge-patch+json, application/json");

/// The members of a merge patch: `null` removes, what is left out stays.
#[derive(Debug)]
pub struct MergePatch(pub JsonObject);

impl<S: Send + Sync> FromRequest<S> for MergePatch {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let is_patch = content_type(request.headers()).is_some_and(|mime| {
            ["application/merge-patch+json", "application/json"].contains(&mime.essence_str())
        });
        if !is_patch || !is_plain(request.headers()) {
            return Err(not_a_patch());
        }
        JsonObject::receive(request).await.map(Self)
    }
}

/// 415: the body is a patch of no type that is known, such as `application/json-patch+json`.
pub(crate) fn not_a_patch() -> Problem {
    let detail = "Send the patch as application/merge-patch+json or application/json, without content coding";
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)
        .with_header(ACCEPT_PATCH, PATCHES)
}
