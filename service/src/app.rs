//! The service put together: the one list of features, its router and its document.

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use axum::http::{HeaderValue, Method, header};
use tower::Layer;
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_http::normalize_path::{NormalizePath, NormalizePathLayer};
use utoipa::openapi::OpenApi;

use crate::access::{Caller, Routes};
use crate::app_state::{Accounts, AppState};
use crate::limits::{RequestLimitLayer, VerifiedUser};
use crate::{
    accounts, addresses, health, http, idempotency, link_pages, openapi, roles, sessions, tokens,
    trace_parent, users,
};

/// The router of every path; a slash at the end of one makes no difference.
pub type Service = NormalizePath<Router>;

/// The paths of every feature that is there with `ACCESS=open` and with `ACCESS=tokens`.
fn features() -> Routes<Arc<AppState>> {
    users::router()
}

/// The paths of every feature that is there with `ACCESS=tokens` only.
fn account_features() -> Routes<Arc<Accounts>> {
    Routes::new()
        .merge(accounts::router())
        .merge(addresses::router())
        .merge(sessions::router())
        .merge(roles::router())
        .merge(tokens::router())
}

/// The whole HTTP interface, for a local socket and for Lambda alike.
#[must_use]
pub fn router(state: AppState) -> Service {
    let cors = cors(&state.cors_origins, state.user_cache.is_some());
    let features = match &state.accounts {
        None => open(state),
        Some(accounts) => guarded(Arc::clone(accounts), state),
    };
    let router = features
        .fallback(async || http::not_found())
        .method_not_allowed_fallback(async || http::method_not_allowed());
    let router = match cors {
        None => router,
        Some(cors) => router.layer(http::CrossOriginLayer(cors)),
    };
    NormalizePathLayer::trim_trailing_slash().layer(router.layer(http::EdgeLayer))
}

/// With `ACCESS=open` whoever reaches the service may call it, and the accounts are off.
fn open(state: AppState) -> Router {
    let limit = request_limit(&state);
    features()
        .merge(users::open_sign_up())
        .limited(limit.as_ref())
        .merge(health::router())
        .into_open_router()
        .with_state(Arc::new(state))
        .merge(account_features().into_off_router())
        .merge(openapi::router(move || open_document_of(limit.as_ref())))
}

/// With `ACCESS=tokens` each route lets in those whom its declaration names.
fn guarded(accounts: Arc<Accounts>, state: AppState) -> Router {
    let sessions = sessions::Service::from_ref(&accounts);
    let limit = request_limit(&state);
    let features = features().limited(limit.as_ref()).merge(health::router());
    let account_features = account_features().merge(accounts::sign_up()).limited(limit.as_ref());
    features
        .into_guarded_router(&sessions)
        .with_state(Arc::new(state))
        .merge(account_features.into_guarded_router(&sessions).with_state(accounts))
        .merge(link_pages::router())
        .merge(openapi::router(move || document_of(limit.as_ref())))
}

/// Health checks are not counted: a balancer's may come from the address of everybody else.
fn request_limit(state: &AppState) -> Option<RequestLimitLayer> {
    let user: VerifiedUser = |extensions| extensions.get::<Caller>().map(|caller| caller.user_id.get());
    let limit = state.request_limit.clone()?;
    Some(RequestLimitLayer::new(limit, state.trusted_proxies.clone(), user))
}

/// Lets the pages of some origins read the answers (<https://fetch.spec.whatwg.org/#http-cors-protocol>). There are no
/// cookies, so credentials need not be allowed.
fn cors(origins: &[HeaderValue], keeps_users: bool) -> Option<CorsLayer> {
    if origins.is_empty() {
        return None;
    }
    let methods = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    let of_a_cache = |name| keeps_users.then_some(name);
    let exposed = [
        "accept-patch",
        "etag",
        "link",
        "location",
        "retry-after",
        "ratelimit",
        "ratelimit-policy",
        "www-authenticate",
        "x-request-id",
    ]
    .map(header::HeaderName::from_static);
    let accepted = [
        header::AUTHORIZATION,
        header::CONTENT_TYPE,
        header::IF_MATCH,
        header::IF_NONE_MATCH,
        idempotency::HEADER,
        http::X_REQUEST_ID,
        trace_parent::TRACEPARENT,
        // Nothing is read from it; those who send the one send it, too.
        header::HeaderName::from_static("tracestate"),
    ];
    Some(
        CorsLayer::new()
            .allow_origin(AllowOrigin::list(origins.iter().cloned()))
            .allow_methods(methods)
            .allow_headers(accepted.into_iter().chain(of_a_cache(header::CACHE_CONTROL)).collect::<Vec<_>>())
            .expose_headers(exposed.into_iter().chain(of_a_cache(header::AGE)).collect::<Vec<_>>())
            .max_age(std::time::Duration::from_hours(1)),
    )
}

/// The OpenAPI document of the interface with `ACCESS=tokens`, without a limit of requests.
#[must_use]
pub fn document() -> OpenApi {
    document_of(None)
}

/// The same with `ACCESS=open`.
#[must_use]
pub fn open_document() -> OpenApi {
    open_document_of(None)
}

fn document_of(limit: Option<&RequestLimitLayer>) -> OpenApi {
    let features = features().limited(limit).merge(health::router()).into_guarded_document();
    let account_features = account_features().merge(accounts::sign_up()).limited(limit);
    let paths = features.merge_from(account_features.into_guarded_document());
    openapi::finish(openapi::with_bearer(openapi::base()).merge_from(paths))
}

fn open_document_of(limit: Option<&RequestLimitLayer>) -> OpenApi {
    let features = features().merge(users::open_sign_up()).limited(limit).merge(health::router());
    let document = openapi::without_security(openapi::base()).merge_from(features.into_open_document());
    openapi::finish(openapi::without_parameters(document, &users::ACCOUNT_FILTERS))
}
