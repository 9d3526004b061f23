//! The first administrator, and the way back in: by a command on the machine, never over HTTP.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::zeroize::Zeroizing;

use super::login::is_same;
use super::passwords::tell_of_new_password;
use super::{Error, Login, Status, repository};
use crate::access::RoleName;
use crate::clock::Clock;
use crate::config;
use crate::db::{Database, Transaction};
use crate::language::Language;
use crate::mail::Outbox;
use crate::one_time_tokens::{self, NewToken, OneTimeToken, Purpose};
use crate::passwords::{About, Hasher, PasswordHash, Policy};
use crate::user_id::UserId;
use crate::users::{Email, NewUser, Username};
use crate::{addresses, roles, sessions, user_row, users};

/// How long a token for the password of an administrator lives: one hour.
const TOKEN_LIFETIME: TimeDelta = TimeDelta::hours(1);

/// Who is to be an administrator.
pub struct Administrator {
    /// The name.
    pub username: Username,
    /// The address.
    pub email: Email,
    /// Whether this is a user who is there already. Sessions end, the password goes, and the account is enabled.
    pub existing: bool,
}

/// How the administrator gets a password.
pub enum AdministratorPassword {
    /// It is this one, if the policy accepts it.
    Password(Zeroizing<String>, config::Passwords),
    /// By a token for `POST /passwords/confirm`.
    Token,
}

/// Makes an administrator, and returns the token if one was asked for. Where there is mail, a user whose password goes is told so.
///
/// # Errors
/// [`Error::Users`] if the name or address is taken; [`Error::UserNotFound`] if an existing user was asked for and nobody has
/// both the name and the address; [`Error::Invalid`] for a password that the policy refuses.
pub async fn create_administrator(
    database: &Database,
    clock: Arc<dyn Clock>,
    administrator: Administrator,
    password: AdministratorPassword,
    outbox: Option<&Outbox>,
) -> Result<Option<OneTimeToken>, Error> {
    let about = About { username: administrator.username.as_str(), email: administrator.email.as_str() };
    let (hash, token) = match password {
        AdministratorPassword::Password(text, config) => {
            let new = Policy::new(&config).check(&text, &about);
            let new = new.map_err(|invalid| Error::Invalid(invalid.at("password")))?;
            (Some(Hasher::new(config.hashing).hash(new).await?), None)
        }
        AdministratorPassword::Token => (None, Some(OneTimeToken::new()?)),
    };
    let way_in = WayIn { hash, token_hash: token.as_ref().map(OneTimeToken::hash), now: clock.now() };
    if administrator.existing {
        restore(database, &administrator, &way_in, outbox).await?;
    } else {
        let email = &administrator.email;
        let user = NewUser { username: administrator.username, email: email.clone(), full_name: None };
        let way_in = &way_in;
        let users = users::Service::over(database.clone(), clock);
        users
            .create_with(None, user, None, &|transaction, id| {
                Box::pin(way_in.open(transaction, id, email.as_str()))
            })
            .await?;
    }
    Ok(token)
}

/// Gives a user who is there the role and the way in, and closes all others.
async fn restore(
    database: &Database,
    administrator: &Administrator,
    way_in: &WayIn,
    outbox: Option<&Outbox>,
) -> Result<(), Error> {
    let login = Login::parse(administrator.username.as_str()).map_err(|_| Error::UserNotFound)?;
    let found = repository::find(database, &login).await?.ok_or(Error::UserNotFound)?;
    // A row of the Python service may hold an international domain in Unicode letters.
    let stored = Email::parse(&found.email).map_or_else(|_| found.email.clone(), Email::into_string);
    if !is_same(administrator.email.as_str(), &stored) {
        return Err(Error::UserNotFound);
    }
    let (user, email, had_password) = (found.user_id, &*found.email, found.hash.is_some());
    let restored = database.transaction(|mut transaction| async move {
        if !user_row::lock(&mut transaction, user).await? {
            return Err(Error::UserNotFound);
        }
        if let Some(outbox) = outbox.filter(|_| had_password) {
            // The command knows no language of the user's.
            tell_of_new_password(outbox, &mut transaction, user, Language::En, way_in.now).await?;
        }
        sessions::end_all(&mut transaction, user, None, way_in.now).await?;
        repository::set_password(&mut transaction, user, None, way_in.now).await?;
        one_time_tokens::end_all(&mut transaction, user).await?;
        Ok(way_in.open(transaction, user, email).await?)
    });
    restored.await
}

/// How the administrator gets in.
struct WayIn {
    hash: Option<PasswordHash>,
    token_hash: Option<[u8; 32]>,
    now: DateTime<Utc>,
}

impl WayIn {
    /// Opens it for a user whose row is locked. Whoever may run the command is believed that the address is the administrator's.
    async fn open(
        &self,
        mut transaction: Transaction,
        user: UserId,
        email: &str,
    ) -> Result<(), crate::db::Error> {
        roles::grant(&mut transaction, user, &RoleName::admin()).await?;
        repository::set_status(&mut transaction, user, Status::Active).await?;
        addresses::prove(&mut transaction, user, email, self.now).await?;
        if let Some(hash) = &self.hash {
            repository::set_password(&mut transaction, user, Some(hash), self.now).await?;
        }
        if let Some(hash) = &self.token_hash {
            let expires_at = self.now + TOKEN_LIFETIME;
            let token = NewToken { user, purpose: Purpose::Password, hash, expires_at, mailed: None };
            one_time_tokens::put(&mut transaction, &token).await?;
        }
        Ok(())
    }
}
