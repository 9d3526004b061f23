//! What is in a mail when it is sent: the row says only what it is about and to whom it goes.

use aws_lc_rs::hmac;
use chrono::{DateTime, TimeDelta, Utc};
use secrecy::ExposeSecret;
use tracing::warn;

use super::leases::Leased;
use super::room::Room;
use crate::accounts::is_same;
use crate::addresses;
use crate::app_state::Accounts;
use crate::db;
use crate::keys::{self, MacKeys};
use crate::mail::{self, Facts, Kind, Link, LinkKind, Outbox, Outgoing, SendError, Topic};
use crate::one_time_tokens::{self, Bits, KEY_PURPOSE, Live, OneTimeToken, Seed};
use crate::random;
use crate::user_id::UserId;
use crate::users::Email;

/// Why a mail could not be written.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// It never can.
    #[error(transparent)]
    Send(#[from] SendError),
    /// The keys are unavailable.
    #[error(transparent)]
    Keys(#[from] keys::Error),
    /// There is no randomness.
    #[error(transparent)]
    Random(#[from] random::Error),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] db::Error),
}

/// The mail of a row; `None` if there is nothing to be sent any more: the token of a link is used or too old, or the user is gone
/// or has another address. A notice needs no user: it tells what was done, and to the address of then.
pub(super) async fn of(
    accounts: &Accounts,
    outbox: &Outbox,
    row: &Leased,
    room: &mut Room,
    now: DateTime<Utc>,
) -> Result<Option<Outgoing>, Error> {
    let (user, kind) = match (row.kind, row.user) {
        (Some(Kind::Notice(notice)), _) => {
            return Ok(Some(outgoing(outbox, row, None, &Topic::Notice(notice))?));
        }
        (Some(Kind::Link(kind)), Some(user)) => (user, kind),
        _ => return Ok(None),
    };
    let Some(addressee) = addresses::addressee(&accounts.database, user).await? else { return Ok(None) };
    let live = one_time_tokens::live(&accounts.database, user, kind.purpose(), now).await?;
    let live =
        live.filter(|live| is_same(&live.email, &row.recipient) && is_same(&addressee.email, &row.recipient));
    let Some(mut live) = live else { return Ok(None) };
    prolong(accounts, (user, kind), &mut live, (row, outbox.lifetime(kind)), room).await?;
    let Some(token) = token(accounts, (user, kind), &live).await? else { return Ok(None) };
    let url = format!("{}#{}", outbox.link(kind).page, token.secret().expose_secret());
    let username = addressee.is_proved.then_some(&*addressee.username);
    let topic = Topic::Link(kind, Link { url: &url, expires_at: live.expires_at });
    Ok(Some(outgoing(outbox, row, username, &topic)?))
}

/// Lets a token that has less than half of its life left live as long as one that was made for this request: whoever asks for a link has
/// time to use it. The mail then counts in any case, so that the limits of mails are those of a link's life, too.
async fn prolong(
    accounts: &Accounts,
    (user, kind): (UserId, LinkKind),
    live: &mut Live,
    (row, lifetime): (&Leased, TimeDelta),
    room: &mut Room,
) -> Result<(), db::Error> {
    let (now, expires_at) = (accounts.clock.now(), row.created_at + lifetime);
    if live.expires_at - now < lifetime / 2 && expires_at > live.expires_at {
        let (owner, times) = ((user, kind.purpose()), (now, expires_at));
        if one_time_tokens::prolong(&accounts.database, owner, &live.hash, times).await? {
            live.expires_at = expires_at;
            room.keep();
        }
    }
    Ok(())
}

fn outgoing(
    outbox: &Outbox,
    row: &Leased,
    username: Option<&str>,
    topic: &Topic<'_>,
) -> Result<Outgoing, SendError> {
    let permanent = |cause: Box<dyn std::error::Error + Send + Sync>| SendError::Permanent(cause);
    // A row that is older than the rules may hold an address that cannot be written to, or one with Unicode letters.
    let recipient = Email::parse(&row.recipient).map_err(|invalid| permanent(invalid.message.into()))?;
    let recipient = recipient.as_str().parse().map_err(|error| permanent(Box::new(error)))?;
    let facts = Facts { site: &outbox.config().site, username };
    let written = mail::write(row.language, &facts, topic).map_err(|error| permanent(error.into()))?;
    Ok(Outgoing {
        id: row.id,
        from: outbox.config().from.clone(),
        recipient,
        created_at: row.created_at,
        subject: written.subject.to_owned(),
        text: written.text,
        html: written.html,
    })
}

/// The token of a row, computed anew. If it was made with a key that is gone, the row gets other random bits; `None` if it has
/// ended meanwhile.
async fn token(
    accounts: &Accounts,
    (user, kind): (UserId, LinkKind),
    live: &Live,
) -> Result<Option<OneTimeToken>, Error> {
    let keys = accounts.tokens.keys();
    let with = |key: &hmac::Key, bits: &Bits| {
        Seed { purpose: kind.purpose(), user, email: &live.email, bits }.token(key)
    };
    let of = |keys: &MacKeys| {
        keys.accepted(KEY_PURPOSE).map(|key| with(&key, &live.bits)).find(|token| token.hash() == live.hash)
    };
    if let Some(token) = of(&keys.mac_keys().await?) {
        return Ok(Some(token));
    }
    // Another process may know a newer key.
    let anew = keys.reload_mac_keys().await?;
    if let Some(token) = of(&anew) {
        return Ok(Some(token));
    }
    warn!(user_id = %user, kind = kind.as_str(), "The key of a one-time token is gone; the token is made anew");
    let bits = random::bytes()?;
    let token = with(&anew.derive(KEY_PURPOSE), &bits);
    let owner = (user, kind.purpose());
    let renewed =
        one_time_tokens::renew(&accounts.database, owner, &live.hash, (&token.hash(), &bits)).await?;
    Ok(renewed.then_some(token))
}
