//! The executable as Lambda functions.

mod administration;
mod lambda_event;
mod lambda_program;
mod metrics;
