//! What every feature's router shares: problem details, body and query extractors, paging, the edge of a request.

mod body;
mod edge;
mod json_object;
mod path;
mod problem;
mod query;
mod request_id;
mod unavailable;

pub(crate) use edge::render;
pub use edge::{chain, edge, on_panic};
pub use json_object::{Fields, JsonObject};
pub use path::PathParam;
pub(crate) use problem::out_of_time;
pub use problem::{
    Problem, ProblemBody, body_too_large, body_too_slow, malformed_json, method_not_allowed, not_found,
    unsupported_media_type,
};
pub use query::Query;
pub use request_id::GatewayRequestId;
