//! Why a database could not do its part, without a word of any driver.

use std::time::Duration;

/// What lies behind an error, for the log.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a statement did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It may succeed later.
    #[error("{}", reason.detail())]
    Unavailable {
        /// The class of the reason.
        reason: Outage,
        /// For the log.
        #[source]
        cause: Cause,
    },
    /// It will not succeed later: a fault of the service.
    #[error("the database refused a statement")]
    Internal(#[source] Cause),
}

impl Error {
    /// An outage and what lies behind it.
    pub fn unavailable(reason: Outage, cause: impl Into<Cause>) -> Self {
        Self::Unavailable { reason, cause: cause.into() }
    }
}

/// The class of an outage: tells an operator where to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outage {
    /// No connection, or a connection that broke.
    Unreachable,
    /// The server did not answer in time.
    TimedOut,
    /// All connections are in use, ours or the server's.
    Busy,
    /// The credentials are missing, malformed or refused.
    Credentials,
    /// TLS could not be agreed on, or the server's certificate is not trusted.
    Tls,
    /// The server takes no writes, as during a failover.
    ReadOnly,
    /// The tables are missing or older than the service.
    NotMigrated,
    /// Other transactions were in the way, again and again.
    Contended,
    /// No space or memory is left.
    Full,
    /// The database file is damaged or unreadable.
    Damaged,
}

impl Outage {
    /// The stable code of the class.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unreachable => "database_unreachable",
            Self::TimedOut => "database_timed_out",
            Self::Busy => "database_busy",
            Self::Credentials => "database_credentials",
            Self::Tls => "database_tls",
            Self::ReadOnly => "database_read_only",
            Self::NotMigrated => "database_not_migrated",
            Self::Contended => "database_contended",
            Self::Full => "database_full",
            Self::Damaged => "database_damaged",
        }
    }

    /// A sentence for a client: what is the matter, not where or with what.
    #[must_use]
    pub const fn detail(self) -> &'static str {
        match self {
            Self::Unreachable => "The database cannot be reached",
            Self::TimedOut => "The database did not answer in time",
            Self::Busy => "All database connections are in use",
            Self::Credentials => "The database credentials are missing or refused",
            Self::Tls => "The database connection could not be secured",
            Self::ReadOnly => "The database takes no writes for now",
            Self::NotMigrated => "The database has not been migrated",
            Self::Contended => "Other requests were in the way",
            Self::Full => "The database has no space left",
            Self::Damaged => "The database file is damaged",
        }
    }

    /// When trying again is worth it.
    #[must_use]
    pub const fn retry_after(self) -> Duration {
        match self {
            Self::Busy | Self::Contended => Duration::from_secs(1),
            Self::Unreachable | Self::TimedOut | Self::ReadOnly => Duration::from_secs(2),
            Self::Credentials | Self::Tls | Self::NotMigrated | Self::Full | Self::Damaged => {
                Duration::from_secs(30)
            }
        }
    }
}
