//! Log lines for a machine: one JSON object each.

use std::fmt::{self, Write as _};

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::{LookupSpan, Scope};

/// The time, the level, the fields of the event, and those of the spans that it is in: the request's id.
///
/// The library's own form lists the spans with a copy of their fields, and parses them anew for each line.
pub(super) struct Json;

/// The fields of a span, kept as they are written in each of its lines.
impl<'writer> FormatFields<'writer> for Json {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'writer>, fields: R) -> fmt::Result {
        let mut members = Members { writer, result: Ok(()) };
        fields.record(&mut members);
        members.result
    }
}

impl<S> FormatEvent<S, Self> for Json
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, Self>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        writer.write_str(r#"{"timestamp":""#)?;
        SystemTime.format_time(&mut writer)?;
        writer.write_str(r#"","level":""#)?;
        writer.write_str(event.metadata().level().as_str())?;
        writer.write_str("\"")?;
        self.format_fields(writer.by_ref(), event)?;
        for span in context.event_scope().into_iter().flat_map(Scope::from_root) {
            if let Some(fields) = span.extensions().get::<FormattedFields<Self>>() {
                writer.write_str(fields)?;
            }
        }
        writer.write_str("}\n")
    }
}

/// Writes the members of an object, each after a comma.
struct Members<'a> {
    writer: Writer<'a>,
    result: fmt::Result,
}

impl Members<'_> {
    fn write(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        if self.result.is_ok() {
            self.result = write!(self.writer, r#","{}":{value}"#, field.name());
        }
    }
}

impl Visit for Members<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() {
            self.write(field, format_args!("{value}"));
        } else {
            // JSON has no infinities.
            self.write(field, format_args!("null"));
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.write(field, format_args!("{value}"));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.write(field, format_args!("{value}"));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.write(field, format_args!("{value}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.write(field, format_args!("\"{}\"", Escaped(value)));
    }
}

/// A value in the way that a JSON string holds it (RFC 8259, section 7).
struct Escaped<'a>(&'a dyn fmt::Debug);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escape(formatter), "{:?}", self.0)
    }
}

struct Escape<'a, 'b>(&'a mut fmt::Formatter<'b>);

impl fmt::Write for Escape<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some(at) =
            rest.find(|character: char| matches!(character, '"' | '\\') || character.is_control())
        {
            self.0.write_str(&rest[..at])?;
            let Some(character) = rest[at..].chars().next() else { break };
            match character {
                '"' | '\\' => write!(self.0, "\\{character}")?,
                // Control characters are below U+00A0.
                control => write!(self.0, "\\u{:04x}", u32::from(control))?,
            }
            rest = &rest[at + character.len_utf8()..];
        }
        self.0.write_str(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_is_read_back_as_it_was() {
        let all: String = (0..0x2100).filter_map(char::from_u32).collect();
        for text in ["", "a", "\"", "\\\"\\", "line\nline\r\t\0", "é\u{85}\u{202e}😀", &all] {
            let line = format!("\"{}\"", Escaped(&format_args!("{text}")));
            assert_eq!(serde_json::from_str::<String>(&line).unwrap(), text, "{line}");
            assert!(!line.contains(char::is_control), "{line}");
        }
    }
}
