//! Where `serve` listens.

use std::net::SocketAddr;

use super::reader::Reader;
use super::setting::settings;

settings! {
    HOST = "0.0.0.0", "The address that serve listens on";
    PORT = "8000", "The port that serve listens on; 0 picks a free one";
    METRICS_PORT = "off", "The port on which serve has metrics for Prometheus, at /metrics; off, or 0 to pick a free one";
}

pub(super) fn read(reader: &mut Reader<'_>) -> Option<SocketAddr> {
    let host = reader.get(&HOST).parsed("an IP address, such as 127.0.0.1");
    let port = reader.get(&PORT).port();
    Some(SocketAddr::new(host?, port?))
}

/// Where metrics are served; `Some(None)` is nowhere.
#[expect(clippy::option_option, reason = "None is a problem, as everywhere in the reader")]
pub(super) fn metrics(reader: &mut Reader<'_>, listen: Option<SocketAddr>) -> Option<Option<SocketAddr>> {
    let mut value = reader.get(&METRICS_PORT);
    if value.is("off") {
        return Some(None);
    }
    let port: u16 = value.parsed("off, or a port from 0 to 65535")?;
    let listen = listen?;
    if port == listen.port() && port != 0 {
        reader.problem(&METRICS_PORT, "is the same as PORT; it must be another");
        return None;
    }
    Some(Some(SocketAddr::new(listen.ip(), port)))
}
