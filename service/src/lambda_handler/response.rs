//! Converts a response of the router to payload format 2.0.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use http_body_util::BodyExt;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;

pub(super) async fn render(response: Response) -> ApiGatewayV2httpResponse {
    let (mut parts, body) = response.into_parts();
    // These have no body, and a gateway may wait for one that is announced. A 204 must not even say that it is empty (RFC 9110, section 8.6).
    if matches!(parts.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
        parts.headers.remove(header::CONTENT_LENGTH);
    }
    let mut rendered = ApiGatewayV2httpResponse::default();
    rendered.status_code = parts.status.as_u16().into();
    (rendered.headers, rendered.cookies) = single_values(parts.headers);
    (rendered.body, rendered.is_base64_encoded) = text_or_base64(body).await;
    rendered
}

/// The headers with one value for each name, as the format has them, and the values of `Set-Cookie`, which cannot be
/// joined.
fn single_values(mut headers: HeaderMap) -> (HeaderMap, Vec<String>) {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let cookies = headers.get_all(header::SET_COOKIE).iter().map(text).collect();
    headers.remove(header::SET_COOKIE);
    let repeated = headers.keys().filter(|name| headers.get_all(*name).iter().nth(1).is_some());
    for name in repeated.cloned().collect::<Vec<_>>() {
        let values: Vec<_> = headers.get_all(&name).iter().map(HeaderValue::as_bytes).collect();
        if let Ok(joined) = HeaderValue::from_bytes(&values.join(&b", "[..])) {
            headers.insert(name, joined);
        }
    }
    (headers, cookies)
}

/// A body as text if it is UTF-8, else in base64. Ours are made in memory: reading them cannot fail.
async fn text_or_base64(body: Body) -> (Option<lambda_http::Body>, bool) {
    let bytes = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    match String::from_utf8(bytes.into()) {
        Ok(text) if text.is_empty() => (None, false),
        Ok(text) => (Some(text.into()), false),
        Err(bytes) => (Some(BASE64.encode(bytes.as_bytes()).into()), true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_answer_without_a_body_announces_none() {
        for (status, length) in [(204, "0"), (304, "120")] {
            let response = Response::builder().status(status).header("content-length", length);
            let rendered = render(response.body(Body::empty()).unwrap()).await;
            assert_eq!(rendered.headers.get("content-length"), None, "{status}");
        }
    }

    #[tokio::test]
    async fn no_value_of_a_repeated_header_is_lost() {
        let response = Response::builder()
            .header("set-cookie", "a=1; Path=/")
            .header("set-cookie", "b=2")
            .header("vary", "accept")
            .header("vary", "origin")
            .header("allow", "GET");
        let rendered = render(response.body(Body::empty()).unwrap()).await;
        let answer = serde_json::to_value(rendered).unwrap();
        assert_eq!(answer["cookies"], serde_json::json!(["a=1; Path=/", "b=2"]));
        assert_eq!(answer["headers"], serde_json::json!({"vary": "accept, origin", "allow": "GET"}));
    }
}
