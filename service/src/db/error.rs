//! Errors of the database, without types of any driver.

use std::time::Duration;

/// The cause of an error, for the log.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a statement or a transaction did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A unique key has the value already. The value is in no message: it may be personal data.
    #[error("the unique key {key} has the value already")]
    Duplicate {
        /// The name of the key: `idx_` and its columns, as in `idx_username`.
        key: String,
    },
    /// A foreign key refuses it: a row that it names is not there, or other rows still refer to the one that it removes.
    /// SQLite does not tell which.
    #[error("a foreign key refuses it")]
    ForeignKey(#[source] Cause),
    /// It may succeed later.
    #[error("{}", reason.detail())]
    Unavailable {
        /// The class of the reason.
        reason: Outage,
        /// Whether the database layer itself may try again.
        retry: Retry,
        /// For the log.
        #[source]
        cause: Cause,
    },
    /// It will not succeed later: an internal error of the service.
    #[error("the database refused a statement")]
    Internal(#[source] Cause),
}

/// Retry safety: whether and how a failed statement or transaction may be run again at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// It would fail again, or it may have been carried out.
    Never,
    /// It conflicted with another transaction and took no effect.
    AfterConflict,
    /// The connection was lost: only what is idempotent may be run again, on another connection.
    AfterReconnect,
}

impl Error {
    /// An outage and its cause.
    pub fn unavailable(reason: Outage, cause: impl Into<Cause>) -> Self {
        Self::Unavailable { reason, retry: Retry::Never, cause: cause.into() }
    }

    /// A conflict with another transaction.
    pub(super) fn conflict(cause: impl Into<Cause>) -> Self {
        Self::Unavailable { reason: Outage::Contended, retry: Retry::AfterConflict, cause: cause.into() }
    }

    /// The connection was lost, and with it the answer.
    pub(super) fn connection_lost(cause: impl Into<Cause>) -> Self {
        Self::Unavailable { reason: Outage::Unreachable, retry: Retry::AfterReconnect, cause: cause.into() }
    }

    /// The same for a commit, which is not sent again after a lost connection: whether it took effect is unknown.
    pub(super) fn of_commit(self) -> Self {
        match self {
            Self::Unavailable { reason, retry: Retry::AfterReconnect, cause } => {
                Self::unavailable(reason, cause)
            }
            error => error,
        }
    }

    pub(super) const fn retry(&self) -> Retry {
        match self {
            Self::Unavailable { retry, .. } => *retry,
            Self::Duplicate { .. } | Self::ForeignKey(_) | Self::Internal(_) => Retry::Never,
        }
    }

    /// Whether a unique key of this name has the value already.
    #[must_use]
    pub fn is_duplicate_of(&self, name: &str) -> bool {
        matches!(self, Self::Duplicate { key } if key == name)
    }
}

/// An error of a feature, which may come from the database: a transaction that fails with it may be run again.
pub(crate) trait DatabaseError: From<Error> {
    /// The error of the database, if it is one.
    fn database_error(&self) -> Option<&Error>;
}

impl DatabaseError for Error {
    fn database_error(&self) -> Option<&Error> {
        Some(self)
    }
}

/// Which pooled connections an error invalidates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Invalidation {
    /// None: the connection can be used again.
    None,
    /// This one, which is discarded; nothing is known of others.
    This,
    /// All that were made so far: what broke this one has most likely broken the others, too.
    All,
}

/// The class of an outage: shows an operator where to look.
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
    /// The schema does not exist.
    Missing,
    /// The tables are missing or older than the service.
    NotMigrated,
    /// Conflicts with other transactions, again and again.
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
            Self::Missing => "database_missing",
            Self::NotMigrated => "database_not_migrated",
            Self::Contended => "database_contended",
            Self::Full => "database_full",
            Self::Damaged => "database_damaged",
        }
    }

    /// A sentence for clients: what is wrong, without names of hosts or accounts.
    #[must_use]
    pub const fn detail(self) -> &'static str {
        match self {
            Self::Unreachable => "The database cannot be reached",
            Self::TimedOut => "The database did not answer in time",
            Self::Busy => "All database connections are in use",
            Self::Credentials => "The database credentials are missing or refused",
            Self::Tls => "The database connection could not be secured",
            Self::ReadOnly => "The database takes no writes for now",
            Self::Missing => "The database does not exist",
            Self::NotMigrated => "The database has not been migrated",
            Self::Contended => "The request conflicted with other requests",
            Self::Full => "The database has no space left",
            Self::Damaged => "The database file is damaged",
        }
    }

    /// How long a client should wait before trying again.
    #[must_use]
    pub const fn retry_after(self) -> Duration {
        match self {
            Self::Busy | Self::Contended => Duration::from_secs(1),
            Self::Unreachable | Self::TimedOut | Self::ReadOnly => Duration::from_secs(2),
            Self::Credentials
            | Self::Tls
            | Self::Missing
            | Self::NotMigrated
            | Self::Full
            | Self::Damaged => Duration::from_secs(30),
        }
    }
}
