//! Who is told what the process has counted.

use std::net::{IpAddr, SocketAddr};

use super::aws;
use super::reader::Reader;
use super::setting::settings;

settings! {
    METRICS_PORT = "off", "The port on which serve has metrics for Prometheus, at /metrics; off, or 0 to pick a free one";
    METRICS_HOST = "127.0.0.1", "The address that this port is on; 0.0.0.0 lets other machines scrape it";
    METRICS_EMF = "sparse", "What a Lambda function logs for CloudWatch to make metrics of: all, sparse (not what nearly every request has) or off";
}

/// Who is told what the process has counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metrics {
    /// Where `serve` has metrics, if it does.
    pub listen: Option<SocketAddr>,
    /// What a function of AWS Lambda logs, if it does.
    pub lines: Option<MetricLines>,
}

/// Lines that `CloudWatch` makes metrics of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricLines {
    /// The name of the function, which the metrics are told apart by.
    pub function: String,
    /// The version of it, which the metrics of a release are told apart by.
    pub version: String,
    /// Whether what nearly every request has is in them, so that there is one for each.
    pub with_usual: bool,
}

pub(super) fn read(reader: &mut Reader<'_>, listen: Option<SocketAddr>) -> Option<Metrics> {
    let host = reader.get(&METRICS_HOST).parsed("an IP address, such as 127.0.0.1");
    let port = port(reader, listen);
    let lines =
        reader.get(&METRICS_EMF).choice(&[("all", Some(true)), ("sparse", Some(false)), ("off", None)]);
    let (function, version) = (aws::function_name(reader), aws::function_version(reader));
    let (host, port, lines): (IpAddr, _, _) = (host?, port?, lines?);
    Some(Metrics {
        listen: port.map(|port| SocketAddr::new(host, port)),
        lines: lines.map(|with_usual| MetricLines { function, version, with_usual }),
    })
}

/// The port; `Some(None)` is none.
#[expect(clippy::option_option, reason = "None is a problem, as everywhere in the reader")]
fn port(reader: &mut Reader<'_>, listen: Option<SocketAddr>) -> Option<Option<u16>> {
    let mut value = reader.get(&METRICS_PORT);
    if value.is("off") {
        return Some(None);
    }
    let port: u16 = value.parsed("off, or a port from 0 to 65535")?;
    if port != 0 && listen.is_some_and(|listen| listen.port() == port) {
        reader.problem(&METRICS_PORT, "is the same as PORT; it must be another");
        return None;
    }
    Some(Some(port))
}
