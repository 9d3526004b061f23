//! The statements of roles.

use std::collections::BTreeSet;

use sqlx::FromRow;

use super::{Description, Role};
use crate::access::{Authority, Permission, RoleName};
use crate::db::{Error, Executor, Statement, Transaction, Written};
use crate::user_id::UserId;

/// Locks the one row that every change of roles and of administrators locks. They are rare, and each depends on what the
/// others have done. The row of the user, if there is one, is locked before.
const LOCK: Statement = Statement::write(
    "roles.lock",
    "select role, description, permissions from roles where role = 'admin' for update",
)
.on_sqlite("select role, description, permissions from roles where role = 'admin'");

/// Lets other transactions that change roles or administrators wait until the end of this one.
pub(super) async fn lock(executor: impl Executor) -> Result<(), Error> {
    executor.run::<Option<RoleRow>>(&LOCK, &[]).await.map(drop)
}

const LIST: Statement =
    Statement::read("roles.list", "select role, description, permissions from roles order by role");

/// Every role, ordered by name; the permissions of `admin` are not listed.
pub(super) async fn list(executor: impl Executor) -> Result<Vec<Role>, Error> {
    let rows: Vec<RoleRow> = executor.run(&LIST, &[]).await?;
    Ok(rows.into_iter().map(Role::from).collect())
}

const INSERT: Statement =
    Statement::write("roles.insert", "insert into roles (role, description, permissions) values (?, ?, ?)");

/// Adds a role.
pub(super) async fn insert(
    executor: impl Executor,
    name: &RoleName,
    description: &Description,
    permissions: &BTreeSet<Permission>,
) -> Result<(), Error> {
    let words = words(permissions);
    let values = [name.as_str().into(), description.as_str().into(), words.as_str().into()];
    executor.run::<Written>(&INSERT, &values).await.map(drop)
}

const UPDATE: Statement = Statement::idempotent_write(
    "roles.update",
    "update roles set description = ?, permissions = ? where role = ?",
);

/// Changes a role.
pub(super) async fn update(
    executor: impl Executor,
    name: &RoleName,
    description: &Description,
    permissions: &BTreeSet<Permission>,
) -> Result<(), Error> {
    let words = words(permissions);
    let values = [description.as_str().into(), words.as_str().into(), name.as_str().into()];
    executor.run::<Written>(&UPDATE, &values).await.map(drop)
}

const DELETE: Statement = Statement::write("roles.delete", "delete from roles where role = ?");

/// Removes a role.
///
/// # Errors
/// [`Error::ForeignKey`] if somebody has it.
pub(super) async fn delete(executor: impl Executor, name: &RoleName) -> Result<(), Error> {
    executor.run::<Written>(&DELETE, &[name.as_str().into()]).await.map(drop)
}

const OF_USER: Statement = Statement::read(
    "roles.of_user",
    "select users.user_id, roles.role, roles.permissions
     from users
     left join user_roles on user_roles.user_id = users.user_id
     left join roles on roles.role = user_roles.role
     where users.user_id = ?",
);

/// The roles of a user and what they allow; `None` if there is no such user.
pub(crate) async fn authority_of(executor: impl Executor, user: UserId) -> Result<Option<Authority>, Error> {
    let rows: Vec<UserRoleRow> = executor.run(&OF_USER, &[user.get().into()]).await?;
    if rows.is_empty() {
        return Ok(None);
    }
    let roles = rows.into_iter().filter_map(|row| Some((row.role?, row.permissions?)));
    Ok(Some(Authority::from_stored(roles)))
}

const ASSIGN: Statement =
    Statement::write("roles.assign", "insert into user_roles (user_id, role) values (?, ?)");

/// Gives a user a role that the user does not have.
pub(super) async fn assign(executor: impl Executor, user: UserId, role: &RoleName) -> Result<(), Error> {
    executor.run::<Written>(&ASSIGN, &[user.get().into(), role.as_str().into()]).await.map(drop)
}

/// The same for a user who may have it already.
pub(crate) async fn grant(transaction: &mut Transaction, user: UserId, role: &RoleName) -> Result<(), Error> {
    lock(&mut *transaction).await?;
    take_away(&mut *transaction, user, role).await?;
    assign(&mut *transaction, user, role).await
}

const TAKE_AWAY: Statement =
    Statement::idempotent_write("roles.take_away", "delete from user_roles where user_id = ? and role = ?");

/// Takes a role away from a user.
pub(super) async fn take_away(executor: impl Executor, user: UserId, role: &RoleName) -> Result<(), Error> {
    executor.run::<Written>(&TAKE_AWAY, &[user.get().into(), role.as_str().into()]).await.map(drop)
}

/// Two are enough to know whether there is another one.
const ADMINISTRATORS: Statement = Statement::read(
    "roles.administrators",
    "select user_roles.user_id
     from user_roles join accounts on accounts.user_id = user_roles.user_id
     where user_roles.role = 'admin' and accounts.status = 'active' and accounts.password_hash is not null
     order by user_roles.user_id limit 2
     lock in share mode",
)
.on_sqlite(
    "select user_roles.user_id
     from user_roles join accounts on accounts.user_id = user_roles.user_id
     where user_roles.role = 'admin' and accounts.status = 'active' and accounts.password_hash is not null
     order by user_roles.user_id limit 2",
);

/// Whether this user is the only administrator who can sign in. Until the end of the transaction no other one can be
/// disabled, removed or stripped of the role.
pub(crate) async fn is_last_administrator(
    transaction: &mut Transaction,
    user: UserId,
) -> Result<bool, Error> {
    lock(&mut *transaction).await?;
    let rows: Vec<UserRow> = transaction.run(&ADMINISTRATORS, &[]).await?;
    Ok(matches!(&*rows, [row] if row.user_id == i64::from(user.get())))
}

fn words(permissions: &BTreeSet<Permission>) -> String {
    permissions.iter().map(Permission::as_str).collect::<Vec<_>>().join(" ")
}

#[derive(Debug, FromRow)]
struct RoleRow {
    role: String,
    description: String,
    permissions: String,
}

impl From<RoleRow> for Role {
    fn from(row: RoleRow) -> Self {
        Self {
            name: RoleName::from_stored(row.role),
            description: row.description,
            permissions: row.permissions.split_whitespace().map(Permission::from_stored).collect(),
        }
    }
}

/// A user without roles is one row without a role.
#[derive(Debug, FromRow)]
struct UserRoleRow {
    #[expect(dead_code, reason = "its presence tells that there is such a user")]
    user_id: i64,
    role: Option<String>,
    permissions: Option<String>,
}

#[derive(Debug, FromRow)]
struct UserRow {
    user_id: i64,
}
