//! The executable, seen from outside.

mod command_line;
mod executable;
mod logs;
mod readme;
mod secrecy;
