//! Fault injection: one fault at a time, while requests are counted. `make chaos` also runs the slow tests.

mod tally;

// The database.
mod account_kills;
mod account_power_cuts;
mod accounts;
mod network;
mod own_server;
mod password;
mod secret;
mod server_killed;
mod server_refuses;
mod traffic;

// The process, clients, files and Lambda.
#[cfg(target_os = "linux")]
mod bodies;
mod bystander;
#[cfg(target_os = "linux")]
mod clients;
mod lambda;
mod malformed;
mod power_cut;
mod shutdown;
#[cfg(target_os = "linux")]
mod sqlite_file;
mod wire;
