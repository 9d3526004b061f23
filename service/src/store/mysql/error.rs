//! What the server's error numbers mean for a request.
//! <https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html>

use std::io::ErrorKind;

use sqlx::mysql::MySqlDatabaseError;

use crate::store::{Error, Outage};
use crate::users::{self, UniqueField};

/// Why statements failed, as the pool and the repositories need to know it.
#[derive(Debug)]
pub(super) enum Failure {
    /// A unique key has the value already.
    Duplicate {
        /// The name of the key.
        key: String,
        cause: sqlx::Error,
    },
    /// Another transaction was in the way; this one was rolled back and can be run again.
    Contended(sqlx::Error),
    /// The connection is dead or of no more use. Whether the statement was carried out is not known.
    ConnectionLost(sqlx::Error),
    /// No answer came in time. Whether the statement was carried out is not known.
    TimedOut,
    /// Anything else.
    Store(Error),
}

impl Failure {
    /// Whether the connection is as good as before.
    pub(super) const fn keeps_connection(&self) -> bool {
        match self {
            Self::Duplicate { .. } | Self::Contended(_) => true,
            Self::ConnectionLost(_) | Self::TimedOut => false,
            Self::Store(error) => {
                !matches!(error, Error::Unavailable { reason: Outage::ReadOnly | Outage::Tls, .. })
            }
        }
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        let Some(server) = server_error(&error) else { return driver_failure(error) };
        let outage = match server.number() {
            1062 => return Self::Duplicate { key: key_name(server.message()).to_owned(), cause: error },
            1205 | 1213 | 1020 => return Self::Contended(error),
            1053 | 1077 | 1079 | 1152 | 1184 | 1317 | 1927 | 4031 => return Self::ConnectionLost(error),
            1040 | 1203 | 1226 => Outage::Busy,
            1044 | 1045 | 1142 | 1143 | 1227 | 1251 | 1396 | 1698 | 1820 | 1862 | 3118 | 3159 => {
                Outage::Credentials
            }
            1049 | 1051 | 1054 | 1146 | 1176 => Outage::NotMigrated,
            1290 | 1792 | 1836 => Outage::ReadOnly,
            1969 | 3024 => Outage::TimedOut,
            1021 | 1037 | 1038 | 1041 | 1114 => Outage::Full,
            _ => return Self::Store(Error::Internal(error.into())),
        };
        Self::Store(Error::unavailable(outage, error))
    }
}

fn driver_failure(error: sqlx::Error) -> Failure {
    match error {
        // What rustls refuses, such as a certificate, comes as invalid data on the socket.
        sqlx::Error::Io(ref io) if io.kind() == ErrorKind::InvalidData => {
            Failure::Store(Error::unavailable(Outage::Tls, error))
        }
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) => Failure::ConnectionLost(error),
        sqlx::Error::Tls(_) => Failure::Store(Error::unavailable(Outage::Tls, error)),
        error => Failure::Store(Error::Internal(error.into())),
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Duplicate { cause, .. } => Self::Internal(cause.into()),
            Failure::Contended(cause) => Self::unavailable(Outage::Contended, cause),
            Failure::ConnectionLost(cause) => Self::unavailable(Outage::Unreachable, cause),
            Failure::TimedOut => Self::unavailable(Outage::TimedOut, "no answer within the time limit"),
            Failure::Store(error) => error,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

impl From<Failure> for users::Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Duplicate { ref key, .. } if key == "idx_username" => Self::Taken(UniqueField::Username),
            Failure::Duplicate { ref key, .. } if key == "idx_email" => Self::Taken(UniqueField::Email),
            failure => Self::Store(failure.into()),
        }
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
    let key = end.rsplit_once('\'').map_or(end, |(_, key)| key);
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
}
