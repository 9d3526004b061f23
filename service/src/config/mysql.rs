//! How to connect to a MySQL server.

use std::path::PathBuf;

use super::credentials::{self, Credentials};
use super::deployment::environment;
use super::reader::Reader;
use super::setting::settings;

settings! {
    DB_TLS = "preferred in dev; verify elsewhere and with a secret",
        "off, preferred (encrypted if the server supports it, not verified) or verify (certificate and host name)";
    DB_CA_FILE = "the authorities of Amazon RDS", "A PEM file of certificate authorities to trust instead, with DB_TLS=verify";
    DB_POOL_SIZE = "16; 1 in Lambda", "The maximum number of connections to MySQL";
}

/// How to connect to a MySQL server.
#[derive(Debug, Clone)]
pub struct Mysql {
    /// Where the credentials come from.
    pub credentials: Credentials,
    /// Whether the connection is encrypted and the server verified.
    pub tls: Tls,
    /// The maximum number of connections.
    pub pool_size: usize,
}

/// How the connection to MySQL is protected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tls {
    /// Not encrypted.
    Off,
    /// Encrypted if the server supports it; the server is not verified.
    Preferred,
    /// Encrypted, and the server's certificate must be valid for its host name.
    Verify {
        /// Certificate authorities in PEM; those of Amazon RDS by default.
        ca_file: Option<PathBuf>,
    },
}

pub(super) fn read(reader: &mut Reader<'_>, in_lambda: bool) -> Option<Mysql> {
    let environment = environment(reader);
    let deployed = in_lambda || environment != "dev";
    let credentials = credentials::read(reader, &environment, deployed);
    let from_secret = matches!(credentials, Some(Credentials::Secret(_)));
    let tls = tls(reader, deployed || from_secret);
    let pool_size = reader.get_or(&DB_POOL_SIZE, if in_lambda { "1" } else { "16" }).in_range(1..=1000);
    Some(Mysql { credentials: credentials?, tls: tls?, pool_size: pool_size? })
}

pub(super) fn tls(reader: &mut Reader<'_>, verify_by_default: bool) -> Option<Tls> {
    let ca_file = reader.optional(&DB_CA_FILE).map(PathBuf::from);
    if let Some(path) = &ca_file
        && let Err(error) = std::fs::metadata(path)
    {
        reader.problem(&DB_CA_FILE, format!("{} cannot be read: {error}", path.display()));
    }
    reader.get_or(&DB_TLS, if verify_by_default { "verify" } else { "preferred" }).choice(&[
        ("off", Tls::Off),
        ("preferred", Tls::Preferred),
        ("verify", Tls::Verify { ca_file }),
    ])
}
