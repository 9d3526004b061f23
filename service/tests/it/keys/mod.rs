//! The signing keys: rotated by a command and by a function, and read by other implementations and services.

mod command;
mod function;
mod other_services;
mod others;
mod together;
mod unavailable;
#[cfg(target_os = "linux")]
mod under_load;
