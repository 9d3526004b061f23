//! The router as an AWS Lambda function behind an API Gateway HTTP API or a Function URL (payload format 2.0).

mod event;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use http_body_util::BodyExt;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use lambda_http::lambda_runtime::{self, service_fn};
use lambda_http::{Context, LambdaEvent};
use serde_json::Value;
use tokio::time::timeout;
use tower::Service as _;
use tracing::warn;

use crate::app::Service;
use crate::clock::{Clock, SystemClock};
use crate::http;
use crate::store::Store;
use crate::telemetry;

/// How much of the initialisation phase, of which Lambda allows ten seconds, may go to the first connection.
const INIT_LIMIT: Duration = Duration::from_secs(6);
/// How long before the function's deadline the answer must be on its way.
const RESERVE: Duration = Duration::from_millis(250);

/// Connects to the database, so that the first request finds a connection. A failure is logged and not fatal: requests
/// are answered 503 until it works, and each of them tries again.
pub async fn warm_up(store: Arc<dyn Store>) {
    match timeout(INIT_LIMIT, store.ready()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => warn!(cause = http::chain(&error), "Not ready yet"),
        Err(_) => warn!("Not ready yet: no connection within {} seconds", INIT_LIMIT.as_secs()),
    }
}

/// Answers events until the sandbox is shut down.
///
/// # Errors
/// If the Runtime API cannot be spoken to.
pub async fn run(service: Service) -> Result<(), lambda_runtime::Error> {
    // The sandbox is frozen between events, and may be before the first one.
    telemetry::flush(telemetry::SHORT_LIMIT);
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| {
        let service = service.clone();
        async move {
            let answer = answer(service, event).await;
            telemetry::flush(telemetry::SHORT_LIMIT);
            Ok::<_, Infallible>(answer)
        }
    }))
    .await
}

/// Answers one event. Whatever is in it, there is an answer: an error of the function would reach the client as a 500.
pub async fn answer(mut service: Service, event: LambdaEvent<Value>) -> ApiGatewayV2httpResponse {
    let LambdaEvent { payload, context } = event;
    let request = match event::read(payload) {
        Ok(request) => request,
        Err(problem) => return render(http::render(problem.into_response(), &context.request_id)).await,
    };
    let response = match timeout(time_left(&context), service.call(request)).await {
        Ok(Ok(response)) => response,
        Err(_) => http::render(http::out_of_time().into_response(), &context.request_id),
    };
    render(response).await
}

/// The time until the answer must be on its way.
fn time_left(context: &Context) -> Duration {
    let now = u64::try_from(SystemClock.now().timestamp_millis()).unwrap_or_default();
    Duration::from_millis(context.deadline.saturating_sub(now)).saturating_sub(RESERVE)
}

async fn render(response: Response) -> ApiGatewayV2httpResponse {
    let (parts, body) = response.into_parts();
    let mut rendered = ApiGatewayV2httpResponse::default();
    rendered.status_code = parts.status.as_u16().into();
    rendered.headers = parts.headers;
    (rendered.body, rendered.is_base64_encoded) = text_or_base64(body).await;
    rendered
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
