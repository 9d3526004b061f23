//! Log lines: text for a person, JSON for a machine.

mod json;
mod text;

use std::io::{self, IsTerminal};

use tracing::error;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use self::json::Json;
use self::text::Text;
use crate::config::{Log, LogFormat};

/// Starts logging to standard error, for the whole process. Panics are logged too, as one line each.
pub fn start(log: Log) {
    let layer = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    let registry = tracing_subscriber::registry().with(filter(&log));
    let _ = match log.format {
        LogFormat::Text => {
            let layer = layer.with_ansi(io::stderr().is_terminal()).event_format(Text);
            registry.with(layer).try_init()
        }
        LogFormat::Json => registry.with(layer.fmt_fields(Json).event_format(Json)).try_init(),
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
/// level of the request's lines, and wanted only when looking closely; so is the first line of a request in JSON, whose
/// last line says everything.
fn filter(log: &Log) -> Targets {
    let libraries = log.level.min(LevelFilter::WARN);
    let closely = if log.level >= LevelFilter::DEBUG { LevelFilter::INFO } else { LevelFilter::OFF };
    let request = if log.format == LogFormat::Text { log.level } else { closely };
    Targets::new()
        .with_default(libraries)
        .with_target("users_service", log.level)
        .with_target("request", request)
        .with_target("sql", closely)
}
