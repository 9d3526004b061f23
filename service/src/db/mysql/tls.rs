//! How the connection is protected.

use std::path::Path;

use sqlx::mysql::{MySqlConnectOptions, MySqlSslMode};

use crate::config::Tls;
use crate::db::{Error, Outage};

/// The roots that sign the certificates of RDS servers.
const RDS_ROOTS: &[u8] = include_bytes!("../../../certificates/rds-root-cas.pem");

pub(super) fn options(tls: &Tls) -> Result<MySqlConnectOptions, Error> {
    let options = MySqlConnectOptions::new();
    Ok(match tls {
        Tls::Off => options.ssl_mode(MySqlSslMode::Disabled),
        Tls::Preferred => options.ssl_mode(MySqlSslMode::Preferred),
        Tls::Verify { ca_file } => {
            let roots = ca_file.as_deref().map_or_else(|| Ok(RDS_ROOTS.to_vec()), read)?;
            options.ssl_mode(MySqlSslMode::VerifyIdentity).ssl_ca_from_pem(roots)
        }
    })
}

fn read(ca_file: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(ca_file).map_err(|error| {
        Error::unavailable(Outage::Tls, format!("DB_CA_FILE {} cannot be read: {error}", ca_file.display()))
    })
}
