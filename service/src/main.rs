//! The executable. All that it does is in the library: what is asynchronous or generic would be compiled into both crates if both
//! called it.

use std::process::ExitCode;

// musl's own takes a fifth more time for a start, and more for a request (ARCHITECTURE.md).
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    users_service::command_line::run()
}
