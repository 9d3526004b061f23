//! Mail: proved addresses, forgotten passwords, invitations, and the outbox that sends them.

mod asking;
mod console;
mod ended_links;
mod forged_hosts;
mod invitations;
mod killed;
mod logged;
mod notices;
pub(crate) mod on_aws;
mod outbox;
mod pages;
mod recipients;
mod refusals;
mod resets;
mod scanners;
mod ses;
mod slow;
mod smtp;
mod statements;
mod tls;
pub(crate) mod undeliverable;
mod unverified;
mod verifications;
