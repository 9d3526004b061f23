//! Log lines: text for a person, JSON for a machine.
//!
//! Logging never blocks: lines are written by a thread of their own, and dropped when it cannot keep up. Before the
//! process ends, or is frozen, [`flush`] waits for it.

mod emf;
mod json;
mod text;
mod timestamp;
mod value;
mod writer;

use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::thread;
use std::time::Duration;

use tracing::error;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use self::json::Json;
use self::text::Text;
use self::writer::LogBuffer;
use crate::clock::{Clock, SystemClock};
use crate::config::{Log, LogFormat};
use crate::metrics;

/// How long the end of the process waits for its last lines.
pub const EXIT_LIMIT: Duration = Duration::from_secs(1);
/// How long something that goes on waits for its lines: an answer of a Lambda function, a thread that panicked.
pub const SHORT_LIMIT: Duration = Duration::from_millis(200);

static BUFFER: LogBuffer = LogBuffer::new();

/// Starts logging to standard error, for the whole process. Panics are logged too, as one line each.
///
/// # Errors
///
/// If the process may open no more files or start no more threads.
pub fn start(log: Log) -> io::Result<()> {
    let terminal = io::stderr().is_terminal();
    let format = log.format.unwrap_or(if terminal { LogFormat::Text } else { LogFormat::Json });
    start_writer(format, terminal)?;
    let layer = tracing_subscriber::fmt::layer().with_writer(|| &BUFFER);
    let registry = tracing_subscriber::registry().with(filter(log.level, format));
    let _ = match format {
        LogFormat::Text => registry.with(layer.with_ansi(terminal).event_format(Text)).try_init(),
        LogFormat::Json => registry.with(layer.event_format(Json)).try_init(),
    };
    log_panics();
    Ok(())
}

/// Waits until the lines that were logged before are written, or given up because of an error. Says whether there was
/// time enough.
///
/// This blocks the thread, for some 40 microseconds if the reader of the log keeps up.
pub fn flush(limit: Duration) -> bool {
    BUFFER.flush(limit)
}

/// Ends an invocation of a Lambda function, after whose answer the process is frozen: logs what was counted meanwhile, if that is
/// wanted, and waits for the lines. `LOG_LEVEL` is about what is told to people, and does not rule this.
pub fn end_invocation() {
    if let Some(growth) = metrics::take_delta() {
        BUFFER.append(emf::line(&growth, SystemClock.now()).as_bytes());
    }
    flush(SHORT_LIMIT);
}

fn start_writer(format: LogFormat, terminal: bool) -> io::Result<()> {
    // Not `io::stderr`: its lock would be held while a write is stuck.
    let standard_error = File::from(io::stderr().as_fd().try_clone_to_owned()?);
    let notice = move |count| match format {
        LogFormat::Text => text::dropped(count, terminal),
        LogFormat::Json => json::dropped(count),
    };
    thread::Builder::new().name("log".to_owned()).spawn(move || BUFFER.write_to(standard_error, notice))?;
    Ok(())
}

fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let message = panic.payload_as_str().unwrap_or("no message");
        error!(
            panic = message,
            location = panic.location().map(tracing::field::display),
            "A thread panicked"
        );
        // It may have been the last that the process did.
        flush(SHORT_LIMIT);
    }));
}

/// `LOG_LEVEL` rules what is written of our own and of the libraries' events. The lines about statements are on the
/// level of the request's lines, and wanted only when looking closely; so is the first line of a request in JSON, whose
/// last line says everything.
fn filter(level: LevelFilter, format: LogFormat) -> Targets {
    let libraries = level.min(LevelFilter::WARN);
    let closely = if level >= LevelFilter::DEBUG { LevelFilter::INFO } else { LevelFilter::OFF };
    let request = if format == LogFormat::Text { level } else { closely };
    Targets::new()
        .with_default(libraries)
        .with_target("users_service", level)
        .with_target("request", request)
        .with_target("sql", closely)
}
