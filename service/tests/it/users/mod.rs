//! The users: what their calls answer, and what holds on every database.

mod adoption;
mod bad_bodies;
mod bad_fields;
mod calls;
mod contract;
mod legacy_rows;
mod listing;
mod properties;
mod updates;
