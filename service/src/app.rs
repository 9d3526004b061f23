//! The service put together: the one list of features, its router and its document.

use axum::Router;
use tower::Layer;
use tower_http::normalize_path::{NormalizePath, NormalizePathLayer};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::app_state::AppState;
use crate::{health, http, openapi, users};

/// The router of every path; a slash at the end of one makes no difference.
pub type Service = NormalizePath<Router>;

/// Every feature's paths.
fn features() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().merge(users::router()).merge(health::router())
}

/// The whole HTTP interface, for a local socket and for Lambda alike.
#[must_use]
pub fn router(state: AppState) -> Service {
    let router = Router::from(features())
        .with_state(state)
        .merge(openapi::router(document))
        .fallback(async || http::not_found())
        .method_not_allowed_fallback(async || http::method_not_allowed())
        .layer(http::EdgeLayer);
    NormalizePathLayer::trim_trailing_slash().layer(router)
}

/// The OpenAPI document of that interface.
#[must_use]
pub fn document() -> OpenApi {
    openapi::finish(openapi::base().merge_from(features().into_openapi()))
}
