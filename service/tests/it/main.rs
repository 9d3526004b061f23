//! Integration tests: the router in-process, the databases, and the executable from outside.
//!
//! The tests of a database run on a fresh SQLite file and on a fresh schema of the server in `TEST_MYSQL_URL`.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "in a test a panic is the report")]

mod harness;

mod accounts;
mod aws;
mod chaos;
mod database;
mod http;
mod idempotency;
mod keys;
mod limits;
mod mail;
mod process;
mod users;
