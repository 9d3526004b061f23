//! What every route has in common.

mod cors;
mod errors;
mod odd_paths;
pub(crate) mod openapi;
mod refused_heads;
mod request_framing;
mod response_headers;
