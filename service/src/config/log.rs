//! What is logged, and how.

use tracing::level_filters::LevelFilter;

use super::reader::Reader;
use super::setting::settings;

settings! {
    LOG_LEVEL = "INFO", "DEBUG, INFO, WARNING, ERROR or OFF; DEBUG also logs each statement's name and time";
    LOG_FORMAT = "text at a terminal; json elsewhere", "text or json";
}

/// What is logged, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Log {
    /// The least severe level that is written.
    pub level: LevelFilter,
    /// One line of text, or one JSON object, for each event. By default text at a terminal, and JSON elsewhere.
    pub format: Option<LogFormat>,
}

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For a person at a terminal.
    Text,
    /// For a log service.
    Json,
}

/// The names of the levels, those of Python's `logging` among them.
const LEVELS: [(&str, LevelFilter); 8] = [
    ("TRACE", LevelFilter::TRACE),
    ("DEBUG", LevelFilter::DEBUG),
    ("INFO", LevelFilter::INFO),
    ("WARN", LevelFilter::WARN),
    ("WARNING", LevelFilter::WARN),
    ("ERROR", LevelFilter::ERROR),
    ("CRITICAL", LevelFilter::ERROR),
    ("OFF", LevelFilter::OFF),
];

pub(super) fn read(reader: &mut Reader<'_>, in_lambda: bool) -> Option<Log> {
    let level = reader.get(&LOG_LEVEL).choice(&LEVELS);
    let format = if in_lambda || reader.optional(&LOG_FORMAT).is_some() {
        let words = [("text", LogFormat::Text), ("json", LogFormat::Json)];
        reader.get_or(&LOG_FORMAT, "json").choice(&words).map(Some)
    } else {
        Some(None)
    };
    Some(Log { level: level?, format: format? })
}
