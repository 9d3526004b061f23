//! Writes log lines off the path of requests: they gather in a buffer, and a thread writes what has gathered.
//!
//! Whoever reads standard error may be slow, stall or go away. A line is then dropped and counted; nothing waits.

use std::io::{self, ErrorKind, Write};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{mem, thread};

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
    fn append(&self, line: &[u8]) {
        let mut state = self.lock();
        // The lines that are missing are one gap, and the notice about them stands in its place.
        if state.dropped > 0 || state.lines.len() + line.len() > CAPACITY {
            state.dropped += 1;
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

    /// Waits until the lines that were logged before are written; says whether they are, or the time was too short.
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
        let mut lost = 0;
        loop {
            let (last, dropped) = self.take(&mut batch);
            lost += dropped;
            if lost > 0 {
                batch.extend_from_slice(notice(lost).as_bytes());
            }
            // Whatever the error is, to wait for its end would be to stop logging.
            lost = match write_all(&mut output, &batch) {
                Ok(()) => 0,
                // The notice is a line of the rest, too.
                Err(rest) => lost.saturating_sub(1) + count_lines(rest),
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
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(30);

    /// An output that does what a function does.
    struct Output<F>(F);

    impl<F: FnMut(&[u8]) -> io::Result<usize>> Write for Output<F> {
        fn write(&mut self, batch: &[u8]) -> io::Result<usize> {
            (self.0)(batch)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn start(output: impl FnMut(&[u8]) -> io::Result<usize> + Send + 'static) -> &'static LogBuffer {
        let buffer: &LogBuffer = Box::leak(Box::new(LogBuffer::new()));
        thread::spawn(|| buffer.write_to(Output(output), |count| format!("{count} dropped\n")));
        buffer
    }

    /// A buffer, the batches that are written, and what lets one of them through.
    fn start_with_gate() -> (&'static LogBuffer, Receiver<String>, Sender<()>) {
        let (batches, written) = channel();
        let (open, gate) = channel();
        let buffer = start(move |batch| {
            batches.send(String::from_utf8(batch.to_vec()).unwrap()).unwrap();
            gate.recv().map_err(io::Error::other)?;
            Ok(batch.len())
        });
        (buffer, written, open)
    }

    #[test]
    fn lines_that_gather_are_written_together() {
        let (buffer, written, open) = start_with_gate();
        buffer.append(b"first\n");
        assert_eq!(written.recv().unwrap(), "first\n");
        for _ in 0..100 {
            buffer.append(b"more\n");
        }
        open.send(()).unwrap();
        assert_eq!(written.recv().unwrap(), "more\n".repeat(100));
        open.send(()).unwrap();
        assert!(buffer.flush(PATIENCE));
    }

    #[test]
    fn lines_that_do_not_fit_are_dropped_and_counted_in_their_place() {
        let (buffer, written, open) = start_with_gate();
        buffer.append(b"first\n");
        written.recv().unwrap();
        let line = [&[b'x'; (CAPACITY / 2) - 1][..], b"\n"].concat();
        for _ in 0..5 {
            buffer.append(&line);
        }
        buffer.append(b"would fit\n");
        buffer.append(b"would fit\n");
        buffer.append(b"would fit\n");
        open.send(()).unwrap();
        let batch = written.recv().unwrap();
        assert_eq!(batch.len(), CAPACITY + "6 dropped\n".len());
        assert!(batch.ends_with("x\n6 dropped\n"));
        buffer.append(b"afterwards\n");
        open.send(()).unwrap();
        assert_eq!(written.recv().unwrap(), "afterwards\n");
    }

    #[test]
    fn waiting_for_a_write_that_is_stuck_has_an_end() {
        let (buffer, _written, open) = start_with_gate();
        assert!(buffer.flush(Duration::ZERO), "nothing was logged");
        buffer.append(b"stuck\n");
        assert!(!buffer.flush(Duration::from_millis(10)));
        open.send(()).unwrap();
        assert!(buffer.flush(PATIENCE));
    }

    #[test]
    fn a_line_that_cannot_be_written_is_not_tried_again_but_counted() {
        let (batches, written) = channel();
        let mut failures = 2;
        let buffer = start(move |batch| {
            batches.send(String::from_utf8(batch.to_vec()).unwrap()).unwrap();
            if failures == 0 {
                return Ok(batch.len());
            }
            failures -= 1;
            Err(ErrorKind::BrokenPipe.into())
        });
        for line in ["one\n", "two\n", "three\n", "four\n"] {
            buffer.append(line.as_bytes());
            assert!(buffer.flush(PATIENCE));
        }
        let written: Vec<_> = written.try_iter().collect();
        assert_eq!(written, ["one\n", "two\n1 dropped\n", "three\n2 dropped\n", "four\n"]);
    }

    #[test]
    fn a_batch_is_written_whole_however_little_the_output_takes_at_a_time() {
        let (octets, written) = channel();
        let mut turn = 0;
        let buffer = start(move |batch| {
            turn += 1;
            match turn % 3 {
                0 => Err(ErrorKind::WouldBlock.into()),
                1 => Err(ErrorKind::Interrupted.into()),
                _ => {
                    octets.send(batch[0]).unwrap();
                    Ok(1)
                }
            }
        });
        buffer.append(b"a line\n");
        assert!(buffer.flush(PATIENCE));
        assert_eq!(written.try_iter().collect::<Vec<_>>(), b"a line\n");
    }
}
