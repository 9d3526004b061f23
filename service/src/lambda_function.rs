//! What the functions of AWS Lambda that are no API have in common: events one after another, and how a failure is reported.

use lambda_http::LambdaEvent;
use lambda_http::lambda_runtime::{self, Diagnostic, service_fn};
use serde::Serialize;
use serde_json::Value;
use tracing::error;

use crate::error_chain::chain;
use crate::telemetry;

/// Why a function failed.
pub(crate) trait Failure: std::error::Error {
    /// The error type that Lambda reports.
    fn kind(&self) -> &'static str;
}

/// Handles events until the sandbox is shut down. An error is logged, and reported to Lambda as a function error.
///
/// # Errors
/// If the Runtime API cannot be reached.
pub(crate) async fn run<A, E, F>(
    handle: impl Fn(LambdaEvent<Value>) -> F,
) -> Result<(), lambda_runtime::Error>
where
    A: Serialize,
    E: Failure,
    F: Future<Output = Result<A, E>>,
{
    // The sandbox is frozen between events, and may be before the first one.
    telemetry::flush(telemetry::SHORT_LIMIT);
    lambda_runtime::run(service_fn(move |event| {
        let work = handle(event);
        async move {
            let answer = work.await.map_err(|error| diagnostic(&error));
            telemetry::end_invocation();
            answer
        }
    }))
    .await
}

fn diagnostic(error: &impl Failure) -> Diagnostic {
    let error_message = chain(error);
    error!(cause = error_message, "The function failed");
    Diagnostic { error_type: error.kind().to_owned(), error_message }
}
