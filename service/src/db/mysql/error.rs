//! What the server's error numbers mean for a request.
//! <https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html>

use std::io::ErrorKind;

use sqlx::mysql::MySqlDatabaseError;

use crate::db::error::Invalidation;
use crate::db::{Error, Outage};

/// What an error means, and which connections it invalidates.
pub(in crate::db) fn classify(error: sqlx::Error) -> (Error, Invalidation) {
    let Some(server) = server_error(&error) else { return of_driver(error) };
    let (outage, invalidation) = match server.number() {
        1062 => return (Error::Duplicate { key: key_name(server.message()).to_owned() }, Invalidation::None),
        1216 | 1217 | 1451 | 1452 => return (Error::ForeignKey(error.into()), Invalidation::None),
        1020 | 1205 | 1213 => return (Error::conflict(error), Invalidation::None),
        // An administrator killed this statement or this connection.
        1317 | 1927 => return (Error::connection_lost(error), Invalidation::This),
        // The server is shutting down, or has closed the connection.
        1053 | 1077 | 1079 | 1152 | 1184 | 4031 => return (Error::connection_lost(error), Invalidation::All),
        1040 | 1203 | 1226 => (Outage::Busy, Invalidation::None),
        1044 | 1045 | 1142 | 1143 | 1227 | 1251 | 1396 | 1698 | 1820 | 1862 | 3118 | 3159 => {
            (Outage::Credentials, Invalidation::None)
        }
        1049 => (Outage::Missing, Invalidation::None),
        1051 | 1054 | 1146 | 1176 => (Outage::NotMigrated, Invalidation::None),
        1290 | 1792 | 1836 => (Outage::ReadOnly, Invalidation::All),
        1969 | 3024 => (Outage::TimedOut, Invalidation::None),
        1021 | 1037 | 1038 | 1041 | 1114 => (Outage::Full, Invalidation::None),
        _ => return (Error::Internal(error.into()), Invalidation::None),
    };
    (Error::unavailable(outage, error), invalidation)
}

fn of_driver(error: sqlx::Error) -> (Error, Invalidation) {
    match error {
        // rustls reports what it rejects, such as a certificate, as invalid data on the socket.
        sqlx::Error::Io(ref io) if io.kind() == ErrorKind::InvalidData => {
            (Error::unavailable(Outage::Tls, error), Invalidation::This)
        }
        sqlx::Error::Io(_) => (Error::connection_lost(error), Invalidation::All),
        sqlx::Error::Protocol(_) => (Error::connection_lost(error), Invalidation::This),
        sqlx::Error::Tls(_) => (Error::unavailable(Outage::Tls, error), Invalidation::This),
        error => (Error::Internal(error.into()), Invalidation::None),
    }
}

/// Whether the server refused the user or the password.
pub(super) fn is_access_denied(error: &sqlx::Error) -> bool {
    server_error(error).is_some_and(|error| matches!(error.number(), 1045 | 1698 | 3118))
}

fn server_error(error: &sqlx::Error) -> Option<&MySqlDatabaseError> {
    error.as_database_error().and_then(|error| error.try_downcast_ref())
}

/// The name of the key in `Duplicate entry '…' for key 'users.idx_email'`; MariaDB leaves the table out. Only the end
/// of the message is the server's own: what comes before it holds the value that the client sent.
fn key_name(message: &str) -> &str {
    let end = message.strip_suffix('\'').unwrap_or(message);
    let key = end.rsplit_once('\'').map_or("", |(_, key)| key);
    key.rsplit_once('.').map_or(key, |(_, key)| key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_read_from_the_end_of_the_message() {
        assert_eq!(key_name("Duplicate entry 'a@b.com' for key 'users.idx_email'"), "idx_email");
        assert_eq!(key_name("Duplicate entry 'ada' for key 'idx_username'"), "idx_username");
        let forged = "Duplicate entry 'x' for key 'idx_email'' for key 'users.idx_username'";
        assert_eq!(key_name(forged), "idx_username");
    }

    #[test]
    fn a_message_of_another_form_names_no_key() {
        assert_eq!(key_name("Duplicate entry of ada"), "");
    }
}
