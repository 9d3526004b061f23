//! The functions that administer the database and the secrets, invoked by a deploy and by Secrets Manager:
//! `migrate-lambda`, `rotate-secret` and `rotate-keys-lambda`.

mod account;
mod create_admin;
mod error;
mod migrate;
mod rotate;
mod rotate_keys;
mod version;

use std::pin::Pin;
use std::sync::Arc;

use lambda_http::lambda_runtime;
use serde_json::Value;

pub use self::error::Error;
use crate::config::{Administration, KeyRotation};
use crate::lambda_function;

/// A function, by what it does, with its configuration.
#[derive(Debug, Clone)]
pub enum Function {
    /// Migrates the database, and creates the application's account and secret; or makes an administrator.
    Migrate(Administration),
    /// Gives the application's account a new password.
    Rotate(Administration),
    /// Gives the service a new signing key.
    RotateKeys(KeyRotation),
}

/// Handles events until the sandbox is shut down. An error is reported to Lambda as a function error.
///
/// # Errors
/// If the Runtime API cannot be reached.
pub async fn run(function: Function) -> Result<(), lambda_runtime::Error> {
    let function = Arc::new(function);
    lambda_function::run(move |event| {
        let function = Arc::clone(&function);
        async move { handle(&function, event.payload).await }
    })
    .await
}

async fn handle(function: &Function, event: Value) -> Result<Value, Error> {
    // The futures of the SDK are nested deeper than the compiler follows.
    let work: Pin<Box<dyn Future<Output = Result<Value, Error>> + '_>> = match function {
        Function::Migrate(administration) if create_admin::is_wanted(&event) => {
            Box::pin(create_admin::create_admin(administration, event))
        }
        Function::Migrate(administration) => Box::pin(migrate::migrate(administration)),
        Function::Rotate(administration) => Box::pin(rotate::rotate(administration, event)),
        Function::RotateKeys(rotation) => Box::pin(rotate_keys::rotate(rotation, event)),
    };
    work.await
}
