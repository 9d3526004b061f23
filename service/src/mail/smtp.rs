//! Mails through a server (SMTP, RFC 5321), over connections that are kept.

use std::time::Duration;

use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::{self, AsyncSmtpTransportBuilder, PoolConfig};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use super::job::AT_ONCE;
use super::message::Outgoing;
use super::sender::{Cause, SendError};

/// How long each step of a dialogue may take.
const STEP_LIMIT: Duration = Duration::from_secs(15);
/// How long a connection is kept: servers close them after some minutes.
const IDLE_LIMIT: Duration = Duration::from_mins(1);

/// A server that takes mails.
pub(super) struct Smtp(AsyncSmtpTransport<Tokio1Executor>);

impl Smtp {
    /// The server, to which this one says that it is `site`.
    pub(super) fn new(server: &AsyncSmtpTransportBuilder, site: &str) -> Self {
        let most = u32::try_from(AT_ONCE).unwrap_or(u32::MAX);
        let pool = PoolConfig::new().max_size(most).idle_timeout(IDLE_LIMIT);
        let server = server.clone().hello_name(ClientId::Domain(site.to_owned())).timeout(Some(STEP_LIMIT));
        Self(server.pool_config(pool).build())
    }

    pub(super) async fn send(&self, mail: Outgoing) -> Result<(), SendError> {
        self.0.send(mail.message()?).await.map(drop).map_err(|error| {
            let (is_final, cause) = (is_final(&error), cause(error));
            if is_final { SendError::Permanent(cause) } else { SendError::Transient(cause) }
        })
    }
}

/// The cause, for the log: of an answer of the server its code alone. The text often has the address of the recipient.
fn cause(error: smtp::Error) -> Cause {
    match error.status() {
        Some(code) => format!("the server answered {code}").into(),
        None => error.into(),
    }
}

/// Whether it would fail again: the server refuses this mail (5yz), and not the service itself, whose password or rights
/// somebody has to put right (RFC 4954, section 6).
fn is_final(error: &smtp::Error) -> bool {
    let of_the_service = [530, 534, 535, 538];
    error
        .status()
        .map(u16::from)
        .is_some_and(|code| (500..600).contains(&code) && !of_the_service.contains(&code))
}
