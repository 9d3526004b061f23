//! What every route has in common.

mod errors;
mod odd_paths;
mod openapi;
mod refused_heads;
mod request_framing;
mod response_headers;
