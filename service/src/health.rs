//! `GET /health`: the process is alive. `GET /ready`: the database is too.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::{Access, Routes, route};
use crate::app_state::AppState;
use crate::http::Problem;
use crate::openapi::DatabaseProblems;

/// The commit that the executable was built from.
pub const BUILD: &str = env!("BUILD_COMMIT");

/// The paths for health checks.
pub fn router() -> Routes<Arc<AppState>> {
    Routes::new().add(Access::Public, route!(get_health)).add(Access::Public, route!(get_readiness))
}

/// The process is alive.
#[derive(Debug, Serialize, ToSchema)]
struct Alive {
    /// Always `ok`.
    #[schema(examples("ok"))]
    status: &'static str,
    /// The release.
    #[schema(examples("0.1.0"))]
    version: &'static str,
    /// The commit that the executable was built from.
    #[schema(examples("3f2c5a1f9a51"))]
    build: &'static str,
    /// Whole seconds since the start.
    #[schema(minimum = 0, examples(42))]
    uptime: u64,
}

/// The database is reachable and migrated.
#[derive(Debug, Serialize, ToSchema)]
struct Ready {
    /// Always `ready`.
    #[schema(examples("ready"))]
    status: &'static str,
}

/// Check liveness
///
/// Touches no database.
#[utoipa::path(
    get, path = "/health", tag = "operation",
    responses((status = 200, description = "The process is alive", body = Alive)),
)]
async fn get_health(State(state): State<Arc<AppState>>) -> Json<Alive> {
    Json(Alive {
        status: "ok",
        version: env!("CARGO_PKG_VERSION"),
        build: BUILD,
        uptime: state.started.elapsed().as_secs(),
    })
}

/// Check readiness
///
/// Queries the database, for at most two seconds. The `code` of a 503 is the class of the reason.
#[utoipa::path(
    get, path = "/ready", tag = "operation",
    responses((status = 200, description = "Requests can be served", body = Ready), DatabaseProblems),
)]
async fn get_readiness(State(state): State<Arc<AppState>>) -> Result<Json<Ready>, Problem> {
    state.database.ready().await?;
    Ok(Json(Ready { status: "ready" }))
}
