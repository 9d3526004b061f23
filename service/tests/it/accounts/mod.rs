//! Accounts over HTTP: signing in, sessions, passwords, roles.

mod empty_changes;
mod held_back_bodies;
mod refreshing;
mod signing_in;
mod stolen_tokens;
