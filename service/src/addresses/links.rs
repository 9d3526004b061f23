//! A link in a mail: its token and the mail, written in the transaction of whoever asks for it.

use aws_lc_rs::hmac;
use chrono::{DateTime, Utc};

use crate::accounts::is_same;
use crate::db::{Error, Transaction};
use crate::language::Language;
use crate::mail::{Kind, LinkKind, Outbox};
use crate::one_time_tokens::{self, Bits, NewToken, Seed};
use crate::user_id::UserId;

/// Links of one kind, for one request.
pub(crate) struct Links {
    pub(super) outbox: Outbox,
    pub(super) kind: LinkKind,
    pub(super) language: Language,
    /// What tokens are computed with.
    pub(super) key: hmac::Key,
    /// What a new token is computed from.
    pub(super) bits: Bits,
    pub(super) now: DateTime<Utc>,
}

impl Links {
    /// Sends a user, whose row is locked, the link with the live token, or with a new one if there is none. To nobody it sends
    /// nothing.
    pub(crate) async fn send(
        &self,
        transaction: &mut Transaction,
        to: Option<(UserId, &str)>,
    ) -> Result<(), Error> {
        self.provide_token(&mut *transaction, to).await?;
        self.outbox.enqueue(&mut *transaction, Kind::Link(self.kind), self.language, to, self.now).await
    }

    /// Leaves a user, whose row is locked, the live token, or makes a new one if there is none. For nobody it does nothing, which is
    /// as much work.
    pub(crate) async fn provide_token(
        &self,
        transaction: &mut Transaction,
        to: Option<(UserId, &str)>,
    ) -> Result<(), Error> {
        let purpose = self.kind.purpose();
        let (user, email) = to.unwrap_or((UserId::NOBODY, ""));
        let live = one_time_tokens::live(&mut *transaction, user, purpose, self.now).await?;
        let live = live.filter(|live| is_same(&live.email, email));
        if to.is_none() || live.is_some() {
            one_time_tokens::keep(&mut *transaction, user, purpose).await?;
        } else {
            let token = Seed { purpose, user, email, bits: &self.bits }.token(&self.key);
            let new = NewToken {
                user,
                purpose,
                hash: &token.hash(),
                expires_at: self.now + self.outbox.lifetime(self.kind),
                mailed: Some((email, &self.bits)),
            };
            one_time_tokens::put(&mut *transaction, &new).await?;
        }
        Ok(())
    }

    /// Lets the mail be sent at once, when the transaction is committed.
    pub(crate) fn wake(&self) {
        self.outbox.wake();
    }
}
