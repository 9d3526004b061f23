//! What every route has in common.

mod cors;
mod docs_page;
mod errors;
mod odd_paths;
pub(crate) mod openapi;
mod openapi_3_0;
mod refused_heads;
mod request_framing;
mod response_headers;
