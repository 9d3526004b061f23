//! The router as an AWS Lambda function behind an API Gateway HTTP API or a Function URL (payload format 2.0).

mod event;
mod response;

use std::convert::Infallible;
use std::time::{Duration, Instant};

use axum::http::HeaderValue;
use axum::response::IntoResponse;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use lambda_http::lambda_runtime::{self, service_fn};
use lambda_http::{Context, LambdaEvent};
use serde_json::Value;
use tokio::time::timeout;
use tower::Service as _;
use tracing::warn;

use self::response::render;
use crate::app::{Service, router};
use crate::app_state::AppState;
use crate::clock::{Clock, SystemClock, monotonic};
use crate::db::Database;
use crate::error_chain::chain;
use crate::http::{self, PlatformDeadline};
use crate::telemetry;

/// How much of the initialisation phase, of which Lambda allows ten seconds, may go to the first connection.
const INIT_LIMIT: Duration = Duration::from_secs(6);
/// How long before the function's deadline the answer must be on its way.
const RESERVE: Duration = Duration::from_millis(250);

/// Connects to the database, so that the first request finds a connection. A failure is logged and not fatal: requests
/// are answered 503 until it works, and each of them tries again.
pub async fn warm_up(database: &Database) {
    match timeout(INIT_LIMIT, database.ready()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => warn!(cause = chain(&error), "Not ready yet"),
        Err(_) => warn!("Not ready yet: no connection within {} seconds", INIT_LIMIT.as_secs()),
    }
}

/// Answers events until the sandbox is shut down.
///
/// # Errors
/// If the Runtime API cannot be reached.
pub async fn run(state: AppState) -> Result<(), lambda_runtime::Error> {
    let service = router(state);
    // The sandbox is frozen between events, and may be before the first one.
    telemetry::flush(telemetry::SHORT_LIMIT);
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| {
        let service = service.clone();
        async move {
            let answer = answer(service, event).await;
            telemetry::end_invocation();
            Ok::<_, Infallible>(answer)
        }
    }))
    .await
}

/// Answers one event, even a malformed one: a function error would reach the client as a 500.
pub async fn answer(mut service: Service, event: LambdaEvent<Value>) -> ApiGatewayV2httpResponse {
    let LambdaEvent { payload, context } = event;
    let mut request = match event::read(payload) {
        Ok(request) => request,
        Err(problem) => {
            warn!(request_id = context.request_id, "The event is not an HTTP request");
            let id = HeaderValue::from_str(&context.request_id).unwrap_or_else(|_| http::new_request_id());
            return render(http::render(problem.into_response(), id)).await;
        }
    };
    if let Some(deadline) = deadline(&context) {
        request.extensions_mut().insert(PlatformDeadline(deadline));
    }
    let Ok(response) = service.call(request).await;
    render(response).await
}

/// When the answer must be on its way, if that is known. Lambda hands out no event whose time is over: a deadline that has
/// passed comes from an emulator that knows none, such as `cargo lambda watch`, which sends one in 1970.
pub(crate) fn deadline(context: &Context) -> Option<Instant> {
    let now = u64::try_from(SystemClock.now().timestamp_millis()).ok()?;
    let left = context.deadline.checked_sub(now)?;
    monotonic().checked_add(Duration::from_millis(left).saturating_sub(RESERVE))
}
