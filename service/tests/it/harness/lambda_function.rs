//! The executable as a Lambda function, and the events that it is sent.

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::program::Program;
use crate::harness::runtime_api::{Outcome, RuntimeApi, TIME_LIMIT};
use crate::harness::test_app::Answer;

/// A function and the Runtime API that it works for.
pub(crate) struct LambdaFunction {
    pub(crate) program: Program,
    api: RuntimeApi,
}

impl LambdaFunction {
    pub(crate) async fn start(variables: &[(&str, String)]) -> Self {
        Self::start_as("lambda", variables).await
    }

    /// By the subcommand that the function is for.
    pub(crate) async fn start_as(command: &str, variables: &[(&str, String)]) -> Self {
        Self::start_with(&[command], variables).await
    }

    /// With these arguments, or none.
    pub(crate) async fn start_with(arguments: &[&str], variables: &[(&str, String)]) -> Self {
        let api = RuntimeApi::start().await;
        let platform = [
            ("AWS_LAMBDA_RUNTIME_API", api.address()),
            ("AWS_LAMBDA_FUNCTION_NAME", "users".to_owned()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256".to_owned()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "stream".to_owned()),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "group".to_owned()),
            ("AWS_ACCESS_KEY_ID", "test-key".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test-secret".to_owned()),
        ];
        let variables: Vec<_> = platform.into_iter().chain(variables.iter().cloned()).collect();
        Self { program: Program::start(arguments, &variables), api }
    }

    /// On an SQLite file of its own.
    pub(crate) async fn on_sqlite() -> Self {
        Self::start(&[("DB_ENGINE", "sqlite".to_owned())]).await
    }

    /// The result of any event.
    pub(crate) async fn call(&self, event: Value) -> Outcome {
        self.api.invoke(event, TIME_LIMIT).await
    }

    /// The result of an event that need not be JSON.
    pub(crate) async fn call_text(&self, event: Vec<u8>) -> Outcome {
        self.api.invoke_text(event.into(), TIME_LIMIT).await
    }

    /// What the function answers to a request, as API Gateway would hand it on.
    pub(crate) async fn invoke(&self, event: Value) -> Answer {
        self.invoke_within(event, TIME_LIMIT).await
    }

    /// The same with another time limit; one below zero has passed already.
    pub(crate) async fn invoke_within(&self, event: Value, time_limit: TimeDelta) -> Answer {
        let answer = self.api.invoke(event, time_limit).await;
        let answer = answer.unwrap_or_else(|error| panic!("the function failed: {error}"));
        let mut headers = HeaderMap::new();
        for (name, value) in answer["headers"].as_object().unwrap() {
            let name: HeaderName = name.parse().unwrap();
            headers.insert(name, HeaderValue::from_str(value.as_str().unwrap()).unwrap());
        }
        let text = answer["body"].as_str().unwrap_or_default();
        let encoded = answer["isBase64Encoded"] == json!(true);
        let body = if encoded { BASE64.decode(text).unwrap() } else { text.as_bytes().to_vec() };
        let status = u16::try_from(answer["statusCode"].as_u64().unwrap()).unwrap();
        Answer { status: StatusCode::from_u16(status).unwrap(), headers, body: Bytes::from(body) }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.invoke(gateway_event("GET", path, None)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.invoke(gateway_event("POST", path, Some(&body.to_string()))).await
    }
}

/// An event of an API Gateway HTTP API, payload format 2.0.
pub(crate) fn gateway_event(method: &str, target: &str, body: Option<&str>) -> Value {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {
            "accept": "*/*", "content-type": "application/json", "host": "abc123.execute-api.us-east-1.amazonaws.com",
            "user-agent": "curl/8.5.0", "x-amzn-trace-id": "Root=1-67891233-abcdef012345678912345678",
            "x-forwarded-for": "203.0.113.7", "x-forwarded-port": "443", "x-forwarded-proto": "https",
        },
        "requestContext": {
            "accountId": "123456789012", "apiId": "abc123",
            "domainName": "abc123.execute-api.us-east-1.amazonaws.com", "domainPrefix": "abc123",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7",
                     "userAgent": "curl/8.5.0"},
            "requestId": "JKJaXmPLvHcESHA=", "routeKey": "$default", "stage": "$default",
            "time": "15/Jan/2024:10:30:00 +0000", "timeEpoch": 1_705_314_600_000_u64,
        },
        "body": body,
        "isBase64Encoded": false,
    })
}

/// An event of a Function URL: the same format, with the id of the URL in the place of the API's.
pub(crate) fn function_url_event(method: &str, target: &str, body: Option<&str>) -> Value {
    let mut event = gateway_event(method, target, body);
    let host = "abcdefgh.lambda-url.us-east-1.on.aws";
    event["headers"]["host"] = host.into();
    let context = event["requestContext"].as_object_mut().unwrap();
    context.insert("accountId".to_owned(), "anonymous".into());
    context.insert("apiId".to_owned(), "abcdefgh".into());
    context.insert("domainName".to_owned(), host.into());
    context.insert("domainPrefix".to_owned(), "abcdefgh".into());
    context.insert("requestId".to_owned(), "e1506fd5-9e7b-434f-bd42-4f8fa224b599".into());
    event
}
