//! Log lines: text for a person, JSON for a machine.

mod json;
mod text;
mod timestamp;
mod value;

use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;

use tracing::error;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use self::json::Json;
use self::text::Text;
pub use self::value::excerpt;
use crate::config::{Log, LogFormat};

/// Starts logging to standard error, for the whole process. Panics are logged too, as one line each.
///
/// # Errors
///
/// If the process may open no more files.
pub fn start(log: Log) -> io::Result<()> {
    // A line is one write, so it needs no lock. Waiting for that of `io::stderr` costs threads 7 % of their throughput.
    let standard_error = File::from(io::stderr().as_fd().try_clone_to_owned()?);
    let layer = tracing_subscriber::fmt::layer().with_writer(standard_error);
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
    Ok(())
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
