//! The time of a log line.

use std::cell::RefCell;
use std::fmt::{self, Write};

use chrono::{DateTime, Utc};

thread_local! {
    /// The last second that this thread wrote, and its text: date and time change once a second, lines come by the
    /// thousand.
    static SECOND: RefCell<(i64, String)> = const { RefCell::new((0, String::new())) };
}

/// Writes a time as `2024-01-15T10:30:00.123456Z`.
pub(super) fn write(writer: &mut impl Write, time: DateTime<Utc>) -> fmt::Result {
    SECOND.with_borrow_mut(|(second, text)| {
        if *second != time.timestamp() || text.is_empty() {
            *second = time.timestamp();
            text.clear();
            write!(text, "{}", time.format("%Y-%m-%dT%H:%M:%S."))?;
        }
        writer.write_str(text)
    })?;
    write!(writer, "{:06}Z", time.timestamp_subsec_micros())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_to_the_microsecond() {
        for (seconds, nanoseconds, expected) in [
            (0, 0, "1970-01-01T00:00:00.000000Z"),
            (1_705_314_600, 123_456_789, "2024-01-15T10:30:00.123456Z"),
            (1_705_314_600, 1_000, "2024-01-15T10:30:00.000001Z"),
            (1_705_314_601, 0, "2024-01-15T10:30:01.000000Z"),
        ] {
            let mut text = String::new();
            write(&mut text, DateTime::from_timestamp(seconds, nanoseconds).unwrap()).unwrap();
            assert_eq!(text, expected);
        }
    }
}
