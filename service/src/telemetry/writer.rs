//! Writes log lines off the path of requests: they gather in a buffer, and a thread writes what has gathered.
//!
//! Whoever reads standard error may be slow, stall or go away. A line is then dropped and counted; nothing waits.

use std::io::{self, ErrorKind, Write};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{mem, thread};

use crate::metrics;

/// How much may wait to be written: some thousands of lines.
const CAPACITY: usize = 1 << 20;
/// How much memory each of the two buffers keeps once it is empty.
const KEPT_CAPACITY: usize = 64 << 10;
/// How long lines gather after a batch was written. Under load the thread is woken for each batch, not for each line.
const PAUSE: Duration = Duration::from_millis(5);

/// Lines on their way to the thread that writes them.
pub(super) struct LogBuffer {
    state: Mutex<State>,
    /// Wakes the thread that writes.
    work: Condvar,
    /// Wakes those who wait for lines to be written.
    progress: Condvar,
}

struct State {
    lines: Vec<u8>,
    /// How many lines have been accepted so far.
    accepted: u64,
    /// How many of those have been written, or given up because of an error.
    finished: u64,
    /// How many did not fit since the buffer was last emptied.
    dropped: u64,
    /// How many wait for lines to be written.
    waiting: usize,
    writer: Writer,
}

/// What the thread that writes is doing.
#[derive(PartialEq, Eq)]
enum Writer {
    /// It looks into the buffer before it sleeps.
    Busy,
    /// It lets lines gather for [`PAUSE`].
    Pausing,
    /// It sleeps until it is woken.
    Idle,
}

impl LogBuffer {
    pub(super) const fn new() -> Self {
        let state = State {
            lines: Vec::new(),
            accepted: 0,
            finished: 0,
            dropped: 0,
            waiting: 0,
            writer: Writer::Busy,
        };
        Self { state: Mutex::new(state), work: Condvar::new(), progress: Condvar::new() }
    }

    /// Takes a line, or counts it as dropped.
    pub(super) fn append(&self, line: &[u8]) {
        let mut state = self.lock();
        // The lines that are missing are one gap, and the notice about them stands in its place.
        if state.dropped > 0 || state.lines.len() + line.len() > CAPACITY {
            state.dropped += 1;
            metrics::LOG_LINES_DROPPED.count();
            return;
        }
        state.lines.extend_from_slice(line);
        state.accepted += 1;
        let wanted = match state.writer {
            Writer::Busy => false,
            Writer::Pausing => state.lines.len() > CAPACITY / 2,
            Writer::Idle => true,
        };
        if wanted {
            state.writer = Writer::Busy;
            drop(state);
            self.work.notify_one();
        }
    }

    /// Waits until the lines that were accepted before are finished. Says whether there was time enough.
    pub(super) fn flush(&self, limit: Duration) -> bool {
        let mut state = self.lock();
        let last = state.accepted;
        if state.finished == last {
            return true;
        }
        if state.writer == Writer::Pausing {
            state.writer = Writer::Busy;
            self.work.notify_one();
        }
        state.waiting += 1;
        let (mut state, result) = self
            .progress
            .wait_timeout_while(state, limit, |state| state.finished < last)
            .unwrap_or_else(PoisonError::into_inner);
        state.waiting -= 1;
        !result.timed_out()
    }

    /// Writes what gathers, for ever. What was dropped or could not be written is told with a line of its own.
    pub(super) fn write_to(&self, mut output: impl Write, notice: impl Fn(u64) -> String) {
        let mut batch = Vec::new();
        let mut missing = 0;
        loop {
            let (last, dropped) = self.take(&mut batch);
            missing += dropped;
            if missing > 0 {
                batch.extend_from_slice(notice(missing).as_bytes());
            }
            // Whatever the error is, to wait for its end would be to stop logging.
            missing = match write_all(&mut output, &batch) {
                Ok(()) => 0,
                // The notice is a line of the rest, too.
                Err(rest) => {
                    let lines = count_lines(rest);
                    metrics::LOG_LINES_DROPPED.add(lines.saturating_sub(missing.min(1)));
                    missing.saturating_sub(1) + lines
                }
            };
            batch.clear();
            batch.shrink_to(KEPT_CAPACITY);
            self.finish(last);
        }
    }

    /// Waits for lines and swaps them for an empty buffer. Returns which was the last, and how many were dropped
    /// after it.
    fn take(&self, batch: &mut Vec<u8>) -> (u64, u64) {
        let mut state = self.lock();
        while state.lines.is_empty() {
            state.writer = Writer::Idle;
            state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.writer = Writer::Busy;
        mem::swap(&mut state.lines, batch);
        (state.accepted, mem::take(&mut state.dropped))
    }

    /// Notes that all lines up to this one are done with, and lets others gather unless someone waits for them.
    fn finish(&self, last: u64) {
        let mut state = self.lock();
        state.finished = last;
        self.progress.notify_all();
        if state.waiting == 0 {
            state.writer = Writer::Pausing;
            drop(self.work.wait_timeout(state, PAUSE));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Each write is a whole line: that is how the formatting layer calls it.
impl Write for &LogBuffer {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.append(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes everything, or returns what could not be written.
fn write_all<'a>(output: &mut impl Write, mut rest: &'a [u8]) -> Result<(), &'a [u8]> {
    while !rest.is_empty() {
        match output.write(rest) {
            Ok(count) if count > 0 => rest = &rest[count..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // Another process has made the pipe that it shares with this one non-blocking.
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(PAUSE),
            _ => return Err(rest),
        }
    }
    Ok(())
}

fn count_lines(text: &[u8]) -> u64 {
    text.iter().map(|&octet| u64::from(octet == b'\n')).sum()
}

#[cfg(test)]
mod tests;
