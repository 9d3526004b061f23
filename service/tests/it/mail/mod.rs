//! Mail: proved addresses, forgotten passwords, invitations, and the outbox that sends them.

mod asking;
mod ended_links;
mod invitations;
mod outbox;
mod pages;
mod recipients;
mod resets;
mod statements;
mod verifications;
