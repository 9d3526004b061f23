//! The functions that administer the database, invoked by a deploy and by Secrets Manager: `migrate-lambda` and
//! `rotate-secret`.

mod account;
mod error;
mod migrate;
mod rotate;

use std::sync::Arc;

use lambda_http::LambdaEvent;
use lambda_http::lambda_runtime::{self, Diagnostic, service_fn};
use serde_json::Value;
use tracing::error;

pub use self::error::Error;
use crate::config::Administration;
use crate::http::chain;
use crate::telemetry;

/// A function, by what it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// Migrates the database, and creates the application's account and secret.
    Migrate,
    /// Gives the application's account a new password.
    Rotate,
}

/// Handles events until the sandbox is shut down. An error is reported to Lambda as a function error.
///
/// # Errors
/// If the Runtime API cannot be reached.
pub async fn run(function: Function, administration: Administration) -> Result<(), lambda_runtime::Error> {
    let administration = Arc::new(administration);
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| {
        let administration = Arc::clone(&administration);
        async move {
            let answer = handle(function, &administration, event.payload).await;
            // The sandbox is frozen once the answer is out.
            telemetry::flush(telemetry::SHORT_LIMIT);
            answer
        }
    }))
    .await
}

async fn handle(
    function: Function,
    administration: &Administration,
    event: Value,
) -> Result<Value, Diagnostic> {
    let result = match function {
        Function::Migrate => migrate::migrate(administration).await,
        Function::Rotate => rotate::rotate(administration, event).await,
    };
    result.map_err(|error| {
        let error_message = chain(&error);
        error!(cause = error_message, "The function failed");
        Diagnostic { error_type: error.kind().to_owned(), error_message }
    })
}
