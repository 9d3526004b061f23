//! The outbox: what the features put mails into, and the job takes them from.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Notify;
use tokio::time::sleep;
use uuid::Uuid;

use super::message::Outgoing;
use super::repository::{self, NewMail};
use super::sender::{SendError, Sender};
use super::{Kind, LinkKind, RequestedLink};
use crate::accounts::Login;
use crate::config;
use crate::db::{Error, Executor};
use crate::language::Language;
use crate::random;
use crate::user_id::UserId;

/// The most characters of a recipient.
const MAX_RECIPIENT_LENGTH: usize = 100;

/// How long at least nothing is done about a link that was asked for; up to 255 ms more are added by chance.
const MIN_DELAY: Duration = Duration::from_millis(100);

/// Where mails are put, and what they are sent with. A clone is the same.
#[derive(Clone)]
pub struct Outbox(Arc<Inner>);

struct Inner {
    config: config::Mail,
    sender: Sender,
    /// Tells the job of this process that there is something to send.
    due: Notify,
}

impl Outbox {
    /// As configured. It begins on the runtime that it is made on.
    #[must_use]
    pub fn new(config: config::Mail) -> Self {
        let sender = Sender::new(&config);
        Self(Arc::new(Inner { config, sender, due: Notify::new() }))
    }

    /// Puts a mail into the outbox. A link to nobody is never sent.
    pub(crate) async fn enqueue(
        &self,
        executor: impl Executor,
        kind: Kind,
        language: Language,
        to: Option<(UserId, &str)>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let (user, recipient) = (to.map(|(user, _)| user), to.map_or("", |(_, email)| email));
        let mail = NewMail { id: Uuid::new_v4(), user, kind, language, recipient, now };
        repository::insert(executor, &mail).await
    }

    /// Puts into the outbox that somebody asked for a link. Whose the login is, if anybody's, the job finds out: so the answer
    /// takes the same time for all, and not more than it takes to write this down.
    pub(crate) async fn ask(
        &self,
        executor: impl Executor,
        link: RequestedLink,
        language: Language,
        login: &Login,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        // Nobody has a longer one.
        let fitting = [login.given(), login.folded()]
            .into_iter()
            .find(|text| text.chars().count() <= MAX_RECIPIENT_LENGTH);
        let recipient = fitting.unwrap_or_default();
        let mail =
            NewMail { id: Uuid::new_v4(), user: None, kind: Kind::Requested(link), language, recipient, now };
        repository::insert(executor, &mail).await
    }

    /// Lets the job of this process begin, once what was put into the outbox is committed.
    pub(crate) fn wake(&self) {
        self.0.due.notify_one();
    }

    /// The same for a link that was asked for, at a moment that nobody can foresee: what is done for a login that somebody has
    /// must not fall into the time that the answer takes, nor into that of one of the next answers rather than another.
    pub(crate) fn wake_later(&self) {
        let outbox = self.clone();
        let [by_chance] = random::bytes().unwrap_or_default();
        let delay = MIN_DELAY + Duration::from_millis(by_chance.into());
        tokio::spawn(async move {
            sleep(delay).await;
            outbox.wake();
        });
    }

    /// Waits for [`Self::wake`].
    pub(crate) async fn woken(&self) {
        self.0.due.notified().await;
    }

    /// How long the links of a kind are good.
    pub(crate) fn lifetime(&self, kind: LinkKind) -> TimeDelta {
        TimeDelta::from_std(self.link(kind).lifetime).unwrap_or(TimeDelta::MAX)
    }

    /// Where the links of a kind lead, and how long they are good.
    pub(crate) fn link(&self, kind: LinkKind) -> &config::Link {
        match kind {
            LinkKind::Verification => &self.0.config.verification,
            LinkKind::Reset => &self.0.config.reset,
            LinkKind::Invitation => &self.0.config.invitation,
        }
    }

    /// As it was configured.
    pub(crate) fn config(&self) -> &config::Mail {
        &self.0.config
    }

    /// How many mails are sent at once.
    pub(crate) fn at_once(&self) -> usize {
        self.0.sender.at_once()
    }

    /// Whether sending a mail may take as long as the server of its recipient wants.
    pub(crate) fn may_wait_for_recipients(&self) -> bool {
        self.0.sender.may_wait_for_recipients()
    }

    /// Sends a mail, which need not be in the outbox.
    pub(crate) async fn send(&self, mail: Outgoing) -> Result<(), SendError> {
        self.0.sender.send(mail).await
    }
}
