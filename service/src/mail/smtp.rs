//! Mails through a server (SMTP, RFC 5321), over connections that are kept.

use std::error::Error;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::{self, AsyncSmtpTransportBuilder, PoolConfig};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use super::message::Outgoing;
use super::refusal::Refusal;
use super::sender::SendError;

/// How many mails are sent at once. Each waits for the server's answers, and with the end of its text, which lettre writes by itself,
/// for the acknowledgement of the rest, up to 40 ms on Linux (Nagle's algorithm; RFC 9293, section 3.7.4). Half of them are enough for 200
/// mails a second to one domain.
pub(super) const AT_ONCE: usize = 24;
/// How long each step of a dialogue may take.
const STEP_LIMIT: Duration = Duration::from_secs(15);
/// How long a connection is kept: servers close them after some minutes.
const IDLE_LIMIT: Duration = Duration::from_mins(1);

/// A server that takes mails.
pub(super) struct Smtp {
    server: AsyncSmtpTransportBuilder,
    /// Those that no mail uses, each with the connection that it has kept.
    idle: Mutex<Vec<Transport>>,
}

/// What sends one mail at a time, over a connection of its own.
type Transport = AsyncSmtpTransport<Tokio1Executor>;

impl Smtp {
    /// The server, to which this one says that it is `site`.
    pub(super) fn new(server: &AsyncSmtpTransportBuilder, site: &str) -> Self {
        let one = PoolConfig::new().max_size(1).idle_timeout(IDLE_LIMIT);
        let server = server.clone().hello_name(ClientId::Domain(site.to_owned())).timeout(Some(STEP_LIMIT));
        Self { server: server.pool_config(one), idle: Mutex::default() }
    }

    /// Sends a mail. If that is given up before its end, the connection is closed: the answers of the server that are still to come
    /// are those to this mail, and the next one would take them for its own.
    pub(super) async fn send(&self, mail: Outgoing) -> Result<(), SendError> {
        let message = mail.message()?;
        let idle = self.idle().pop();
        let transport = idle.unwrap_or_else(|| self.server.clone().build());
        let sent = transport.send(message).await;
        self.idle().push(transport);
        sent.map(drop).map_err(|error| match refusal(&error) {
            Some(refusal) if refusal.is_final() => SendError::Permanent(refusal.to_string().into()),
            Some(refusal) => SendError::Transient(refusal.to_string().into()),
            None => SendError::Transient(error.into()),
        })
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Transport>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the server answered, if that is the error. Its text is then the error's source.
fn refusal(error: &smtp::Error) -> Option<Refusal> {
    let text = error.source().map(ToString::to_string).unwrap_or_default();
    error.status().map(|code| Refusal::new(code.into(), &text))
}
