//! What the clients of services of AWS have in common: whom they trust, and the credentials of the process.

use aws_config::{BehaviorVersion, ConfigLoader, Region};
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};

/// The root certificates of Amazon Trust Services, which every endpoint of AWS chains to. Loading the system's hundred or
/// more takes longer than the rest of a cold start.
const AMAZON_ROOTS: &str = include_str!("../certificates/amazon-root-cas.pem");

/// The one TLS stack.
pub(crate) const TLS: Provider = Provider::Rustls(CryptoMode::AwsLc);

/// Whom a client trusts: Amazon, or at another endpoint than AWS's own whom the machine trusts.
pub(crate) fn trust(custom_endpoint: bool) -> TlsContext {
    let roots = if custom_endpoint {
        TrustStore::empty().with_native_roots(true)
    } else {
        TrustStore::empty().with_native_roots(false).with_pem_certificate(AMAZON_ROOTS)
    };
    TlsContext::builder().with_trust_store(roots).build().unwrap_or_default()
}

/// A configuration with the credentials of the process, wherever it runs: the environment, as in Lambda, the profile, or the
/// role of the container or the machine.
pub(crate) fn configuration(region: &str, custom_endpoint: bool) -> ConfigLoader {
    let http = aws_smithy_http_client::Builder::new().tls_provider(TLS).tls_context(trust(custom_endpoint));
    aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(region.to_owned()))
        .http_client(http.build_https())
}
