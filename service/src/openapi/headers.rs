//! The headers of requests that the document describes.

use utoipa::IntoParams;

/// `If-None-Match` of a request that reads.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
pub struct KnownParam {
    /// The `ETag` that the client has, or several
    #[param(rename = "If-None-Match", nullable = false, example = "\"0123456789abcdeffedcba9876543210\"")]
    pub if_none_match: Option<String>,
}

/// `Cache-Control` of a request that reads.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
pub struct CacheControlParam {
    /// With `CACHE_TTL`, an answer that is fresh (`no-cache`), not older than so many seconds (`max-age=5`), or not kept
    /// (`no-store`)
    #[param(rename = "Cache-Control", nullable = false, example = "no-cache")]
    pub cache_control: Option<String>,
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

/// `Idempotency-Key` of a request that adds something.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
pub struct IdempotencyKeyParam {
    /// The same when the request is sent again, and never that of another: a UUID, in double quotes or bare. It is remembered for
    /// 24 hours (draft-ietf-httpapi-idempotency-key-header-07)
    #[param(
        rename = "Idempotency-Key",
        nullable = false,
        pattern = r#"^("([ !#-\[\]-~]|\\["\\]){1,255}"|[!#-+\--:<-\[\]-~]{1,255})$"#,
        example = "\"8e03978e-40d5-43e8-bc93-6894a57f9324\""
    )]
    pub idempotency_key: Option<String>,
}
