//! Conditional requests (RFC 9110 section 13): a change only of what the client has seen, and no answer that it has already.

use std::convert::Infallible;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};

use super::Problem;
use super::entity_tag::{EntityTag, EntityTags, Malformed};
use crate::field::{FieldError, Invalid};

/// What must be so for a request to change something.
///
/// As an extractor it refuses a request without `If-Match` where that is required ([`RequireIfMatch`]).
#[derive(Debug, Clone)]
pub struct Condition {
    if_match: Option<EntityTags>,
    if_none_match: Option<EntityTags>,
}

impl Condition {
    /// Whether the request is unconditional.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.if_match.is_none() && self.if_none_match.is_none()
    }

    /// Whether what has this tag may be changed.
    #[must_use]
    pub fn permits(&self, present: &EntityTag) -> bool {
        self.if_match.as_ref().is_none_or(|tags| tags.have_strong(present))
            && self.if_none_match.as_ref().is_none_or(|tags| !tags.have_weak(present))
    }

    fn read(headers: &HeaderMap) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut tags = |name: &HeaderName, field: &'static str| {
            EntityTags::read(headers, name).unwrap_or_else(|Malformed| {
                let message = "must be * or a list of entity tags, each in double quotes as ETag has it";
                errors.push(Invalid::new("invalid_format", message).at(field));
                None
            })
        };
        let if_match = tags(&header::IF_MATCH, "If-Match");
        let if_none_match = tags(&header::IF_NONE_MATCH, "If-None-Match");
        if errors.is_empty() { Ok(Self { if_match, if_none_match }) } else { Err(errors) }
    }
}

/// Whether changes must come with `If-Match`.
#[derive(Debug, Clone, Copy)]
pub struct RequireIfMatch(pub bool);

impl<S: Send + Sync> FromRequestParts<S> for Condition
where
    RequireIfMatch: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let condition = Self::read(&parts.headers)?;
        let RequireIfMatch(is_required) = RequireIfMatch::from_ref(state);
        if is_required && condition.if_match.is_none() { Err(if_match_required()) } else { Ok(condition) }
    }
}

/// What the client says that it has: the tags in `If-None-Match` of a request that changes nothing. Malformed, they say
/// nothing.
#[derive(Debug, Clone)]
pub struct IfNoneMatch(Option<EntityTags>);

impl IfNoneMatch {
    /// That the client has nothing.
    pub const NOTHING: Self = Self(None);

    /// What these headers say.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        Self(EntityTags::read(headers, &header::IF_NONE_MATCH).unwrap_or_default())
    }

    /// Whether what has this tag need not be sent again.
    #[must_use]
    pub fn has(&self, present: &EntityTag) -> bool {
        self.0.as_ref().is_some_and(|tags| tags.have_weak(present))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfNoneMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers))
    }
}

/// 428: the change must come with `If-Match` (RFC 6585).
pub(crate) fn if_match_required() -> Problem {
    let detail = "Read what you are about to change, and send its ETag as If-Match";
    Problem::new(StatusCode::PRECONDITION_REQUIRED, "if_match_required", detail)
}

/// 412: what was to be changed is not what the client has seen.
pub(crate) fn changed_meanwhile() -> Problem {
    let detail = "It is not as If-Match or If-None-Match says; read it again, and decide anew";
    Problem::new(StatusCode::PRECONDITION_FAILED, "changed_meanwhile", detail)
}
