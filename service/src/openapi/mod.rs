//! The OpenAPI document, generated from the routers, and the page that shows it.

mod examples;
mod headers;
mod problems;
mod version_3_0;

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::http::HeaderMap;
use axum::routing::{MethodFilter, get};
use serde_json::Value;
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    ContactBuilder, Content, InfoBuilder, LicenseBuilder, ObjectBuilder, OpenApi, OpenApiBuilder, PathItem,
    RefOr, Schema, Server, Type,
};
use utoipa::{IntoParams, PartialSchema, ToSchema};

pub use self::headers::{CacheControlParam, ConditionParams, IdempotencyKeyParam, KnownParam};
pub(crate) use self::problems::described;
pub use self::problems::{
    BodyProblems, DatabaseProblems, FormProblems, InvalidInput, PatchProblems, PreconditionProblem,
    RateLimitProblems, RequestLimitProblem, UnusedBodyProblems, problem_responses,
};
use crate::http::{Asset, Freshness, ProblemBody};

/// Where the calls are documented: the page, or the document in a build without it.
pub const DOCS: &str = if cfg!(feature = "docs-page") { "/docs" } else { "/openapi.json" };

/// The name of the security scheme.
pub(crate) const SECURITY_SCHEME: &str = "bearer";

/// The tags of calls, in the order in which the page shows them.
const TAGS: [(&str, &str); 7] = [
    ("users", "User records: names and email addresses"),
    ("accounts", "Account status and passwords"),
    ("sessions", "Sign-in, sign-out, access tokens and refresh tokens"),
    ("roles", "Roles and permissions"),
    ("mail", "Email verification, password reset and invitations"),
    ("tokens", "Public keys (JWKS) and OpenID Connect discovery, to verify access tokens with"),
    ("operation", "Health checks"),
];

/// The parameter `user_id` of a path. With accounts the document says that it may be `me`, too.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct UserIdParam {
    /// The id of the user
    #[param(minimum = 1, example = 1)]
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
                .contact(Some(ContactBuilder::new().name(Some("The operators of this service")).build()))
                // Of the two, because 3.0 has no identifiers and a page shows no link to two.
                .license(Some(
                    LicenseBuilder::new()
                        .name("MIT OR Apache-2.0")
                        .url(Some("https://spdx.org/licenses/MIT.html"))
                        .build(),
                )),
        )
        // Wherever the document comes from.
        .servers(Some([Server::new("/")]))
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
        .add_security_scheme(SECURITY_SCHEME, SecurityScheme::Http(scheme));
    document
}

/// Says in a document that no call needs a token.
#[must_use]
pub fn without_security(mut document: OpenApi) -> OpenApi {
    document.security = Some(Vec::new());
    document
}

/// Leaves parameters out of a document.
#[must_use]
pub fn without_parameters(mut document: OpenApi, names: &[&str]) -> OpenApi {
    for (_, operation) in document.paths.paths.values_mut().flat_map(operations) {
        if let Some(parameters) = &mut operation.parameters {
            parameters.retain(
                |parameter| !matches!(parameter, RefOr::T(parameter) if names.contains(&&*parameter.name)),
            );
        }
    }
    document
}

/// Adds to a document of all paths what they have in common.
#[must_use]
pub fn finish(mut document: OpenApi) -> OpenApi {
    let mut tags = BTreeSet::new();
    for (_, operation) in document.paths.paths.values_mut().flat_map(operations) {
        tags.extend(operation.tags.iter().flatten().cloned());
        if let Some(RefOr::T(body)) = &mut operation.request_body {
            body.content.values_mut().for_each(without_null);
        }
        for response in operation.responses.responses.values_mut() {
            if let RefOr::T(response) = response {
                response.headers.insert("x-request-id".to_owned(), request_id_header().into());
            }
        }
    }
    let described = TAGS.iter().filter(|(name, _)| tags.contains(*name));
    let described =
        described.map(|(name, text)| TagBuilder::new().name(*name).description(Some(*text)).build());
    document.tags = Some(described.collect());
    examples::add(&mut document);
    document
}

/// A body that may be missing is not `null`, though its type is an `Option`.
fn without_null(content: &mut RefOr<Content>) {
    if let RefOr::T(content) = content
        && let Some(RefOr::T(Schema::OneOf(one_of))) = &content.schema
        && let [body @ RefOr::Ref(_), RefOr::T(Schema::Object(other))] = &one_of.items[..]
        && other.schema_type == Type::Null.into()
    {
        content.schema = Some(body.clone());
    }
}

/// `GET /openapi.json` and `GET /openapi-3.0.json`, and `GET /docs` where the build has the page.
pub fn router(document: impl FnOnce() -> OpenApi + Send + Sync + 'static) -> Router {
    // Rendered when they are first asked for: a cold start does not pay for them.
    let documents = Arc::new(LazyLock::new(move || Documents::of(&document())));
    let same = Arc::clone(&documents);
    let latest = async move |asked: HeaderMap| documents.latest.answer(&asked, Freshness::Revalidated);
    let older = async move |asked: HeaderMap| same.older.answer(&asked, Freshness::Revalidated);
    let router = Router::new().route("/openapi.json", get(latest)).route("/openapi-3.0.json", get(older));
    #[cfg(feature = "docs-page")]
    let router = router.merge(crate::docs_page::router());
    router
}

/// The same document in OpenAPI 3.0.
#[must_use]
pub fn version_3_0(document: &OpenApi) -> Value {
    version_3_0::of(serde_json::to_value(document).unwrap_or_default())
}

/// The document in both versions.
struct Documents {
    latest: Asset,
    older: Asset,
}

impl Documents {
    fn of(document: &OpenApi) -> Self {
        let asset = |json: String| Asset::new("application/json", json);
        let older = version_3_0(document).to_string();
        Self { latest: asset(document.to_json().unwrap_or_default()), older: asset(older) }
    }
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
    let text = "The id of the request: the caller's if it sent a well-formed one, else a new one";
    described_header(text, Type::String)
}

fn described_header(text: &str, schema_type: Type) -> Header {
    HeaderBuilder::new()
        .description(Some(text))
        .schema(Some(ObjectBuilder::new().schema_type(schema_type)))
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
