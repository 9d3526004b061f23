//! Where `serve` listens.

use std::net::SocketAddr;

use super::reader::Reader;
use super::setting::settings;

settings! {
    HOST = "0.0.0.0", "The address that serve listens on";
    PORT = "8000", "The port that serve listens on; 0 picks a free one";
}

pub(super) fn read(reader: &mut Reader<'_>) -> Option<SocketAddr> {
    let host = reader.get(&HOST).parsed("an IP address, such as 127.0.0.1");
    let port = reader.get(&PORT).port();
    Some(SocketAddr::new(host?, port?))
}
