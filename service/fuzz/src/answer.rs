//! An answer, over HTTP or from the Lambda function, and what every answer must be.

use axum::http::HeaderMap;
use axum::response::Response;
use http_body_util::BodyExt;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use serde_json::Value;

/// The members of a problem (RFC 9457), but for `errors`, which not every one has.
const MEMBERS: [&str; 6] = ["code", "detail", "request_id", "status", "title", "type"];

/// A complete answer.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// The body, as text: the service sends no other.
    pub body: String,
}

impl Answer {
    pub(crate) async fn of_router(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("answers are made in memory").to_bytes();
        let body = String::from_utf8(body.into()).expect("answers are text");
        Self { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    pub(crate) fn of_function(response: ApiGatewayV2httpResponse) -> Self {
        assert!(!response.is_base64_encoded, "answers are text");
        let body = match response.body {
            Some(lambda_http::Body::Text(text)) => text,
            Some(_) => panic!("a body that is no text"),
            None => String::new(),
        };
        let status = u16::try_from(response.status_code).expect("a status has three digits");
        Self { status, headers: response.headers, body }
    }

    /// A header; empty if there is none.
    ///
    /// # Panics
    /// If it is not ASCII.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("headers are ASCII"))
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// If it is not.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("the body is JSON")
    }

    /// Whether it is a document or a part of the page, which may be kept. Their tags are shorter than that of a user.
    fn is_public(&self) -> bool {
        let may_be_kept =
            ["no-cache", "immutable"].iter().any(|word| self.header("cache-control").contains(word));
        may_be_kept && self.status < 400 && self.header("etag").len() < 34
    }

    /// Checks what every answer must be: no input causes an internal error, and every refusal is a complete problem
    /// document.
    pub(crate) fn check(&self) {
        assert!(self.status < 500, "{self:?}");
        let id = self.header("x-request-id");
        assert!((1..=128).contains(&id.len()), "{self:?}");
        assert_eq!(self.header("x-content-type-options"), "nosniff", "{self:?}");
        assert!(self.header("cache-control") == "no-store" || self.is_public(), "{self:?}");
        if self.status < 400 || self.body.is_empty() {
            return;
        }
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        let problem = self.json();
        let members = problem.as_object().expect("a problem is an object").keys();
        let members: Vec<_> = members.map(String::as_str).filter(|member| *member != "errors").collect();
        assert_eq!(members, MEMBERS, "{self:?}");
        assert_eq!(problem["status"], self.status, "{self:?}");
        assert_eq!(problem["request_id"], id, "{self:?}");
        assert!(self.status != 422 || problem["errors"].is_array(), "{self:?}");
    }
}
