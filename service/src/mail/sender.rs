//! How a mail leaves the process.

use super::console::Console;
use super::message::Outgoing;
use super::ses::Ses;
use super::smtp::{self, Smtp};
use crate::config::{self, MailTransport};

/// How many mails are sent at once but by SMTP: a new account of SES may send 14 a second.
const FEW: usize = 4;

/// Sends mails in the configured way.
pub(super) enum Sender {
    /// To a server.
    Smtp(Smtp),
    /// To Amazon SES.
    Ses(Box<Ses>),
    /// To the terminal and a folder.
    Console(Console),
}

/// Why a mail could not be sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SendError {
    /// It would fail again.
    #[error("the mail cannot be sent")]
    Permanent(#[source] Cause),
    /// It may succeed later.
    #[error("the mail could not be sent")]
    Transient(#[source] Cause),
}

/// The cause, for the log.
pub(crate) type Cause = Box<dyn std::error::Error + Send + Sync>;

impl Sender {
    pub(super) fn new(config: &config::Mail) -> Self {
        match &config.transport {
            MailTransport::Smtp(builder) => Self::Smtp(Smtp::new(builder, &config.site)),
            MailTransport::Ses(ses) => Self::Ses(Box::new(Ses::new(ses))),
            MailTransport::Console { folder } => Self::Console(Console::new(folder.clone())),
        }
    }

    /// How many mails are sent at once.
    pub(super) const fn at_once(&self) -> usize {
        match self {
            Self::Smtp(_) => smtp::AT_ONCE,
            Self::Ses(_) | Self::Console(_) => FEW,
        }
    }

    /// Whether a mail may take as long as the server of its recipient wants.
    pub(super) const fn may_wait_for_recipients(&self) -> bool {
        match self {
            // A server may ask that of the recipient before it takes a mail.
            Self::Smtp(_) => true,
            Self::Ses(_) | Self::Console(_) => false,
        }
    }

    /// Sends a mail.
    pub(super) async fn send(&self, mail: Outgoing) -> Result<(), SendError> {
        match self {
            Self::Smtp(smtp) => smtp.send(mail).await,
            Self::Ses(ses) => ses.send(mail).await,
            Self::Console(console) => console.send(mail).await,
        }
    }
}
