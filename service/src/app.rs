//! The service put together: what it holds, and its one router.

use std::sync::Arc;

use axum::Router;
use tower::Layer;
use tower_http::normalize_path::{NormalizePath, NormalizePathLayer};
use utoipa::openapi::OpenApi;

use crate::clock::Clock;
use crate::store::Store;
use crate::{health, http, openapi, users};

/// What the handlers work with.
pub struct App {
    /// The database.
    pub store: Arc<dyn Store>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
}

/// The router of every path; a slash at the end of one makes no difference.
pub type Service = NormalizePath<Router>;

/// The whole HTTP interface, for a local socket and for Lambda alike.
#[must_use]
pub fn router(app: App) -> Service {
    let users = users::Service::new(app.store.clone(), app.clock);
    let router = Router::new()
        .merge(Router::from(users::router()).with_state(users))
        .merge(Router::from(health::router()).with_state(health::Health::new(app.store)))
        .merge(openapi::router(document))
        .fallback(async || http::not_found())
        .method_not_allowed_fallback(async || http::method_not_allowed())
        .layer(http::EdgeLayer);
    NormalizePathLayer::trim_trailing_slash().layer(router)
}

/// The OpenAPI document of that interface.
#[must_use]
pub fn document() -> OpenApi {
    let parts = [users::router().into_openapi(), health::router().into_openapi()];
    openapi::finish(parts.into_iter().fold(openapi::base(), OpenApi::merge_from))
}
