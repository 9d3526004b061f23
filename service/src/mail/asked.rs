//! What is asked for and not answered yet: a link for a login that need not be anybody's.

use uuid::Uuid;

use super::leases::{Lease, Leased};
use super::{Kind, Language, LinkKind, repository};
use crate::db::{Error, Executor};
use crate::user_id::UserId;

/// A link that somebody asked for, in a row that this process has leased.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// What the link is for.
    pub(crate) kind: LinkKind,
    /// The login as it was given.
    pub(crate) login: &'a str,
    /// What the mail is to be written in.
    pub(crate) language: Language,
    row: Uuid,
    lease: Lease,
}

impl<'a> Asked<'a> {
    /// What is asked for in a row; `None` if it is a mail already.
    pub(super) fn of(row: &'a Leased, lease: Lease) -> Option<Self> {
        let Some(Kind::Asked(kind)) = row.kind else { return None };
        Some(Self { kind: kind.into(), login: &row.recipient, language: row.language, row: row.id, lease })
    }

    /// Makes the row that of a mail, in the transaction that makes its token. A link to nobody is never sent.
    pub(crate) async fn settle(
        &self,
        executor: impl Executor,
        to: Option<(UserId, &str)>,
    ) -> Result<(), Error> {
        repository::settle(executor, (self.row, self.lease), Kind::Link(self.kind), to).await
    }
}
