//! The users: their calls, and their contract on every database.

mod adoption;
mod bad_bodies;
mod bad_fields;
mod caching;
mod caching_properties;
mod calls;
mod conditional;
mod contract;
mod legacy_rows;
mod listing;
mod patching;
mod properties;
mod updates;
mod walking;
