//! The executable, seen from outside.

mod account_secrecy;
mod command_line;
mod create_admin;
mod executable;
mod log_readers;
mod logs;
mod metrics;
mod metrics_of_parts;
mod metrics_page;
mod secrecy;
mod security_page;
mod settings_page;
mod traces;
