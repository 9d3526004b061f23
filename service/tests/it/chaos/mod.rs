//! Faults, one at a time, under requests that are counted. `make chaos` runs those too that take long.

mod bystander;
mod tally;
mod wire;

#[cfg(target_os = "linux")]
mod clients;
mod lambda;
mod malformed;
mod power_cut;
mod shutdown;
#[cfg(target_os = "linux")]
mod sqlite_file;
