//! How many mails with a link a recipient may still get.

use tracing::field::display;
use tracing::{info, warn};

use super::service::Service;
use crate::access::Caller;
use crate::accounts::{Error, folded};
use crate::limits::{self, Attempt};
use crate::user_id::UserId;

/// Whether a recipient may get one more mail with a link, which is counted then.
pub(crate) struct Room(Option<Attempt>);

impl Room {
    /// Whether there is any.
    pub(crate) const fn is_left(&self) -> bool {
        self.0.is_some()
    }

    /// Logs whether a user was invited, which the answer does not tell.
    pub(crate) fn log_invitation(&self, user: UserId, by: Option<&Caller>) {
        let by = by.map(|caller| display(caller.user_id));
        if self.is_left() {
            info!(user_id = %user, by, "A user was invited");
        } else {
            warn!(user_id = %user, by, "A user was not invited: the address has had too many mails");
        }
    }

    /// Leaves the room to others, because no mail is sent.
    pub(crate) async fn give_back(self) {
        if let Some(counted) = self.0 {
            counted.give_back().await;
        }
    }
}

impl Service {
    /// Counts a mail with a link for a recipient, who need not be known. If there is no room for it, it does not count.
    ///
    /// A mail that is not sent is counted apart: that is the same work, and whoever asks for what is sent to nobody uses up
    /// nothing of a recipient's.
    pub(crate) async fn count(&self, recipient: &str, is_sent: bool) -> Result<Room, Error> {
        let recipient = folded(recipient);
        let subject: [&[u8]; 2] = [if is_sent { b"sent" } else { b"unsent" }, recipient.as_bytes()];
        let mut counted = Attempt::new(self.counting().await?);
        let mut has_room = true;
        for limit in [&self.limits.mail_hourly, &self.limits.mail_daily] {
            match counted.take_strictly(limit, &subject).await {
                Ok(()) => {}
                Err(limits::Error::Exceeded(_)) => has_room = false,
                Err(limits::Error::Database(error)) => return Err(error.into()),
            }
        }
        if has_room {
            return Ok(Room(Some(counted)));
        }
        counted.give_back().await;
        Ok(Room(None))
    }
}
