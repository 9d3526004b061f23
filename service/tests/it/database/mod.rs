//! The database: migrations, connections, transactions of others, outages.

mod connections;
mod contention;
mod migrations;
mod outages;
mod round_trips;
mod schema_file;
