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
    let line = format!("{}\n", "x".repeat(CAPACITY / 2 - 1));
    for _ in 0..5 {
        buffer.append(line.as_bytes());
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
