//! The application's account on the server: its creation, its grants and its passwords.

use secrecy::ExposeSecret;
use sqlx::{Connection, MySqlConnection, query_scalar, raw_sql};

use super::{Connector, classify};
use crate::config::{Credentials, Login, Mysql, Tls};
use crate::db::{Error, Outage};

/// The privileges of the application on each of its tables.
const PRIVILEGES: &str = "select, insert, update, delete";

/// Creates the account if there is none, and gives it this password and the privileges that the application needs.
///
/// # Errors
/// If the server cannot be reached or the administrator may not do it.
pub async fn ensure(
    administrator: Mysql,
    account: &Login,
    tables: impl Iterator<Item = &'static str>,
) -> Result<(), Error> {
    let mut connection = Connector::without_limits(administrator)?.connect().await?;
    let user = literal(&account.username)?;
    let password = literal(account.password.expose_secret())?;
    for statement in [
        format!("create user if not exists {user}@'%' identified by {password}"),
        format!("alter user {user}@'%' identified by {password} require ssl"),
    ] {
        execute(&mut connection, &statement).await?;
    }
    grant_on(&mut connection, account, tables).await
}

/// Grants the account what it needs on every table: a release may have brought new ones.
///
/// # Errors
/// If the server cannot be reached or the administrator may not do it.
pub async fn grant(
    administrator: Mysql,
    account: &Login,
    tables: impl Iterator<Item = &'static str>,
) -> Result<(), Error> {
    let mut connection = Connector::without_limits(administrator)?.connect().await?;
    grant_on(&mut connection, account, tables).await
}

async fn grant_on(
    connection: &mut MySqlConnection,
    account: &Login,
    tables: impl Iterator<Item = &'static str>,
) -> Result<(), Error> {
    let user = literal(&account.username)?;
    let schema = identifier(&account.database)?;
    for table in tables {
        execute(connection, &format!("grant {PRIVILEGES} on {schema}.{table} to {user}@'%'")).await?;
    }
    // Readiness depends on whether this release's migrations are applied.
    execute(connection, &format!("grant select on {schema}.users_service_migrations to {user}@'%'")).await
}

/// Gives the account a new password and lets the old one work as well, until the next change (MySQL 8.0.14 and later,
/// <https://dev.mysql.com/doc/refman/8.4/en/password-management.html#dual-passwords>).
///
/// # Errors
/// If the server cannot be reached, is MariaDB, which has no second password, or the administrator may not do it.
pub async fn add_password(administrator: Mysql, account: &Login) -> Result<(), Error> {
    let mut connection = Connector::without_limits(administrator)?.connect().await?;
    let version: String = query_scalar("select version()")
        .fetch_one(&mut connection)
        .await
        .map_err(|error| classify(error).0)?;
    if version.contains("MariaDB") {
        return Err(Error::Internal(
            format!("{version} has no second password for a user; MySQL 8.0.14 has").into(),
        ));
    }
    let user = literal(&account.username)?;
    let password = literal(account.password.expose_secret())?;
    execute(
        &mut connection,
        &format!("alter user {user}@'%' identified by {password} retain current password"),
    )
    .await
}

/// Whether the server accepts the login.
///
/// # Errors
/// If that cannot be found out: the server cannot be reached.
pub async fn works(login: &Login, tls: &Tls) -> Result<bool, Error> {
    let config = Mysql { credentials: Credentials::Fixed(login.clone()), tls: tls.clone(), pool_size: 1 };
    match Connector::new(config)?.connect().await {
        Ok(connection) => {
            let _ = connection.close().await;
            Ok(true)
        }
        Err(Error::Unavailable { reason: Outage::Credentials, .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

async fn execute(connection: &mut MySqlConnection, statement: &str) -> Result<(), Error> {
    // The server's message may quote the statement, which holds the password: only the class is reported.
    raw_sql(statement).execute(connection).await.map(drop).map_err(|error| match classify(error).0 {
        outage @ Error::Unavailable { .. } => outage,
        _ => Error::Internal("the server refused a statement about the application's account".into()),
    })
}

/// A text as an SQL literal. Account statements take no parameters.
fn literal(text: &str) -> Result<String, Error> {
    plain(text).map(|text| format!("'{text}'"))
}

/// A name as an SQL identifier.
fn identifier(name: &str) -> Result<String, Error> {
    plain(name).map(|name| format!("`{name}`"))
}

/// Refuses what would have to be escaped; the names and passwords that this service generates never do.
fn plain(text: &str) -> Result<&str, Error> {
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.$".contains(&byte)) {
        return Ok(text);
    }
    let message =
        "a user, password or schema has characters other than ASCII letters, digits, '_', '-', '.' and '$'";
    Err(Error::Internal(message.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_ends_a_literal_gets_into_a_statement() {
        assert_eq!(literal("users_service").unwrap(), "'users_service'");
        for text in ["a'b", "a\\", "a`b", "a b", "é", "a\0"] {
            assert!(literal(text).is_err() && identifier(text).is_err(), "{text:?}");
        }
    }
}
