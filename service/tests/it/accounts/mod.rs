//! Accounts over HTTP: signing in, sessions, passwords, roles.

mod assigning_roles;
mod document;
mod empty_changes;
mod held_back_bodies;
mod last_administrator;
mod open_access;
mod recent_sign_in;
mod refreshing;
mod roles;
mod signing_in;
mod stolen_tokens;
mod who_may_call;
