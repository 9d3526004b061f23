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

/// What a function does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Job {
    /// Migrates the database and provides the application's account.
    Migrate,
    /// Gives the application's account a new password.
    Rotate,
}

/// Does the job for each event until the sandbox is shut down. A failure is a function error with a message.
///
/// # Errors
/// If the Runtime API cannot be spoken to.
pub async fn run(job: Job, administration: Administration) -> Result<(), lambda_runtime::Error> {
    let administration = Arc::new(administration);
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| {
        let administration = Arc::clone(&administration);
        async move {
            let answer = answer(job, &administration, event.payload).await;
            // The sandbox is frozen once the answer is out.
            telemetry::flush(telemetry::SHORT_LIMIT);
            answer
        }
    }))
    .await
}

async fn answer(job: Job, administration: &Administration, event: Value) -> Result<Value, Diagnostic> {
    let result = match job {
        Job::Migrate => migrate::migrate(administration).await,
        Job::Rotate => rotate::rotate(administration, event).await,
    };
    result.map_err(|error| {
        let error_message = chain(&error);
        error!(cause = error_message, "The job failed");
        Diagnostic { error_type: error.kind().to_owned(), error_message }
    })
}
