//! Mail: an outbox in the database, written in the transaction of what a mail tells of; what mails say; how they leave the process.

mod console;
mod kind;
mod letter;
mod message;
mod outbox;
mod preparation;
mod refusal;
mod repository;
mod sender;
mod ses;
mod smtp;
mod words;

pub(crate) use kind::{Kind, LinkKind, Notice, RequestedLink};
pub(crate) use letter::{Facts, Link, Topic, write};
pub(crate) use message::Outgoing;
pub use outbox::Outbox;
pub(crate) use preparation::{without_asked, without_due_at};
#[cfg(test)]
pub(crate) use repository::{NewMail, insert};
pub(crate) use sender::{Cause, SendError};
pub use ses::{Reason, Undeliverable, UnknownEvent};
