//! Where requests to AWS go, and whether this is a Lambda function.

use super::reader::Reader;
use super::setting::settings;

settings! {
    AWS_REGION = "us-east-1", "The region of the secret";
    AWS_ENDPOINT_URL = "AWS itself", "Another endpoint for requests to AWS, as with any AWS SDK";
    AWS_ENDPOINT_URL_SECRETS_MANAGER = "AWS_ENDPOINT_URL", "The same for AWS Secrets Manager alone";
    AWS_LAMBDA_RUNTIME_API = "none", "Set by AWS Lambda; if it is set, the defaults for Lambda apply, and the command is lambda unless there is another";
}

/// Where requests to AWS go.
#[derive(Debug, Clone)]
pub struct Aws {
    /// The region.
    pub region: String,
    /// Whether requests go to another endpoint than AWS's own.
    pub custom_endpoint: bool,
}

pub(super) fn read(reader: &mut Reader<'_>) -> Aws {
    let endpoints = [AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_SECRETS_MANAGER];
    Aws {
        region: reader.get(&AWS_REGION).text(),
        custom_endpoint: endpoints.iter().any(|endpoint| reader.optional(endpoint).is_some()),
    }
}

/// Lambda sets the address of the Runtime API for every function, and nothing else does.
pub(super) fn in_lambda(reader: &mut Reader<'_>) -> bool {
    reader.optional(&AWS_LAMBDA_RUNTIME_API).is_some()
}
