//! Times in answers: UTC, in whole seconds, without a zone, as the Python service wrote them.

use chrono::{DateTime, SecondsFormat, Utc};

/// A time as answers show it: `2024-01-15T10:30:00`.
///
/// A `chrono` format pattern would be parsed for each time, which costs more than the rest of rendering a user.
pub(crate) fn without_zone(time: DateTime<Utc>) -> String {
    let mut text = time.to_rfc3339_opts(SecondsFormat::Secs, true);
    text.pop();
    text
}
