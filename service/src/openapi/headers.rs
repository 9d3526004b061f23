//! The headers of requests that the document describes.

use utoipa::IntoParams;

/// `If-None-Match` of a request that reads.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
pub struct KnownParam {
    /// The `ETag` that the client has, or several
    #[param(rename = "If-None-Match", nullable = false)]
    pub if_none_match: Option<String>,
}

/// `If-Match` of a request that changes something.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
pub struct ConditionParams {
    /// The `ETag` of what the client has seen, or several; `*` for any. Required with `REQUIRE_IF_MATCH=true`
    #[param(
        rename = "If-Match",
        nullable = false,
        pattern = r#"^(\*|"[!#-~]*"(, *"[!#-~]*")*)$"#,
        example = "*"
    )]
    pub if_match: Option<String>,
}
