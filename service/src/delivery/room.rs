//! How many mails with a link a recipient may still get.

use std::sync::Arc;

use super::leases::Leased;
use crate::accounts::{Error, folded};
use crate::app_state::Accounts;
use crate::limits::{self, Attempt, Limits};
use crate::mail::Kind;

/// Room for a mail, which is counted if it is one with a link to somebody.
pub(super) struct Room(Option<Attempt>);

impl Room {
    /// Counts a mail when it is sent, unless the recipient has had too many: one that does not arrive uses up nothing, and one that
    /// comes late is one of the hour that it comes in.
    pub(super) async fn take(accounts: &Accounts, row: &Leased) -> Result<Option<Self>, Error> {
        if !matches!(row.kind, Some(Kind::Link(_))) || row.user.is_none() {
            return Ok(Some(Self(None)));
        }
        let (database, clock) = (accounts.database.clone(), Arc::clone(&accounts.clock));
        let mut counted = Attempt::new(Limits::open(database, clock, accounts.tokens.keys()).await?);
        let recipient = folded(&row.recipient);
        for limit in [&accounts.settings.limits.mail_hourly, &accounts.settings.limits.mail_daily] {
            if let Err(error) = counted.take_strictly(limit, &[recipient.as_bytes()]).await {
                counted.give_back().await;
                return match error {
                    limits::Error::Exceeded(_) => Ok(None),
                    limits::Error::Database(error) => Err(error.into()),
                };
            }
        }
        Ok(Some(Self(Some(counted))))
    }

    /// Lets the mail count whether or not it arrives.
    pub(super) fn keep(&mut self) {
        self.0 = None;
    }

    /// Leaves it to other mails, because this one has not arrived.
    pub(super) async fn give_back(self) {
        if let Some(counted) = self.0 {
            counted.give_back().await;
        }
    }
}
