//! User management over HTTP: the same router on AWS Lambda and on a plain machine.
//!
//! `service/ARCHITECTURE.md` is the map.

pub mod access;
pub mod accounts;
pub mod addresses;
pub mod administration;
pub mod app;
pub mod app_state;
mod aws;
pub mod backoff;
pub mod client_network;
pub mod clock;
pub mod command_line;
pub mod config;
pub mod create_admin;
pub mod db;
pub mod delivery;
#[cfg(feature = "docs-page")]
mod docs_page;
pub mod error_chain;
pub mod field;
pub mod health;
pub mod http;
pub mod idempotency;
pub mod jobs;
pub mod keys;
mod lambda_function;
pub mod lambda_handler;
mod language;
pub mod limits;
mod link_pages;
pub mod local_server;
pub mod mail;
pub mod metrics;
pub mod migrations;
pub mod one_time_tokens;
pub mod openapi;
pub mod page;
pub mod passwords;
pub mod random;
pub mod request_context;
pub mod roles;
pub mod secrets;
pub mod sessions;
pub mod status;
pub mod telemetry;
pub mod tokens;
pub mod trace_parent;
pub mod trusted_proxies;
pub mod user_id;
mod user_row;
pub mod users;
pub mod worker;
