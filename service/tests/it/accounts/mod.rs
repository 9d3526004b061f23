//! Accounts over HTTP: signing in, sessions, passwords, roles.

mod access_tokens;
mod assigning_roles;
mod changing_password;
mod clock_set_back;
mod document;
mod documented_answers;
mod empty_changes;
mod expiry;
mod held_back_bodies;
mod introspection;
mod known_addresses;
mod last_administrator;
mod limiting;
mod old_rows;
mod one_time_tokens;
mod open_access;
mod races;
mod recent_sign_in;
mod refreshing;
mod revocation;
mod roles;
mod session_list;
mod signing_in;
mod signing_up;
pub(crate) mod statements;
mod stolen_tokens;
mod who_may_call;
