//! A clock of processes that a test moves: a library that is loaded before the others and adds to the time of day. So the
//! executable needs no setting for it.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::process::Command;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tempfile::TempDir;

/// Reads the seconds from a file that the processes share.
const LIBRARY: &str = r#"
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static volatile long long *seconds;

__attribute__((constructor)) static void load(void) {
  int file = open(getenv("SHIFTED_CLOCK"), O_RDONLY);
  seconds = mmap(NULL, sizeof *seconds, PROT_READ, MAP_SHARED, file, 0);
  close(file);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  int result = syscall(SYS_clock_gettime, clock, now);
  if (clock == CLOCK_REALTIME && seconds) now->tv_sec += *seconds;
  return result;
}
"#;

pub(crate) struct ShiftedClock {
    folder: TempDir,
    seconds: AtomicI64,
}

impl ShiftedClock {
    pub(crate) fn new() -> Self {
        let clock = Self { folder: TempDir::new().unwrap(), seconds: AtomicI64::new(0) };
        fs::write(clock.path("clock.c"), LIBRARY).unwrap();
        let (source, library) = (clock.path("clock.c"), clock.path("clock.so"));
        let compiler = Command::new("cc").args(["-shared", "-fPIC", "-o", &library, &source]).status();
        assert!(compiler.unwrap().success());
        fs::write(clock.path("seconds"), 0_i64.to_ne_bytes()).unwrap();
        clock
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// What a process needs to go by this clock.
    pub(crate) fn variables(&self) -> [(&'static str, String); 2] {
        [("LD_PRELOAD", self.path("clock.so")), ("SHIFTED_CLOCK", self.path("seconds"))]
    }

    /// Moves the clock of all of them at once.
    pub(crate) fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_secs()).unwrap();
        let seconds = self.seconds.fetch_add(by, Ordering::Relaxed) + by;
        let file = File::options().write(true).open(self.path("seconds")).unwrap();
        file.write_all_at(&seconds.to_ne_bytes(), 0).unwrap();
    }
}
