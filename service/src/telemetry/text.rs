//! Log lines for a person.

use std::fmt::{self, Write as _};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// `INFO: Request: GET /users/1`, as the Python service wrote it; other fields follow the message.
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
        let level = *event.metadata().level();
        if writer.has_ansi_escapes() {
            write!(writer, "\x1b[{}m{level}\x1b[0m: ", colour(level))?;
        } else {
            write!(writer, "{level}: ")?;
        }
        let mut line = Line::default();
        event.record(&mut line);
        writeln!(writer, "{}{}", line.message, line.fields)
    }
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

/// The parts of a line. Control characters are escaped: no value can begin a line of its own.
#[derive(Default)]
struct Line {
    message: String,
    fields: String,
}

/// The fields of the response line are for machines; the original's line has none.
const JSON_ONLY: [&str; 5] = ["method", "path", "route", "status", "duration_ms"];

impl Visit for Line {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.record_debug(field, &format_args!("{value:.2}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = format!("{value:?}");
        let escaped = text.chars().map(|character| match character {
            character if character.is_control() => character.escape_default().to_string(),
            character => character.to_string(),
        });
        match field.name() {
            "message" => self.message.extend(escaped),
            name if JSON_ONLY.contains(&name) => {}
            name => {
                let _ = write!(self.fields, " {name}=");
                self.fields.extend(escaped);
            }
        }
    }
}
