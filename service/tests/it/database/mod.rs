//! The database: migrations, connections, contention, outages.

mod connections;
mod contention;
mod migrations;
mod outages;
mod round_trips;
mod schema_file;
