//! What the document says of problems: their responses, with examples that the service itself renders.

use std::collections::BTreeMap;

use axum::http::{HeaderName, header};
use utoipa::IntoResponses;
use utoipa::ToSchema;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder, Type};

use super::described_header;
use crate::db::{self, Outage};
use crate::field::{FieldError, Invalid};
use crate::http::{ACCEPT_PATCH, Problem, ProblemBody, if_match_required, not_a_patch};
use crate::limits::{Exceeded, RATELIMIT, RATELIMIT_POLICY};

/// The request id in examples.
const EXAMPLE_ID: &str = "6f1b0f0e-2c52-4d0c-8ad5-3f2c5a1f9a51";

/// Makes types that describe a problem of a feature each.
macro_rules! described {
    ($($name:ident = $description:literal, $error:expr;)+) => {
        $(
            struct $name;

            impl utoipa::IntoResponses for $name {
                fn responses()
                -> std::collections::BTreeMap<String, utoipa::openapi::RefOr<utoipa::openapi::Response>> {
                    $crate::openapi::problem_responses([($description, Error::from($error).into())])
                }
            }
        )+
    };
}
pub(crate) use described;

/// The headers that a problem may have, what they say, and their types.
const HEADERS: [(HeaderName, &str, Type); 5] = [
    (header::RETRY_AFTER, "How many seconds to wait before trying again", Type::Integer),
    (
        header::WWW_AUTHENTICATE,
        "What is wrong with the token, and what is needed (RFC 6750, RFC 9470)",
        Type::String,
    ),
    (
        RATELIMIT_POLICY,
        "The limit that is exceeded: its name, how many may come in its window, and the window in seconds \
         (draft-ietf-httpapi-ratelimit-headers-11)",
        Type::String,
    ),
    (RATELIMIT, "What is left of that limit, and in how many seconds there will be more", Type::String),
    (ACCEPT_PATCH, "The media types of patches (RFC 5789)", Type::String),
];

/// Describes responses that are problems. The examples are rendered by the service itself.
#[must_use]
pub fn problem_responses<const N: usize>(
    problems: [(&'static str, Problem); N],
) -> BTreeMap<String, RefOr<Response>> {
    let describe = |(description, problem): (&'static str, Problem)| {
        let content = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name(ProblemBody::name())))
            .example(serde_json::to_value(problem.body(EXAMPLE_ID)).ok())
            .build();
        let mut response = ResponseBuilder::new().description(description);
        for (name, text, schema_type) in HEADERS {
            if problem.header_names().any(|given| given == name) {
                response = response.header(name.as_str(), described_header(text, schema_type));
            }
        }
        let response = response.content("application/problem+json", content).build();
        (problem.status().as_str().to_owned(), RefOr::T(response))
    };
    problems.into_iter().map(describe).collect()
}

/// What can be wrong with a parameter: 422.
#[derive(Debug)]
pub struct InvalidInput;

impl IntoResponses for InvalidInput {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let error = Invalid::new("invalid_format", "must be a positive integer, such as 1").at("user_id");
        problem_responses([("A parameter is invalid", Problem::invalid(vec![error]))])
    }
}

/// What can be wrong with a body: 400, 408, 413, 415, 422.
#[derive(Debug)]
pub struct BodyProblems;

impl IntoResponses for BodyProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let errors: Vec<FieldError> = vec![
            Invalid::new("too_short", "must have 3 to 50 characters").at("username"),
            Invalid::new("missing", "is required").at("email"),
        ];
        let refused = [
            ("The body is not JSON", crate::http::malformed_json(1, 12)),
            ("The body did not arrive in time", crate::http::body_too_slow()),
            ("The body is larger than 64 KiB", crate::http::body_too_large()),
            ("The body is not sent as JSON", crate::http::unsupported_media_type()),
            ("Fields are invalid; all of them are listed", Problem::invalid(errors)),
        ];
        problem_responses(refused)
    }
}

/// What can be wrong with a patch: as with a body, and it may be of another type.
#[derive(Debug)]
pub struct PatchProblems;

impl IntoResponses for PatchProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let mut responses = BodyProblems::responses();
        responses.extend(problem_responses([("The patch is of another media type", not_a_patch())]));
        responses
    }
}

/// What is missing where changes need `If-Match`: 428.
#[derive(Debug)]
pub struct PreconditionProblem;

impl IntoResponses for PreconditionProblem {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problem_responses([("`If-Match` is required (`REQUIRE_IF_MATCH=true`)", if_match_required())])
    }
}

/// What can be wrong with a form: 400, 408, 413, 415, 422.
#[derive(Debug)]
pub struct FormProblems;

impl IntoResponses for FormProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let missing = Invalid::new("missing", "is required").at("token");
        problem_responses([
            ("The body broke off", crate::http::broken_body()),
            ("The body did not arrive in time", crate::http::body_too_slow()),
            ("The body is larger than 64 KiB", crate::http::body_too_large()),
            ("The body is not sent as a form", crate::http::not_a_form()),
            ("A parameter is missing or there twice", Problem::invalid(vec![missing])),
        ])
    }
}

/// What can be wrong with a body that is received though nothing in it is wanted: 400, 408, 413.
#[derive(Debug)]
pub struct UnusedBodyProblems;

impl IntoResponses for UnusedBodyProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problem_responses([
            ("There is a body, and it broke off", crate::http::broken_body()),
            ("There is a body, and it did not arrive in time", crate::http::body_too_slow()),
            ("There is a body, and it is larger than 64 KiB", crate::http::body_too_large()),
        ])
    }
}

/// What can be wrong with the service or its database: 500, 503.
#[derive(Debug)]
pub struct DatabaseProblems;

impl IntoResponses for DatabaseProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let unavailable = db::Error::unavailable(Outage::Unreachable, std::io::Error::other("example"));
        problem_responses([
            ("An internal error of the service", Problem::internal(std::io::Error::other("example"))),
            (
                "The service or its database is unavailable; try again after the seconds in Retry-After",
                unavailable.into(),
            ),
        ])
    }
}

/// What is limited: 429.
#[derive(Debug)]
pub struct RateLimitProblems;

impl IntoResponses for RateLimitProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problem_responses([(
            "There were too many attempts; try again after the seconds in Retry-After",
            Exceeded::example().into(),
        )])
    }
}

/// What each caller may ask for so often only, with `REQUEST_LIMIT`: 429.
#[derive(Debug)]
pub struct RequestLimitProblem;

impl IntoResponses for RequestLimitProblem {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problem_responses([(
            "There were too many requests; try again after the seconds in Retry-After",
            Exceeded::example().of_requests(),
        )])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_by_a_limit_has_its_headers() {
        let RefOr::T(response) = &RateLimitProblems::responses()["429"] else { panic!("a response") };
        let names: Vec<_> = response.headers.keys().map(String::as_str).collect();
        assert_eq!(names, ["ratelimit", "ratelimit-policy", "retry-after"]);
    }
}
