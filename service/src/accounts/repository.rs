//! The statements of accounts. Times are milliseconds since 1970.

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use super::login::is_same;
use super::{Account, Login, Status};
use crate::access::RoleName;
use crate::db::{Error, Executor, Statement, Transaction, Value, Written, from_millis, to_millis};
use crate::passwords::PasswordHash;
use crate::user_id::UserId;
use crate::user_row;

const GET: Statement = Statement::read(
    "accounts.get",
    "select users.user_id, accounts.status, accounts.password_hash is not null as has_password,
            accounts.password_changed_at, accounts.last_signed_in_at, user_roles.role,
            users.email, proved_addresses.email as proved
     from users
     left join accounts on accounts.user_id = users.user_id
     left join proved_addresses on proved_addresses.user_id = users.user_id
     left join user_roles on user_roles.user_id = users.user_id
     where users.user_id = ?
     order by user_roles.role",
);

/// The account of a user; `None` if there is no such user.
pub(super) async fn get(executor: impl Executor, user: UserId) -> Result<Option<Account>, Error> {
    let rows: Vec<AccountRow> = executor.run(&GET, &[user.get().into()]).await?;
    let Some(first) = rows.first() else { return Ok(None) };
    Ok(Some(Account {
        user_id: user_row::id(first.user_id)?,
        status: Status::from_stored(first.status.as_deref()),
        email_verified: first.proved.as_ref().is_some_and(|proved| is_same(proved, &first.email)),
        has_password: first.has_password != 0,
        password_changed_at: first.password_changed_at.map(from_millis).transpose()?,
        last_signed_in_at: first.last_signed_in_at.map(from_millis).transpose()?,
        roles: rows.into_iter().filter_map(|row| row.role).map(RoleName::from_stored).collect(),
    }))
}

/// What is needed to check somebody's password.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    /// Who it is.
    pub(crate) user_id: UserId,
    pub(super) username: String,
    /// The address.
    pub(crate) email: String,
    pub(super) status: Status,
    pub(super) hash: Option<PasswordHash>,
}

const BY_USERNAME: Statement = Statement::read(
    "accounts.by_username",
    "select users.user_id, users.username, users.email, accounts.status, accounts.password_hash
     from users left join accounts on accounts.user_id = users.user_id
     where users.username = ?",
);

const BY_EMAIL: Statement = Statement::read(
    "accounts.by_email",
    "select users.user_id, users.username, users.email, accounts.status, accounts.password_hash
     from users left join accounts on accounts.user_id = users.user_id
     where users.email = ?",
);

/// The user with this login.
pub(crate) async fn find(executor: impl Executor + Copy, login: &Login) -> Result<Option<Candidate>, Error> {
    if let Some(username) = login.username() {
        let row: Option<CandidateRow> = executor.run(&BY_USERNAME, &[username.into()]).await?;
        return row.filter(|row| is_same(username, &row.username)).map(Candidate::try_from).transpose();
    }
    let mut found = None;
    // All are asked for, whether or not the first is somebody's: that costs as much for nobody.
    for email in login.email_spellings() {
        let row: Option<CandidateRow> = executor.run(&BY_EMAIL, &[email.as_str().into()]).await?;
        found = found.or(row.filter(|row| is_same(email, &row.email)));
    }
    found.map(Candidate::try_from).transpose()
}

const SELECT_BY_ID: &str =
    "select users.user_id, users.username, users.email, accounts.status, accounts.password_hash
     from users left join accounts on accounts.user_id = users.user_id
     where users.user_id = ?";

const BY_ID: Statement = Statement::read("accounts.by_id", SELECT_BY_ID);

/// The user with this id. In a transaction the row is locked before.
pub(super) async fn candidate(executor: impl Executor, user: UserId) -> Result<Option<Candidate>, Error> {
    let row: Option<CandidateRow> = executor.run(&BY_ID, &[user.get().into()]).await?;
    row.map(Candidate::try_from).transpose()
}

/// It locks the row of the user first, as [`user_row::lock`] does, then that of the account. Only for somebody who had an account: in
/// place of a row that is not there a gap would be locked, into which nobody could insert.
const LOCK: Statement = Statement::write(
    "accounts.lock",
    "select users.user_id, users.username, users.email, accounts.status, accounts.password_hash
     from users left join accounts on accounts.user_id = users.user_id
     where users.user_id = ? for update",
)
.on_sqlite(SELECT_BY_ID);

/// The user with this id, who had an account a moment ago; locked until the end of the transaction.
pub(super) async fn lock(transaction: &mut Transaction, user: UserId) -> Result<Option<Candidate>, Error> {
    let row: Option<CandidateRow> = transaction.run(&LOCK, &[user.get().into()]).await?;
    row.map(Candidate::try_from).transpose()
}

const SET_STATUS: Statement = Statement::idempotent_write(
    "accounts.set_status",
    "insert into accounts (user_id, status) values (?, ?) on duplicate key update status = ?",
)
.on_sqlite(
    "insert into accounts (user_id, status) values (?1, ?2) on conflict (user_id) do update set status = ?3",
);

/// Lets a user sign in, or not.
pub(super) async fn set_status(executor: impl Executor, user: UserId, status: Status) -> Result<(), Error> {
    let status = status.as_str().into();
    executor.run::<Written>(&SET_STATUS, &[user.get().into(), status, status]).await.map(drop)
}

const SET_PASSWORD: Statement = Statement::idempotent_write(
    "accounts.set_password",
    "insert into accounts (user_id, password_hash, password_changed_at) values (?, ?, ?)
     on duplicate key update password_hash = ?, password_changed_at = ?",
)
.on_sqlite(
    "insert into accounts (user_id, password_hash, password_changed_at) values (?1, ?2, ?3)
     on conflict (user_id) do update set password_hash = ?4, password_changed_at = ?5",
);

/// Sets a password, or removes it.
pub(super) async fn set_password(
    executor: impl Executor,
    user: UserId,
    hash: Option<&PasswordHash>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let (hash, now) = (hash.map(PasswordHash::as_str).into(), to_millis(now).into());
    executor.run::<Written>(&SET_PASSWORD, &[user.get().into(), hash, now, hash, now]).await.map(drop)
}

const REPLACE_HASH: Statement = Statement::idempotent_write(
    "accounts.replace_hash",
    "update accounts set password_hash = ? where user_id = ?",
);

/// Replaces the hash of the same password.
pub(super) async fn replace_hash(
    executor: impl Executor,
    user: UserId,
    hash: &PasswordHash,
) -> Result<(), Error> {
    executor.run::<Written>(&REPLACE_HASH, &[hash.as_str().into(), user.get().into()]).await.map(drop)
}

const SIGNED_IN: Statement = Statement::idempotent_write(
    "accounts.signed_in",
    "update accounts set last_signed_in_at = ? where user_id = ?",
);

/// Records that a user has signed in.
pub(super) async fn signed_in(
    executor: impl Executor,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    executor.run::<Written>(&SIGNED_IN, &[to_millis(now).into(), user.get().into()]).await.map(drop)
}

/// A keyed hash of an address from which somebody signed in.
pub(super) type KnownAddress = [u8; 16];

const REMEMBER: Statement = Statement::idempotent_write(
    "accounts.remember_address",
    "insert into known_addresses (user_id, address, last_seen_at) values (?, ?, ?)
     on duplicate key update last_seen_at = ?",
)
.on_sqlite(
    "insert into known_addresses (user_id, address, last_seen_at) values (?1, ?2, ?3)
     on conflict (user_id, address) do update set last_seen_at = ?4",
);

/// How many addresses of a user are remembered: whoever has a network to sign in from has any number, and all of them go when the user
/// goes.
const MAX_KNOWN_ADDRESSES: u32 = 100;

const FORGET_EARLIEST: Statement = Statement::idempotent_write(
    "accounts.forget_earliest_addresses",
    "delete from known_addresses where user_id = ? and last_seen_at <
     (select last_seen_at from
      (select last_seen_at from known_addresses where user_id = ? order by last_seen_at desc limit 1 offset ?) as kept)",
);

/// Remembers an address from which a user has signed in, and forgets those that were seen longest ago if they are too many.
pub(super) async fn remember_address(
    transaction: &mut Transaction,
    user: UserId,
    address: &KnownAddress,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let (user, now) = (Value::from(user.get()), to_millis(now).into());
    let remembered: Written =
        (&mut *transaction).run(&REMEMBER, &[user, address.as_slice().into(), now, now]).await?;
    // MySQL counts 2 for a row that was there.
    if remembered.rows == 1 {
        let values = [user, user, (MAX_KNOWN_ADDRESSES - 1).into()];
        (&mut *transaction).run::<Written>(&FORGET_EARLIEST, &values).await?;
    }
    Ok(())
}

const KNOWS: Statement = Statement::read(
    "accounts.knows_address",
    "select user_id from known_addresses where user_id = ? and address = ? and last_seen_at >= ?",
);

/// Whether a user has signed in from this address since then.
pub(super) async fn knows_address(
    executor: impl Executor,
    user: UserId,
    address: &KnownAddress,
    since: DateTime<Utc>,
) -> Result<bool, Error> {
    let values = [user.get().into(), (&address[..]).into(), to_millis(since).into()];
    let row: Option<UserRow> = executor.run(&KNOWS, &values).await?;
    Ok(row.is_some_and(|row| row.user_id == i64::from(user.get())))
}

const FORGET_ALL: Statement = Statement::idempotent_write(
    "accounts.forget_addresses_of",
    "delete from known_addresses where user_id = ?",
);

/// Forgets every address from which a user has signed in.
pub(super) async fn forget_addresses_of(executor: impl Executor, user: UserId) -> Result<(), Error> {
    executor.run::<Written>(&FORGET_ALL, &[user.get().into()]).await.map(drop)
}

const FORGET_ADDRESSES: Statement = Statement::idempotent_write(
    "accounts.forget_addresses",
    "delete from known_addresses where last_seen_at < ? order by last_seen_at limit 500",
)
.on_sqlite(
    "delete from known_addresses where (user_id, address) in
     (select user_id, address from known_addresses where last_seen_at < ? order by last_seen_at limit 500)",
);

/// Forgets some addresses that were last seen before a time, and returns how many.
pub(super) async fn forget_addresses(executor: impl Executor, before: DateTime<Utc>) -> Result<u64, Error> {
    let written: Written = executor.run(&FORGET_ADDRESSES, &[to_millis(before).into()]).await?;
    Ok(written.rows)
}

#[derive(Debug, FromRow)]
struct AccountRow {
    user_id: i64,
    status: Option<String>,
    has_password: i64,
    password_changed_at: Option<i64>,
    last_signed_in_at: Option<i64>,
    role: Option<String>,
    email: String,
    proved: Option<String>,
}

#[derive(FromRow)]
struct CandidateRow {
    user_id: i64,
    username: String,
    email: String,
    status: Option<String>,
    password_hash: Option<String>,
}

impl TryFrom<CandidateRow> for Candidate {
    type Error = Error;

    fn try_from(row: CandidateRow) -> Result<Self, Error> {
        Ok(Self {
            user_id: user_row::id(row.user_id)?,
            username: row.username,
            email: row.email,
            status: Status::from_stored(row.status.as_deref()),
            hash: row.password_hash.map(PasswordHash::from_stored),
        })
    }
}

#[derive(Debug, FromRow)]
struct UserRow {
    user_id: i64,
}
