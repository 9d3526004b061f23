//! Log lines for a machine: one JSON object each.

use std::borrow::Cow;
use std::fmt::{self, Write};

use chrono::{DateTime, Utc};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::timestamp;
use super::value::Values;
use crate::clock::{Clock, SystemClock};
use crate::request_context::{trace_parent, with_request_id};

/// The time, the level, the fields of the event, and the request's id. There are no spans: the service makes none, and those of
/// libraries are below the level from which on their events are written.
pub(super) struct Json;

/// What the line of an answer fits into.
const TYPICAL_LENGTH: usize = 512;

impl<S, N> FormatEvent<S, N> for Json
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        // Put together here: a line has forty pieces, and each call of the writer is a dynamic one.
        let mut line = String::with_capacity(TYPICAL_LENGTH);
        begin(&mut line, *event.metadata().level(), SystemClock.now())?;
        let mut members = Members { writer: &mut line, values: Values::new(escape), result: Ok(()) };
        event.record(&mut members);
        members.result?;
        with_request_id(|id| id.map_or(Ok(()), |id| write_text(&mut line, "request_id", id)))?;
        if let Some(trace) = trace_parent() {
            // Hexadecimal digits alone.
            write!(line, r#","trace_id":"{}","parent_id":"{}""#, trace.trace_id(), trace.parent_id())?;
        }
        line.push_str("}\n");
        writer.write_str(&line)
    }
}

/// A line that says how many others are missing.
pub(super) fn dropped(count: u64) -> String {
    let mut line = String::new();
    // Writing to a string does not fail.
    let _ = begin(&mut line, Level::WARN, SystemClock.now());
    let _ = writeln!(line, r#","message":"Log lines were dropped","dropped":{count}}}"#);
    line
}

/// The beginning of every line.
pub(super) fn begin(writer: &mut impl Write, level: Level, now: DateTime<Utc>) -> fmt::Result {
    writer.write_str(r#"{"timestamp":""#)?;
    timestamp::write(writer, now)?;
    writer.write_str(r#"","level":""#)?;
    writer.write_str(level.as_str())?;
    writer.write_str("\"")
}

/// A further member of a line, whose value may be any text.
pub(super) fn write_text(writer: &mut impl Write, name: &str, value: &str) -> fmt::Result {
    writer.write_str(",\"")?;
    writer.write_str(name)?;
    writer.write_str("\":\"")?;
    Values::new(escape).write_str(writer, value)?;
    writer.write_str("\"")
}

/// Writes the members of an object, each after a comma.
struct Members<'a, W> {
    writer: &'a mut W,
    values: Values,
    result: fmt::Result,
}

impl<W: Write> Members<'_, W> {
    fn write(&mut self, field: &Field, value: impl FnOnce(&mut Self) -> fmt::Result) {
        if self.result.is_ok() {
            self.result = self.write_name(field).and_then(|()| value(self));
        }
    }

    fn write_name(&mut self, field: &Field) -> fmt::Result {
        self.writer.write_str(",\"")?;
        self.writer.write_str(field.name())?;
        self.writer.write_str("\":")
    }

    fn write_plain(&mut self, field: &Field, value: impl fmt::Display) {
        self.write(field, |members| write!(members.writer, "{value}"));
    }

    fn write_string(&mut self, field: &Field, value: impl FnOnce(&mut Values, &mut W) -> fmt::Result) {
        self.write(field, |Self { writer, values, .. }| {
            writer.write_str("\"")?;
            value(values, writer)?;
            writer.write_str("\"")
        });
    }
}

impl<W: Write> Visit for Members<'_, W> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() {
            self.write_plain(field, value);
        } else {
            // JSON has no infinities.
            self.write_plain(field, "null");
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.write_plain(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.write_plain(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.write_plain(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.write_string(field, |values, writer| values.write_str(writer, value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.write_string(field, |values, writer| values.write_debug(writer, value));
    }
}

/// What stands for a character in a JSON string (RFC 8259, section 7). U+007F to U+009F are escaped too: they move a
/// terminal's cursor.
fn escape(character: char) -> Option<Cow<'static, str>> {
    match character {
        '"' => Some("\\\"".into()),
        '\\' => Some("\\\\".into()),
        // Control characters are below U+00A0.
        control if control.is_control() => Some(format!("\\u{:04x}", u32::from(control)).into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_is_read_back_as_it_was() {
        let all: String = (0..0x180).filter_map(char::from_u32).collect();
        for text in ["", "a", "\"", "\\\"\\", "line\nline\r\t\0", "é\u{85}\u{a0}\u{202e}😀", &all] {
            let mut line = String::new();
            Values::new(escape).write_str(&mut line, text).unwrap();
            assert_eq!(serde_json::from_str::<String>(&format!("\"{line}\"")).unwrap(), text, "{line}");
            assert!(!line.contains(char::is_control), "{line}");
        }
    }

    #[test]
    fn what_was_dropped_is_said_in_one_object() {
        let line: serde_json::Value = serde_json::from_str(&dropped(17)).unwrap();
        assert_eq!((&line["level"], &line["dropped"]), (&"WARN".into(), &17.into()));
    }
}
