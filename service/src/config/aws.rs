//! Where requests to AWS go, and whether this is a Lambda function.

use url::Url;

use super::reader::Reader;
use super::setting::settings;

settings! {
    AWS_REGION = "us-east-1", "The region of the secrets, and of Amazon SES with MAIL=ses";
    AWS_ENDPOINT_URL = "AWS itself", "Another endpoint for requests to AWS, as with any AWS SDK";
    AWS_ENDPOINT_URL_SECRETS_MANAGER = "AWS_ENDPOINT_URL", "The same for AWS Secrets Manager alone";
    AWS_ENDPOINT_URL_SESV2 = "AWS_ENDPOINT_URL", "The same for Amazon SES alone";
    AWS_LAMBDA_FUNCTION_NAME = "none", "Set by AWS Lambda; the dimension of the metrics that METRICS_EMF is about";
    AWS_LAMBDA_FUNCTION_VERSION = "none", "Set by AWS Lambda; a further dimension of the metric ServerErrors";
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE = "none", "Set by AWS Lambda, in MB";
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

/// Another endpoint than AWS's own, if there is one, without a slash at its end.
pub(super) struct Endpoint(pub(super) Option<String>);

pub(super) fn ses_endpoint(reader: &mut Reader<'_>) -> Option<Endpoint> {
    for setting in [&AWS_ENDPOINT_URL_SESV2, &AWS_ENDPOINT_URL] {
        let Some(text) = reader.optional(setting) else { continue };
        let url = Url::parse(&text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        if url.is_none_or(|url| url.query().is_some() || url.fragment().is_some()) {
            reader.problem(setting, format!("is {text:?}; it must be a URL such as http://localhost:5000"));
            return None;
        }
        return Some(Endpoint(Some(text.trim_end_matches('/').to_owned())));
    }
    Some(Endpoint(None))
}

/// The name of the function of AWS Lambda that this is; elsewhere it is empty.
pub(super) fn function_name(reader: &mut Reader<'_>) -> String {
    reader.optional(&AWS_LAMBDA_FUNCTION_NAME).unwrap_or_default()
}

/// The version of it.
pub(super) fn function_version(reader: &mut Reader<'_>) -> String {
    reader.optional(&AWS_LAMBDA_FUNCTION_VERSION).unwrap_or_default()
}

/// What Lambda sets for every function. `lambda_runtime` panics where one of these is missing.
pub(super) fn require_lambda(reader: &mut Reader<'_>) -> Option<()> {
    let wanted = "what AWS Lambda, or cargo lambda watch, sets it to";
    for setting in [&AWS_LAMBDA_RUNTIME_API, &AWS_LAMBDA_FUNCTION_NAME, &AWS_LAMBDA_FUNCTION_VERSION] {
        reader.required(setting, wanted);
    }
    reader.required(&AWS_LAMBDA_FUNCTION_MEMORY_SIZE, wanted)?;
    reader.get(&AWS_LAMBDA_FUNCTION_MEMORY_SIZE).parsed::<i32>("a number of MB").map(drop)
}

/// Lambda sets the address of the Runtime API for every function, and nothing else does.
pub(super) fn in_lambda(reader: &mut Reader<'_>) -> bool {
    reader.optional(&AWS_LAMBDA_RUNTIME_API).is_some()
}
