//! Mails through a server (SMTP, RFC 5321), over connections that are kept.

use std::error::Error;
use std::thread;
use std::time::Duration;

use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::{self, PoolConfig, SmtpTransportBuilder};
use lettre::{SmtpTransport, Transport};
use tokio::sync::oneshot;

use super::message::Outgoing;
use super::refusal::Refusal;
use super::sender::{Cause, SendError};

/// How many mails are sent at once. Each waits for the server's answers, and with the end of its text, which lettre writes by itself,
/// for the acknowledgement of the rest, up to 40 ms on Linux (Nagle's algorithm; RFC 9293, section 3.7.4). Half of them are enough for 200
/// mails a second to one domain.
pub(super) const AT_ONCE: usize = 24;
/// How long each step of a dialogue may take.
const STEP_LIMIT: Duration = Duration::from_secs(15);
/// How long a connection is kept: servers close them after some minutes.
const IDLE_LIMIT: Duration = Duration::from_mins(1);

/// A server that takes mails.
pub(super) struct Smtp(SmtpTransport);

impl Smtp {
    /// The server, to which this one says that it is `site`.
    pub(super) fn new(server: &SmtpTransportBuilder, site: &str) -> Self {
        let most = u32::try_from(AT_ONCE).unwrap_or(u32::MAX);
        let pool = PoolConfig::new().max_size(most).idle_timeout(IDLE_LIMIT);
        let server = server.clone().hello_name(ClientId::Domain(site.to_owned())).timeout(Some(STEP_LIMIT));
        Self(server.pool_config(pool).build())
    }

    /// Sends a mail, on a thread of its own, where each step of the dialogue has its limit. If it is given up here, the dialogue goes
    /// on there to its end: a connection is never handed on while answers are still to come, which the next mail would take for its
    /// own.
    pub(super) async fn send(&self, mail: Outgoing) -> Result<(), SendError> {
        let (server, message) = (self.0.clone(), mail.message()?);
        let (done, sent) = oneshot::channel();
        let dialogue = move || drop(done.send(server.send(&message)));
        let transient = |cause: Cause| SendError::Transient(cause);
        thread::Builder::new()
            .name("smtp".to_owned())
            .spawn(dialogue)
            .map_err(|error| transient(error.into()))?;
        let sent = sent.await.map_err(|panicked| transient(panicked.into()))?;
        sent.map(drop).map_err(|error| match refusal(&error) {
            Some(refusal) if refusal.is_final() => SendError::Permanent(refusal.to_string().into()),
            Some(refusal) => SendError::Transient(refusal.to_string().into()),
            None => SendError::Transient(error.into()),
        })
    }
}

/// What the server answered, if that is the error. Its text is then the error's source.
fn refusal(error: &smtp::Error) -> Option<Refusal> {
    let text = error.source().map(ToString::to_string).unwrap_or_default();
    error.status().map(|code| Refusal::new(code.into(), &text))
}
