//! Signed requests to the API (Signature Version 4), with the HTTP client and the credentials that calls of other services of
//! AWS have. The SDK for this one call would be fifteen times as large.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_http_client::Connector;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorSettings};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use axum::http::{Request, header};
use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use tokio::sync::Mutex;

use crate::aws;
use crate::clock::{Clock, SystemClock};
use crate::config;
use crate::mail::sender::Cause;

/// How long a connection may take to be made, and then an answer to begin: as with a mail server.
const STEP_LIMIT: Duration = Duration::from_secs(15);
/// How much of an answer is read.
const MAX_ANSWER: usize = 64 * 1024;
/// The name of the service in signatures.
const SERVICE: &str = "ses";
const JSON: &str = "application/json";
/// Credentials are fetched anew so long before they end.
const RENEWAL: Duration = Duration::from_mins(5);

/// A client of one region or endpoint.
pub(super) struct Client {
    endpoint: String,
    region: String,
    connector: Connector,
    provider: Option<SharedCredentialsProvider>,
    /// Those that end, until then: to fetch them may be a call of its own.
    credentials: Mutex<Option<Credentials>>,
}

/// An answer, whatever it says.
pub(super) struct Answer {
    pub(super) status: u16,
    /// The kind of error, if there is one.
    pub(super) kind: Option<String>,
    pub(super) body: Bytes,
}

impl Client {
    pub(super) async fn new(config: &config::Ses) -> Self {
        let custom_endpoint = config.endpoint.is_some();
        let limits = HttpConnectorSettings::builder().connect_timeout(STEP_LIMIT).read_timeout(STEP_LIMIT);
        let connector = Connector::builder()
            .connector_settings(limits.build())
            .tls_provider(aws::TLS)
            .tls_context(aws::trust(custom_endpoint));
        let of_aws = || format!("https://email.{}.amazonaws.com", config.region);
        let configuration = Box::pin(aws::configuration(&config.region, custom_endpoint).load()).await;
        Self {
            endpoint: config.endpoint.clone().unwrap_or_else(of_aws),
            region: config.region.clone(),
            connector: connector.build(),
            provider: configuration.credentials_provider(),
            credentials: Mutex::new(None),
        }
    }

    /// Posts JSON.
    pub(super) async fn post(&self, path: &str, body: Vec<u8>) -> Result<Answer, Cause> {
        let now = SystemClock.now().into();
        let request = self.signed(path, body, now).await?;
        let response = self.call(request).await?;
        let (status, kind) = (response.status().as_u16(), response.headers().get("x-amzn-errortype"));
        let kind = kind.map(str::to_owned);
        let body = Limited::new(response.into_body(), MAX_ANSWER).collect().await?.to_bytes();
        Ok(Answer { status, kind, body })
    }

    async fn signed(&self, path: &str, body: Vec<u8>, now: SystemTime) -> Result<HttpRequest, Cause> {
        let identity = self.credentials(now).await?.into();
        let parameters = SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(SERVICE)
            .time(now)
            .settings(SigningSettings::default())
            .build()?
            .into();
        let url = format!("{}{path}", self.endpoint);
        let headers = [(header::CONTENT_TYPE.as_str(), JSON)];
        let signable = SignableRequest::new("POST", &*url, headers.into_iter(), SignableBody::Bytes(&body))?;
        let (signature, _) = sign(signable, &parameters)?.into_parts();
        let request = Request::post(&url).header(header::CONTENT_TYPE, JSON);
        let mut request = request.body(SdkBody::from(body))?;
        signature.apply_to_request_http1x(&mut request);
        Ok(request.try_into()?)
    }

    async fn credentials(&self, now: SystemTime) -> Result<Credentials, Cause> {
        let mut known = self.credentials.lock().await;
        let is_good = |known: &&Credentials| known.expiry().is_some_and(|end| end > now + RENEWAL);
        if let Some(known) = known.as_ref().filter(is_good) {
            return Ok(known.clone());
        }
        let provider = self.provider.as_ref().ok_or("there are no credentials")?;
        let credentials = provider.provide_credentials().await?;
        *known = Some(credentials.clone());
        Ok(credentials)
    }

    /// Sends a request; once more if the connection fails, for one that was kept may have been closed meanwhile.
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let again = request.try_clone();
        match (self.connector.call(request).await, again) {
            (Err(error), Some(again)) if !error.is_timeout() => self.connector.call(again).await,
            (outcome, _) => outcome,
        }
    }
}
