//! Mail: proved addresses, forgotten passwords, invitations, and the outbox that sends them.

mod asking;
mod console;
mod ended_links;
mod invitations;
mod killed;
mod logged;
mod notices;
mod outbox;
mod pages;
mod recipients;
mod refusals;
mod resets;
mod slow;
mod smtp;
mod statements;
mod tls;
mod unverified;
mod verifications;
