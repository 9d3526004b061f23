//! What others need to verify tokens: the public keys, and where they are.

use axum::Json;
use axum::extract::{FromRef, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::Tokens;
use crate::access::{Access, Routes, route};
use crate::http::Problem;
use crate::keys::{ALGORITHM, Jwk};
use crate::openapi::DatabaseProblems;

/// Verifiers keep the answers for an hour; a key is published for two before it signs.
const CACHE: HeaderValue = HeaderValue::from_static("public, max-age=3600");

/// The paths of the keys, below the issuer's URL.
const KEYS: &str = "/.well-known/jwks.json";

/// The paths under `/.well-known`.
pub fn router<S>() -> Routes<S>
where
    S: Clone + Send + Sync + 'static,
    Tokens: FromRef<S>,
{
    Routes::new().add(Access::Public, route!(get_jwks)).add(Access::Public, route!(get_openid_configuration))
}

/// Public keys (RFC 7517, section 5).
#[derive(Debug, Serialize, ToSchema)]
struct JwkSet {
    /// The keys: the one that signs, and those before and after it.
    keys: Vec<Jwk>,
}

/// What the issuer says of itself (RFC 8414, section 2; `OpenID` Connect Discovery 1.0, section 3).
#[derive(Debug, Serialize, ToSchema)]
#[schema(examples(json!({
    "issuer": "https://users.example",
    "jwks_uri": "https://users.example/.well-known/jwks.json",
    "id_token_signing_alg_values_supported": ["RS256"],
    "response_types_supported": [],
    "grant_types_supported": [],
    "subject_types_supported": ["public"],
    "claims_supported": ["iss", "sub", "aud", "exp", "iat", "jti", "client_id", "sid", "auth_time", "roles", "scope"],
})))]
struct Configuration<'a> {
    /// The issuer of the tokens (`iss`).
    #[schema(examples("https://users.example"))]
    issuer: &'a str,
    /// Where the keys are.
    #[schema(examples("https://users.example/.well-known/jwks.json"))]
    jwks_uri: String,
    /// The algorithms of the tokens' signatures.
    id_token_signing_alg_values_supported: [&'static str; 1],
    /// None: there is no authorisation endpoint.
    response_types_supported: [&'static str; 0],
    /// None, for the same reason.
    grant_types_supported: [&'static str; 0],
    /// `sub` is the same for every audience.
    subject_types_supported: [&'static str; 1],
    /// The claims in a token.
    claims_supported: [&'static str; 11],
}

/// Get the public keys (JWKS)
///
/// Access tokens are verified with these. A new key is shown two hours before it signs.
#[utoipa::path(
    get, path = "/.well-known/jwks.json", tag = "tokens",
    responses((status = 200, description = "The keys", body = JwkSet), DatabaseProblems),
)]
async fn get_jwks(State(tokens): State<Tokens>) -> Result<Response, Problem> {
    let keys = tokens.keys().jwks().await?;
    Ok(([(header::CACHE_CONTROL, CACHE)], Json(JwkSet { keys })).into_response())
}

/// Get the discovery document of the issuer
///
/// The metadata that verifiers look for below the issuer's URL, such as API Gateway's JWT authoriser.
#[utoipa::path(
    get, path = "/.well-known/openid-configuration", tag = "tokens",
    responses((status = 200, description = "The issuer", body = Configuration<'static>)),
)]
async fn get_openid_configuration(State(tokens): State<Tokens>) -> Response {
    let issuer = tokens.issuer();
    let configuration = Configuration {
        issuer,
        jwks_uri: format!("{issuer}{KEYS}"),
        id_token_signing_alg_values_supported: [ALGORITHM],
        response_types_supported: [],
        grant_types_supported: [],
        subject_types_supported: ["public"],
        claims_supported: [
            "iss",
            "sub",
            "aud",
            "exp",
            "iat",
            "jti",
            "client_id",
            "sid",
            "auth_time",
            "roles",
            "scope",
        ],
    };
    ([(header::CACHE_CONTROL, CACHE)], Json(configuration)).into_response()
}

#[cfg(test)]
mod tests;
