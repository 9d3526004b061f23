//! The client of AWS Secrets Manager.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_secretsmanager::Client;

use crate::aws;
use crate::config::Aws;

/// The time limit of an attempt.
const ATTEMPT_LIMIT: Duration = Duration::from_millis(1200);
/// The time limit of a call with all its attempts.
const CALL_LIMIT: Duration = Duration::from_millis(2500);

/// A client for a region, or for the endpoint in `AWS_ENDPOINT_URL`.
pub async fn new_client(aws: &Aws) -> Client {
    let limits = TimeoutConfig::builder()
        .connect_timeout(ATTEMPT_LIMIT)
        .operation_attempt_timeout(ATTEMPT_LIMIT)
        .operation_timeout(CALL_LIMIT)
        .build();
    let config = aws::configuration(&aws.region, aws.custom_endpoint)
        .timeout_config(limits)
        .retry_config(
            RetryConfig::standard().with_max_attempts(2).with_initial_backoff(Duration::from_millis(50)),
        )
        .load()
        .await;
    Client::new(&config)
}
