//! The OpenAPI document, generated from the routers, and the page that shows it.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::http::header;
use axum::routing::{MethodFilter, get};
use bytes::Bytes;
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    ContentBuilder, InfoBuilder, LicenseBuilder, ObjectBuilder, OpenApi, OpenApiBuilder, PathItem, Ref,
    RefOr, Response, ResponseBuilder, Type,
};
use utoipa::{IntoResponses, PartialSchema, ToSchema};

use crate::access;
use crate::db::{self, Outage};
use crate::field::{FieldError, Invalid};
use crate::http::{Problem, ProblemBody};
use crate::limits::{Exceeded, RATELIMIT, RATELIMIT_POLICY};

/// The request id in examples.
const EXAMPLE_ID: &str = "6f1b0f0e-2c52-4d0c-8ad5-3f2c5a1f9a51";

/// The document before the routers have added their paths.
#[must_use]
pub fn base() -> OpenApi {
    let mut schemas = vec![(ProblemBody::name().into_owned(), ProblemBody::schema())];
    ProblemBody::schemas(&mut schemas);
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Users Service")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(
                    "User management. Every error is an RFC 9457 problem with a stable `code`.",
                ))
                .license(Some(
                    LicenseBuilder::new()
                        .name("MIT OR Apache-2.0")
                        .identifier(Some("MIT OR Apache-2.0"))
                        .build(),
                )),
        )
        .components(Some(utoipa::openapi::ComponentsBuilder::new().schemas_from_iter(schemas).build()))
        .build()
}

/// Adds the security scheme to a document.
#[must_use]
pub fn with_bearer(mut document: OpenApi) -> OpenApi {
    let description = "An access token of this service; `POST /sessions` gives one.";
    let scheme = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some(description))
        .build();
    document
        .components
        .get_or_insert_default()
        .add_security_scheme(access::SCHEME, SecurityScheme::Http(scheme));
    document
}

/// Adds to a document of all paths what they have in common.
#[must_use]
pub fn finish(mut document: OpenApi) -> OpenApi {
    for (_, operation) in document.paths.paths.values_mut().flat_map(operations) {
        for response in operation.responses.responses.values_mut() {
            if let RefOr::T(response) = response {
                response.headers.insert("x-request-id".to_owned(), request_id_header().into());
            }
        }
    }
    document
}

/// `GET /openapi.json`, and `GET /docs` where the build has the page.
pub fn router(document: fn() -> OpenApi) -> Router {
    // Rendered when it is first asked for: a cold start does not pay for it.
    let json = Arc::new(LazyLock::new(move || Bytes::from(document().to_json().unwrap_or_default())));
    let serve = async move || ([(header::CONTENT_TYPE, "application/json")], LazyLock::force(&json).clone());
    let router = Router::new().route("/openapi.json", get(serve));
    #[cfg(feature = "docs-page")]
    let router = router.merge(crate::docs_page::router());
    router
}

/// The operations of a path, with their methods.
pub(crate) fn operations(path: &mut PathItem) -> impl Iterator<Item = (MethodFilter, &mut Operation)> {
    let PathItem { get, put, post, delete, options, head, patch, trace, .. } = path;
    let known = [
        (MethodFilter::GET, get),
        (MethodFilter::PUT, put),
        (MethodFilter::POST, post),
        (MethodFilter::DELETE, delete),
        (MethodFilter::OPTIONS, options),
        (MethodFilter::HEAD, head),
        (MethodFilter::PATCH, patch),
        (MethodFilter::TRACE, trace),
    ];
    known.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

fn request_id_header() -> Header {
    HeaderBuilder::new()
        .description(Some("The id of the request: the caller's if it sent a well-formed one, else a new one"))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .build()
}

fn retry_after_header() -> Header {
    HeaderBuilder::new()
        .description(Some("How many seconds to wait before trying again"))
        .schema(Some(ObjectBuilder::new().schema_type(Type::Integer)))
        .build()
}

fn challenge_header() -> Header {
    HeaderBuilder::new()
        .description(Some("What is wrong with the token, and what is needed (RFC 6750, RFC 9470)"))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .build()
}

fn ratelimit_policy_header() -> Header {
    HeaderBuilder::new()
        .description(Some(
            "The limit that is exceeded: its name, how many may come in its window, and the window in seconds \
             (draft-ietf-httpapi-ratelimit-headers-11)",
        ))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .build()
}

fn ratelimit_header() -> Header {
    HeaderBuilder::new()
        .description(Some("What is left of that limit, and in how many seconds there will be more"))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .build()
}

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
        for (name, header) in [
            (header::RETRY_AFTER, retry_after_header as fn() -> Header),
            (header::WWW_AUTHENTICATE, challenge_header),
            (RATELIMIT_POLICY, ratelimit_policy_header),
            (RATELIMIT, ratelimit_header),
        ] {
            if problem.header_names().any(|given| given == name) {
                response = response.header(name.as_str(), header());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_by_a_limit_has_its_headers() {
        let RefOr::T(response) = &RateLimitProblems::responses()["429"] else { panic!("a response") };
        let names: Vec<_> = response.headers.keys().map(String::as_str).collect();
        assert_eq!(names, ["ratelimit", "ratelimit-policy", "retry-after"]);
    }

    #[test]
    fn every_method_documents_the_request_id() {
        let operation = r#"{"responses":{"200":{"description":"done"}}}"#;
        let methods = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
        let operations = methods.map(|method| format!(r#""{method}":{operation}"#)).join(",");
        let document = format!(
            r#"{{"openapi":"3.1.0","info":{{"title":"","version":""}},"paths":{{"/x":{{{operations}}}}}}}"#
        );
        let document = finish(serde_json::from_str(&document).unwrap());
        let document = serde_json::to_value(document).unwrap();
        for method in methods {
            let headers = &document["paths"]["/x"][method]["responses"]["200"]["headers"];
            assert!(headers["x-request-id"].is_object(), "{method}: {headers}");
        }
    }
}
