//! The one list of metrics, in the order of the answer and of docs/metrics.md.

/// A family of metrics, as `OpenMetrics` has it.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// The name of the family, which the suffix of the kind follows in a sample.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// The unit; the name ends with it.
    pub unit: Option<&'static str>,
    /// What it tells.
    pub help: &'static str,
    /// The names of its labels.
    pub labels: &'static [&'static str],
}

/// What a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// What only grows, until the process ends.
    Counter,
    /// What goes up and down.
    Gauge,
    /// How many there were up to each bound.
    Histogram,
    /// What does not change, in labels.
    Info,
}

impl Kind {
    /// The word of `OpenMetrics` for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::Info => "info",
        }
    }
}

/// Declares metrics: a constant for each, `NAME = kind "name", unit, [labels], "help";`, and the list of them.
macro_rules! metrics {
    ($($constant:ident = $kind:ident $name:literal, $unit:expr, $labels:expr, $help:literal;)+) => {
        $(
            pub(super) const $constant: Metric =
                Metric { name: $name, kind: Kind::$kind, unit: $unit, help: $help, labels: &$labels };
        )+
        /// Every metric.
        pub const METRICS: &[Metric] = &[$($constant),+];
    };
}

metrics! {
    BUILD = Info "users_service_build", None, ["version", "commit"], "What is running";
    START_TIME = Gauge "process_start_time_seconds", Some("seconds"), [], "When the process started, in seconds since 1970";
    REQUESTS = Counter "users_service_http_requests", None, ["route", "method", "status"],
        "Requests that were answered, or closed by their client before that";
    REQUEST_DURATION = Histogram "users_service_http_request_duration_seconds", Some("seconds"), ["route", "method"],
        "The time from the head of a request to the head of its answer";
    HTTP_CONNECTIONS = Gauge "users_service_http_connections_open", None, [], "Connections of clients";
    CONNECTIONS_OPEN = Gauge "users_service_db_connections_open", None, [], "Connections to the database";
    CONNECTIONS_IDLE = Gauge "users_service_db_connections_idle", None, [], "Connections to the database that nothing uses";
    CONNECTIONS_MAX = Gauge "users_service_db_connections_max", None, [], "How many connections to the database there may be";
    CONNECTION_WAITS = Counter "users_service_db_connection_waits", None, [],
        "Times that a connection to the database was not there at once: all were in use, or it was made or tested first";
    CONNECTION_WAIT_SECONDS = Counter "users_service_db_connection_wait_seconds", Some("seconds"), [],
        "The time that was spent waiting for connections to the database";
    CONNECTION_REFUSALS = Counter "users_service_db_connection_refusals", None, [],
        "Times that no connection to the database came free within two seconds";
    STATEMENTS = Counter "users_service_db_statements", None, ["outcome"],
        "Statements: ok, refused by a key, unavailable (the database or a connection), or failed";
    STATEMENT_RETRIES = Counter "users_service_db_retries", None, [],
        "Times that a statement or a transaction was tried again";
    HASHES = Counter "users_service_password_hashes", None, [], "Password hashes that were computed";
    HASH_SECONDS = Counter "users_service_password_hash_seconds", Some("seconds"), [], "The time that was spent on password hashes";
    HASH_REFUSALS = Counter "users_service_password_hash_refusals", None, [],
        "Password hashes that were refused because the queue was full or slow";
    MAILS = Counter "users_service_mails", None, ["outcome"],
        "Attempts to send a mail: sent, postponed, given_up, or undeliverable (not sent, because its address cannot be reached)";
    MAILS_WAITING = Gauge "users_service_mails_waiting", None, [],
        "Mails in the outbox after the last run of the job, of which 1000 are counted at most";
    MAILS_WAITING_SECONDS = Gauge "users_service_mails_waiting_seconds", Some("seconds"), [],
        "How long the oldest of these mails has been waiting";
    ADDRESSES_UNDELIVERABLE = Counter "users_service_addresses_undeliverable", None, [],
        "Notices that an address cannot be reached: a mail came back, or was reported as spam";
    REFRESH_TOKENS_REUSED = Counter "users_service_refresh_tokens_reused", None, [],
        "Refresh tokens that were used a second time, which ended their sessions";
    JOB_RUNS = Counter "users_service_job_runs", None, ["outcome"], "Runs of jobs: done, failed, or out_of_time";
    LIMIT_REFUSALS = Counter "users_service_limit_refusals", None, ["limit"], "Refusals by each limit";
    LOG_LINES_DROPPED = Counter "users_service_log_lines_dropped", None, [], "Log lines that could not be written in time";
}
