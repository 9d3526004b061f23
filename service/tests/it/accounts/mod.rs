//! Accounts over HTTP: signing in, sessions, passwords, roles.

mod refreshing;
mod signing_in;
mod stolen_tokens;
