//! What every feature's router shares: problem details, extractors for bodies, paths and queries, the edge of a request.

mod accept_language;
mod access_log;
mod asset;
mod body;
mod cache_control;
mod client_address;
mod condition;
mod cross_origin;
mod edge;
mod entity_tag;
mod fields;
mod form;
mod forwarded;
mod json_object;
mod merge_patch;
mod path_params;
mod problem;
mod query;
mod render;
mod request_id;
mod time;
mod unavailable;

pub(crate) use accept_language::language;
pub(crate) use asset::{Asset, Freshness};
pub(crate) use body::receive_body;
pub use cache_control::{CacheControl, HasCache};
pub use client_address::{ClientAddress, Peer};
pub use condition::{Condition, IfNoneMatch, RequireIfMatch};
pub(crate) use condition::{changed_meanwhile, if_match_required};
pub(crate) use cross_origin::CrossOriginLayer;
pub use edge::EdgeLayer;
pub(crate) use edge::{MAX_TARGET, PlatformDeadline, Refused};
pub use entity_tag::EntityTag;
pub(crate) use fields::MAX_ERRORS;
pub use fields::{Fields, Input, boolean, integer, list, number, object, secret, text};
pub use form::Form;
pub(crate) use form::not_a_form;
pub use json_object::JsonObject;
pub use merge_patch::MergePatch;
pub(crate) use merge_patch::{ACCEPT_PATCH, PATCHES, not_a_patch};
pub(crate) use path_params::Me;
pub use path_params::PathParams;
pub use problem::{
    Problem, ProblemBody, body_too_large, body_too_slow, malformed_json, method_not_allowed, not_found,
    unsupported_media_type, user_not_found,
};
pub(crate) use problem::{broken_body, uri_too_long};
pub use query::{Query, StrictQuery};
pub(crate) use render::render;
pub use request_id::GatewayRequestId;
pub(crate) use request_id::{X_REQUEST_ID, new_request_id};
pub(crate) use time::without_zone;
