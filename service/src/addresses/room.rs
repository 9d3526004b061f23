//! How many mails of a kind a recipient may still get.

use super::service::Service;
use crate::accounts::{Error, Login};
use crate::limits::{self, Attempt};
use crate::mail::LinkKind;

impl Service {
    /// Counts a mail for a recipient, who need not be known.
    ///
    /// Each kind by itself: whoever asks for links to prove an address, of which none may be sent, must not use up the mails by
    /// which its owner sets a forgotten password.
    ///
    /// # Errors
    /// [`Error::Limits`]: the recipient has had too many. That counts as none.
    pub(crate) async fn count(&self, kind: LinkKind, recipient: &str) -> Result<Attempt, Error> {
        // The spelling that limits count, if it is one that a request could have.
        let login = Login::parse(recipient);
        let recipient = login.as_ref().map_or(recipient, Login::folded);
        let subject: [&[u8]; 2] = [kind.as_str().as_bytes(), recipient.as_bytes()];
        let mut counted = Attempt::new(self.counting().await?);
        let mut exceeded = None;
        for limit in [&self.limits.mail_hourly, &self.limits.mail_daily] {
            match counted.take(limit, &subject).await {
                Ok(()) => {}
                Err(limits::Error::Exceeded(limit)) => exceeded = Some(limit),
                Err(limits::Error::Database(error)) => return Err(error.into()),
            }
        }
        let Some(exceeded) = exceeded else { return Ok(counted) };
        counted.give_back().await;
        Err(exceeded.into())
    }
}
