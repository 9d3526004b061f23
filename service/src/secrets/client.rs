//! The client of AWS Secrets Manager.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_secretsmanager::Client;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};

use crate::config::Aws;

/// The root certificates of Amazon Trust Services, which every endpoint of AWS chains to. Loading the system's hundred or
/// more takes longer than the rest of a cold start.
const AMAZON_ROOTS: &str = include_str!("../../certificates/amazon-root-cas.pem");

/// The time limit of an attempt.
const ATTEMPT_LIMIT: Duration = Duration::from_millis(1200);
/// The time limit of a call with all its attempts.
const CALL_LIMIT: Duration = Duration::from_millis(2500);

/// A client for a region, or for the endpoint in `AWS_ENDPOINT_URL`.
pub async fn new_client(aws: &Aws) -> Client {
    let roots = if aws.custom_endpoint {
        TrustStore::empty().with_native_roots(true)
    } else {
        TrustStore::empty().with_native_roots(false).with_pem_certificate(AMAZON_ROOTS)
    };
    let mut http = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc));
    if let Ok(context) = TlsContext::builder().with_trust_store(roots).build() {
        http = http.tls_context(context);
    }
    let limits = TimeoutConfig::builder()
        .connect_timeout(ATTEMPT_LIMIT)
        .operation_attempt_timeout(ATTEMPT_LIMIT)
        .operation_timeout(CALL_LIMIT)
        .build();
    let config = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(aws.region.clone()))
        .http_client(http.build_https())
        .timeout_config(limits)
        .retry_config(
            RetryConfig::standard().with_max_attempts(2).with_initial_backoff(Duration::from_millis(50)),
        )
        .load()
        .await;
    Client::new(&config)
}
