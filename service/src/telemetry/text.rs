//! Log lines for a person.

use std::borrow::Cow;
use std::fmt::{self, Write};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::value::Values;
use crate::request_context::{trace_parent, with_request_id};

/// `INFO: Request: GET /users/1`, as the Python service wrote it; other fields and the request's id follow the message.
pub(super) struct Text;

impl<S, N> FormatEvent<S, N> for Text
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
        let ansi = writer.has_ansi_escapes();
        write_level(&mut writer, *event.metadata().level(), ansi)?;
        let mut line = Line { writer, part: Part::Message, values: Values::new(escape), result: Ok(()) };
        event.record(&mut line);
        line.part = Part::Fields;
        event.record(&mut line);
        let Line { mut writer, result, .. } = line;
        result?;
        with_request_id(|id| id.map_or(Ok(()), |id| write_request_id(&mut writer, id)))?;
        if let Some(trace) = trace_parent() {
            // Hexadecimal digits alone.
            write!(writer, " trace_id={} parent_id={}", trace.trace_id(), trace.parent_id())?;
        }
        writer.write_str("\n")
    }
}

/// A line that says how many others are missing.
pub(super) fn dropped(count: u64, ansi: bool) -> String {
    let mut line = String::new();
    // Writing to a string does not fail.
    let _ = write_level(&mut line, Level::WARN, ansi);
    let _ = writeln!(line, "Log lines were dropped dropped={count}");
    line
}

fn write_level(writer: &mut impl Write, level: Level, ansi: bool) -> fmt::Result {
    if ansi { write!(writer, "\x1b[{}m{level}\x1b[0m: ", colour(level)) } else { write!(writer, "{level}: ") }
}

const fn colour(level: Level) -> u8 {
    match level {
        Level::ERROR => 31,
        Level::WARN => 33,
        Level::INFO => 32,
        Level::DEBUG => 34,
        Level::TRACE => 35,
    }
}

fn write_request_id(writer: &mut impl Write, id: &str) -> fmt::Result {
    writer.write_str(" request_id=")?;
    Values::new(escape).write_str(writer, id)
}

/// Writes one part of a line.
struct Line<'a> {
    writer: Writer<'a>,
    part: Part,
    values: Values,
    result: fmt::Result,
}

#[derive(PartialEq, Eq)]
enum Part {
    Message,
    Fields,
}

/// The fields of the response line are for machines; the original's line has none.
const JSON_ONLY: [&str; 5] = ["method", "path", "route", "status", "duration_ms"];

impl Line<'_> {
    fn write(&mut self, name: &str, value: &dyn fmt::Debug) -> fmt::Result {
        match (name, &self.part) {
            ("message", Part::Message) => {}
            ("message", Part::Fields) | (_, Part::Message) => return Ok(()),
            (name, Part::Fields) if JSON_ONLY.contains(&name) => return Ok(()),
            (name, Part::Fields) => write!(self.writer, " {name}=")?,
        }
        self.values.write_debug(&mut self.writer, value)
    }
}

impl Visit for Line<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.record_debug(field, &format_args!("{value:.2}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if self.result.is_ok() {
            self.result = self.write(field.name(), value);
        }
    }
}

/// Control characters are escaped: no value can begin a line of its own.
fn escape(character: char) -> Option<Cow<'static, str>> {
    character.is_control().then(|| character.escape_default().to_string().into())
}
