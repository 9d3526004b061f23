//! Integration tests: the router in-process, the stores, the migrations, and the executable from outside.
//!
//! The tests of a database run on a fresh SQLite file and on a fresh schema of the server in `TEST_MYSQL_URL`.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "in a test a panic is the report")]

// What the tests work with.
mod databases;
mod eventually;
mod faulty_store;
mod http_server;
mod lambda_function;
mod program;
mod proxy;
mod runtime_api;
mod secrets_manager;
mod test_app;
mod wire;

// Over HTTP, in-process.
mod bad_bodies;
mod bad_fields;
mod errors;
mod legacy_rows;
mod listing;
mod openapi;
mod outages;
mod response_headers;
mod updates;
mod users;

// Below HTTP.
mod adoption;
mod contention;
mod migrations;
mod properties;
mod readme;
mod round_trips;
mod schema_file;
mod store_contract;

// Faults.
mod chaos;

// The executable.
mod administration;
mod command_line;
mod executable;
mod lambda_event;
mod lambda_program;
mod log_readers;
mod logs;
mod odd_paths;
mod request_framing;
mod secrecy;
