//! Delivery: the job that takes mails out of the outbox, finds out whom requested links are for, and sends them.

mod attempt;
mod contents;
mod job;
mod leases;
mod places;
mod repository;
mod request;
mod room;
mod watch;

pub use job::send_due;
pub use watch::watch;
