//! Mail: an outbox in the database, written in the transaction of what a mail tells of, and a job that sends what is in it.

mod asked;
mod console;
mod contents;
mod job;
mod kind;
mod leases;
mod letter;
mod message;
mod outbox;
mod places;
mod preparation;
mod refusal;
mod repository;
mod sender;
mod ses;
mod smtp;
mod watch;
mod words;

pub(crate) use asked::Asked;
pub use job::send_due;
pub use kind::Language;
pub(crate) use kind::{AskedLink, Kind, LinkKind, Notice};
pub use outbox::Mail;
pub(crate) use preparation::{without_asked, without_due_at};
pub use ses::{Reason, Undeliverable, UnknownEvent};
pub use watch::watch;
