//! Answers what was asked for: finds who is meant, and makes the link.

use super::repository::{self, Addressee};
use super::service::Service;
use crate::accounts::{self, Error, Login, is_same};
use crate::mail::{Asked, LinkKind};
use crate::user_id::UserId;
use crate::user_row;

/// Whom a login may mean.
struct Meant<'a> {
    user: UserId,
    /// Where a mail goes to; nothing for nobody.
    email: &'a str,
    /// Whether the recipient may get one more mail.
    has_room: bool,
}

impl Service {
    /// Makes the row of the outbox that of a mail, to whoever has the login, if somebody has who may get a link of this kind.
    /// It is the same work for everybody: whoever asks can watch how busy the service is.
    ///
    /// # Errors
    /// If the database or the keys are unavailable. Nothing is counted then, and it can be answered again.
    pub(crate) async fn answer(&self, asked: &Asked<'_>) -> Result<Option<(UserId, String)>, Error> {
        let login = Login::parse(asked.login).ok();
        let candidate = match &login {
            Some(login) => accounts::find(&self.database, login).await?,
            None => None,
        };
        let recipient = login.as_ref().map_or("", Login::folded);
        let (user, email) =
            candidate.map_or((UserId::NOBODY, None), |found| (found.user_id, Some(found.email)));
        let counted = match self.count(asked.kind, email.as_deref().unwrap_or(recipient)).await {
            Ok(counted) => Some(counted),
            Err(Error::Limits(_)) => None,
            Err(error) => return Err(error),
        };
        let email = email.unwrap_or_default();
        let meant = Meant { user, email: &email, has_room: counted.is_some() };
        let answered = self.answer_to(asked, meant).await;
        if let (Err(_), Some(counted)) = (&answered, counted) {
            counted.give_back().await;
        }
        answered
    }

    async fn answer_to(
        &self,
        asked: &Asked<'_>,
        meant: Meant<'_>,
    ) -> Result<Option<(UserId, String)>, Error> {
        let links = &self.links(asked.kind, asked.language).await?;
        let Meant { user, email, has_room } = meant;
        let answered = self.database.transaction(|mut transaction| async move {
            user_row::lock(&mut transaction, user).await?;
            let addressee = repository::addressee(&mut transaction, user).await?;
            let addressee = addressee.filter(|addressee| {
                has_room && is_same(&addressee.email, email) && may_get(asked.kind, addressee)
            });
            let to = addressee.as_ref().map(|addressee| (addressee.user, &*addressee.email));
            links.provide_token(&mut transaction, to).await?;
            asked.settle(&mut transaction, to).await?;
            Ok::<_, Error>(addressee.map(|addressee| (addressee.user, addressee.email)))
        });
        answered.await
    }
}

/// Whether somebody who is there may get a mail of this kind because anybody asks for it.
fn may_get(kind: LinkKind, addressee: &Addressee) -> bool {
    addressee.status.is_active() && !(kind == LinkKind::Verification && addressee.is_proved)
}
