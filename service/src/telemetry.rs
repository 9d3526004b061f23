//! Log lines: text for a person, JSON for a machine.

use std::fmt::{self, Write as _};
use std::io::{self, IsTerminal};

use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber, error};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{Log, LogFormat};

/// Starts logging to standard error, for the whole process. Panics are logged too, as one line each.
pub fn start(log: Log) {
    let layer = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    let registry = tracing_subscriber::registry().with(filter(log.level));
    let _ = match log.format {
        LogFormat::Text => {
            let layer = layer.with_ansi(io::stderr().is_terminal()).event_format(Text);
            registry.with(layer).try_init()
        }
        LogFormat::Json => {
            let layer = layer.json().flatten_event(true).with_target(false).with_current_span(false);
            registry.with(layer).try_init()
        }
    };
    std::panic::set_hook(Box::new(|panic| {
        let message = panic.payload_as_str().unwrap_or("no message");
        error!(
            panic = message,
            location = panic.location().map(tracing::field::display),
            "A thread panicked"
        );
    }));
}

/// `LOG_LEVEL` rules what is written of our own and of the libraries' events. The lines about statements are on the
/// level of the request's lines, and wanted only when looking closely.
fn filter(level: LevelFilter) -> Targets {
    let libraries = level.min(LevelFilter::WARN);
    let statements = if level >= LevelFilter::DEBUG { LevelFilter::INFO } else { LevelFilter::OFF };
    Targets::new().with_default(libraries).with_target("users_service", level).with_target("sql", statements)
}

/// `INFO: Request: GET /users/1`, as the Python service wrote it; other fields follow the message.
struct Text;

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
const JSON_ONLY: [&str; 4] = ["request_id", "route", "status", "duration_ms"];

impl tracing::field::Visit for Line {
    fn record_f64(&mut self, field: &tracing::field::Field, value: f64) {
        self.record_debug(field, &format_args!("{value:.2}"));
    }

    fn record_str(&mut self, field: &tracing::field::Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn fmt::Debug) {
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
