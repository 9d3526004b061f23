//! Links that were requested: whom a login means, if anybody, is found out here and not while somebody waits for an answer.

use std::sync::Arc;

use axum::extract::FromRef;
use uuid::Uuid;

use super::leases::{Lease, Leased};
use super::repository;
use crate::accounts::{self, Error, Login, is_same};
use crate::addresses::{self, Addressee};
use crate::app_state::Accounts;
use crate::language::Language;
use crate::mail::{Kind, LinkKind};
use crate::user_id::UserId;
use crate::user_row;

/// A link that somebody requested, in a row that this process has leased.
#[derive(Debug, Clone, Copy)]
pub(super) struct LinkRequest<'a> {
    pub(super) kind: LinkKind,
    /// The login as it was given, which need not be anybody's.
    login: &'a str,
    language: Language,
    row: Uuid,
    lease: Lease,
}

impl<'a> LinkRequest<'a> {
    /// What is requested in a row; `None` if it is a mail already.
    pub(super) fn of(row: &'a Leased, lease: Lease) -> Option<Self> {
        let Some(Kind::Requested(kind)) = row.kind else { return None };
        Some(Self { kind: kind.into(), login: &row.recipient, language: row.language, row: row.id, lease })
    }

    /// Makes the row that of a mail, to whoever has the login, if somebody has who may get a link of this kind.
    /// It is the same work for everybody: whoever asks can watch how busy the service is.
    ///
    /// # Errors
    /// If the database or the keys are unavailable. It can be resolved again.
    pub(super) async fn resolve(&self, accounts: &Arc<Accounts>) -> Result<Option<(UserId, String)>, Error> {
        let service = addresses::Service::from_ref(accounts);
        let login = Login::parse(self.login).ok();
        let found = match &login {
            Some(login) => accounts::find(&accounts.database, login).await?,
            None => None,
        };
        let (user, email) =
            found.map_or((UserId::NOBODY, String::new()), |found| (found.user_id, found.email));
        let email = &email;
        let links = &service.links(self.kind, self.language).await?;
        let resolved = accounts.database.transaction(|mut transaction| async move {
            user_row::lock(&mut transaction, user).await?;
            let addressee = addresses::addressee(&mut transaction, user).await?;
            let addressee = addressee
                .filter(|addressee| is_same(&addressee.email, email) && may_get(self.kind, addressee));
            let to = addressee.as_ref().map(|addressee| (addressee.user, &*addressee.email));
            links.provide_token(&mut transaction, to).await?;
            // A link to nobody is never sent.
            let row = (self.row, self.lease);
            repository::settle(&mut transaction, row, Kind::Link(self.kind), to).await?;
            Ok::<_, Error>(addressee.map(|addressee| (addressee.user, addressee.email)))
        });
        resolved.await
    }
}

/// Whether somebody who is there may get a mail of this kind because anybody asks for it.
fn may_get(kind: LinkKind, addressee: &Addressee) -> bool {
    addressee.status.is_active() && !(kind == LinkKind::Verification && addressee.is_proved)
}
