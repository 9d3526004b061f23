//! `create-admin`: makes the first administrator on the command line, or lets one who is locked out back in.

use std::io::{self, BufRead, IsTerminal};
use std::sync::Arc;

use secrecy::zeroize::Zeroizing;

use crate::accounts::{Administrator, AdministratorPassword, Error as AccountError, create_administrator};
use crate::clock::SystemClock;
use crate::config::{Access, Config, TokenAccess};
use crate::db::{self, Database};
use crate::field::Invalid;
use crate::mail::Outbox;
use crate::migrations;
use crate::one_time_tokens::OneTimeToken;
use crate::users::{Email, Error as UserError, Taken, Username};

/// What the command was given.
#[derive(Debug, Clone, Copy)]
pub struct Arguments<'a> {
    /// The name.
    pub username: &'a str,
    /// The e-mail address.
    pub email: &'a str,
    /// Whether to make a one-time token instead of reading a password.
    pub token: bool,
    /// Whether this is a user who is there already.
    pub existing: bool,
}

/// Why there is no new administrator.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An argument or the password cannot be accepted.
    #[error("{what} {message}")]
    Invalid {
        /// What was given.
        what: &'static str,
        /// What is wrong with it.
        message: String,
    },
    /// Another user has the name or the address.
    #[error("{} taken; to give this user the role and a new password, add --existing", taken(*.0))]
    Taken(Taken),
    /// There is no such user.
    #[error("no user has both this username and this e-mail address; leave out --existing to add one")]
    NoSuchUser,
    /// There is no password.
    #[error("the password could not be read; type it, or send it as one line of standard input")]
    NoPassword(#[source] io::Error),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] db::Error),
    /// Anything else.
    #[error(transparent)]
    Account(AccountError),
}

const fn taken(taken: Taken) -> &'static str {
    match (taken.username, taken.email) {
        (true, true) => "this username and this e-mail address are",
        (true, false) => "this username is",
        (false, _) => "this e-mail address is",
    }
}

/// Makes the administrator, and returns the one-time token if one was asked for.
///
/// # Errors
/// See [`Error`].
pub async fn run(arguments: Arguments<'_>, config: Config) -> Result<Option<OneTimeToken>, Error> {
    // Whoever mistyped an argument is not asked for a password first.
    let administrator = read(arguments)?;
    let database = Database::open(config.database, migrations::ALL).await?;
    database.ready().await?;
    let password = if arguments.token {
        AdministratorPassword::Token
    } else {
        AdministratorPassword::Password(read_password()?, config.application.passwords)
    };
    let mail = match config.application.access {
        Access::Tokens(TokenAccess { mail, .. }) => mail.map(|mail| Outbox::new(*mail)),
        Access::Open => None,
    };
    let made =
        create_administrator(&database, Arc::new(SystemClock), administrator, password, mail.as_ref()).await;
    made.map_err(explain)
}

/// The same in a database that is open, always with a one-time token, by a function that has no settings of mail.
///
/// # Errors
/// See [`Error`].
pub async fn with_token(
    database: &Database,
    arguments: Arguments<'_>,
) -> Result<Option<OneTimeToken>, Error> {
    let (administrator, password) = (read(arguments)?, AdministratorPassword::Token);
    let made = create_administrator(database, Arc::new(SystemClock), administrator, password, None).await;
    made.map_err(explain)
}

fn read(arguments: Arguments<'_>) -> Result<Administrator, Error> {
    let username = Username::parse(arguments.username).map_err(invalid("the username"))?;
    let email = Email::parse(arguments.email).map_err(invalid("the e-mail address"))?;
    Ok(Administrator { username, email, existing: arguments.existing })
}

/// Without echo from a terminal, else one line, without its end.
fn read_password() -> Result<Zeroizing<String>, Error> {
    let input = io::stdin();
    if input.is_terminal() {
        let password = rpassword::prompt_password("Password of the administrator: ");
        return password.map(Zeroizing::new).map_err(Error::NoPassword);
    }
    let mut line = Zeroizing::new(String::with_capacity(1024));
    let length = input.lock().read_line(&mut line).map_err(Error::NoPassword)?;
    if length == 0 {
        return Err(Error::NoPassword(io::ErrorKind::UnexpectedEof.into()));
    }
    let end = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(end);
    Ok(line)
}

fn invalid(what: &'static str) -> impl Fn(Invalid) -> Error {
    move |invalid| Error::Invalid { what, message: invalid.message }
}

fn explain(error: AccountError) -> Error {
    match error {
        AccountError::Users(UserError::Taken(taken)) => Error::Taken(taken),
        AccountError::UserNotFound => Error::NoSuchUser,
        AccountError::Invalid(field) => Error::Invalid { what: "the password", message: field.message },
        AccountError::Database(error) => error.into(),
        error => Error::Account(error),
    }
}
