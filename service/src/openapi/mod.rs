//! The OpenAPI document, generated from the routers, and the page that shows it.

mod headers;
mod problems;

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::http::header;
use axum::routing::{MethodFilter, get};
use bytes::Bytes;
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    InfoBuilder, LicenseBuilder, ObjectBuilder, OpenApi, OpenApiBuilder, PathItem, RefOr, Type,
};
use utoipa::{IntoParams, PartialSchema, ToSchema};

pub use self::headers::{ConditionParams, KnownParam};
pub(crate) use self::problems::described;
pub use self::problems::{
    BodyProblems, DatabaseProblems, FormProblems, InvalidInput, PatchProblems, PreconditionProblem,
    RateLimitProblems, RequestLimitProblem, UnusedBodyProblems, problem_responses,
};
use crate::access;
use crate::http::ProblemBody;

/// The parameter `user_id` of a path. With accounts the document says that it may be `me`, too.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct UserIdParam {
    /// The id of the user
    #[param(minimum = 1)]
    pub user_id: u64,
}

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
pub fn router(document: impl FnOnce() -> OpenApi + Send + Sync + 'static) -> Router {
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

#[cfg(test)]
mod tests {
    use super::*;

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
