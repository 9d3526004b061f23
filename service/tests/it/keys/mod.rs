//! The signing keys: rotated by a command and by a function, and read by other implementations.

mod command;
mod function;
mod others;
mod together;
