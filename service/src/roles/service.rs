//! The use cases of roles.

use std::sync::Arc;

use std::collections::BTreeSet;

use axum::extract::FromRef;
use tracing::info;

use super::{Description, Error, Role, repository};
use crate::access::{Authority, Caller, Permission, Refusal, RoleName, reauthorize};
use crate::app_state::Accounts;
use crate::db::{self, Database, Transaction};
use crate::tokens::{MAX_SIZE, Tokens};
use crate::user_id::UserId;
use crate::user_row;

/// How many octets the names of a user's roles may have in a token, with the signs around them. The rest is for the
/// permissions.
const MAX_NAMES: usize = 500;

/// The most roles: all of them are read for each list, and for each token of an administrator.
const MAX_ROLES: usize = 1000;

/// The use cases of roles.
#[derive(Clone)]
pub struct Service {
    database: Database,
    tokens: Tokens,
}

impl FromRef<Arc<Accounts>> for Service {
    fn from_ref(accounts: &Arc<Accounts>) -> Self {
        Self { database: accounts.database.clone(), tokens: accounts.tokens.clone() }
    }
}

impl Service {
    /// Every role, ordered by name.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn list(&self) -> Result<Vec<Role>, Error> {
        let mut roles = repository::list(&self.database).await?;
        let everything = everything(&roles);
        if let Some(admin) = roles.iter_mut().find(|role| role.name.is_admin()) {
            admin.permissions = everything;
        }
        Ok(roles)
    }

    /// The role with this name.
    ///
    /// # Errors
    /// [`Error::RoleNotFound`].
    pub async fn get(&self, name: &RoleName) -> Result<Role, Error> {
        self.list().await?.into_iter().find(|role| role.name == *name).ok_or(Error::RoleNotFound)
    }

    /// Adds a role, or changes it; `true` if it is new.
    ///
    /// # Errors
    /// [`Error::Refused`] if the role has, or gets, a permission that the caller lacks; [`Error::BuiltIn`];
    /// [`Error::TooMuchForAToken`]; [`Error::TooManyRoles`].
    pub async fn put(
        &self,
        caller: &Caller,
        name: &RoleName,
        description: &Description,
        permissions: &BTreeSet<Permission>,
    ) -> Result<bool, Error> {
        let is_new = self.database.transaction(|mut transaction| async move {
            repository::lock(&mut transaction).await?;
            reauthorize::<Error>(&mut transaction, caller).await?;
            let roles = repository::list(&mut transaction).await?;
            let role = roles.iter().find(|role| role.name == *name);
            refuse_more(caller, name, role, permissions)?;
            let others = roles.iter().filter(|role| role.name != *name).flat_map(|role| &role.permissions);
            self.refuse_too_much(others.chain(permissions))?;
            match role {
                Some(_) => repository::update(&mut transaction, name, description, permissions).await?,
                None if roles.len() >= MAX_ROLES => return Err(Error::TooManyRoles),
                None => repository::insert(&mut transaction, name, description, permissions).await?,
            }
            Ok::<_, Error>(role.is_none())
        });
        let is_new = is_new.await?;
        info!(role = %name, by = %caller.user_id, "A role was changed");
        Ok(is_new)
    }

    /// Removes a role that nobody has.
    ///
    /// # Errors
    /// [`Error::Refused`] if it has a permission that the caller lacks; [`Error::RoleNotFound`]; [`Error::BuiltIn`];
    /// [`Error::InUse`].
    pub async fn delete(&self, caller: &Caller, name: &RoleName) -> Result<(), Error> {
        let deleted = self.database.transaction(|mut transaction| async move {
            repository::lock(&mut transaction).await?;
            reauthorize::<Error>(&mut transaction, caller).await?;
            let roles = repository::list(&mut transaction).await?;
            let role = roles.iter().find(|role| role.name == *name);
            refuse_more(caller, name, role, &BTreeSet::new())?;
            role.ok_or(Error::RoleNotFound)?;
            repository::delete(&mut transaction, name).await.map_err(in_use)
        });
        deleted.await?;
        info!(role = %name, by = %caller.user_id, "A role was removed");
        Ok(())
    }

    /// The roles of a user, ordered by name.
    ///
    /// # Errors
    /// [`Error::UserNotFound`].
    pub async fn of_user(&self, user: UserId) -> Result<Authority, Error> {
        repository::authority_of(&self.database, user).await?.ok_or(Error::UserNotFound)
    }

    /// Gives a user exactly these roles.
    ///
    /// # Errors
    /// [`Error::Refused`] if the user holds, or gets, a permission that the caller lacks; [`Error::UserNotFound`];
    /// [`Error::UnknownRoles`]; [`Error::TooMuchForAToken`]; [`Error::LastAdministrator`].
    pub async fn assign(
        &self,
        caller: &Caller,
        user: UserId,
        names: &[RoleName],
    ) -> Result<Authority, Error> {
        let assigned = self.database.transaction(|mut transaction| async move {
            if !user_row::lock(&mut transaction, user).await? {
                return Err(Error::UserNotFound);
            }
            repository::lock(&mut transaction).await?;
            reauthorize::<Error>(&mut transaction, caller).await?;
            let before =
                repository::authority_of(&mut transaction, user).await?.ok_or(Error::UserNotFound)?;
            let after = granted(&repository::list(&mut transaction).await?, names)?;
            caller.require_over(&before)?;
            caller.require_over(&after)?;
            self.refuse_large_token(&mut transaction, &after).await?;
            if before.is_administrator()
                && !after.is_administrator()
                && repository::is_last_administrator(&mut transaction, user).await?
            {
                return Err(Error::LastAdministrator);
            }
            for role in before.roles().filter(|role| !after.has(role)) {
                repository::take_away(&mut transaction, user, role).await?;
            }
            for role in after.roles().filter(|role| !before.has(role)) {
                repository::assign(&mut transaction, user, role).await?;
            }
            Ok(after)
        });
        let after = assigned.await?;
        info!(user_id = %user, by = %caller.user_id, "The roles of a user were changed");
        Ok(after)
    }

    /// An administrator's token lists every permission there is: all of them together must fit into one.
    fn refuse_too_much<'a>(&self, listed: impl Iterator<Item = &'a Permission>) -> Result<(), Error> {
        let everything: BTreeSet<&Permission> = Permission::OF_THIS_SERVICE.iter().chain(listed).collect();
        let scope: Vec<String> = everything.into_iter().map(Permission::to_string).collect();
        let names = ["r".repeat(MAX_NAMES)];
        if self.tokens.size(&names, &scope) <= MAX_SIZE {
            Ok(())
        } else {
            Err(Error::TooMuchForAToken("permissions"))
        }
    }

    async fn refuse_large_token(
        &self,
        transaction: &mut Transaction,
        authority: &Authority,
    ) -> Result<(), Error> {
        let names: Vec<String> = authority.roles().map(RoleName::to_string).collect();
        let scope = scope_of(transaction, authority).await?;
        // Permissions may still be added to the roles, as long as so many names fit beside all of them.
        let written = names.iter().map(|name| name.len() + r#","""#.len()).sum::<usize>();
        if written <= MAX_NAMES && self.tokens.size(&names, &scope) <= MAX_SIZE {
            Ok(())
        } else {
            Err(Error::TooMuchForAToken("roles"))
        }
    }
}

/// The permissions that a token lists: for an administrator every one there is.
pub(crate) async fn scope_of(
    executor: impl db::Executor,
    authority: &Authority,
) -> Result<Vec<String>, db::Error> {
    if authority.is_administrator() {
        let everything = everything(&repository::list(executor).await?);
        return Ok(everything.iter().map(Permission::to_string).collect());
    }
    Ok(authority.permissions().map(Permission::to_string).collect())
}

/// Locks a user that somebody is about to change, and refuses callers who lack a permission that the user holds, or one that
/// they had before they waited for the lock. Who is still signed in may always change themselves. The error is the one for no such
/// user.
pub(crate) async fn require_over<E: From<db::Error> + From<Refusal>>(
    transaction: &mut Transaction,
    caller: &Caller,
    user: UserId,
    missing: E,
) -> Result<(), E> {
    if !user_row::lock(&mut *transaction, user).await? {
        return Err(missing);
    }
    reauthorize::<E>(&mut *transaction, caller).await?;
    if caller.is(user) {
        return Ok(());
    }
    let authority = repository::authority_of(&mut *transaction, user).await?.ok_or(missing)?;
    Ok(caller.require_over(&authority)?)
}

/// Refuses a caller who lacks a permission that the role has or is to have; then, whoever calls, a change of `admin`.
fn refuse_more(
    caller: &Caller,
    name: &RoleName,
    role: Option<&Role>,
    permissions: &BTreeSet<Permission>,
) -> Result<(), Error> {
    let role = role.map(|role| (role.name.clone(), role.permissions.clone()));
    caller.require_over(&role.into_iter().collect())?;
    caller.require_all(permissions)?;
    if name.is_admin() { Err(Error::BuiltIn) } else { Ok(()) }
}

/// What these roles give.
fn granted(roles: &[Role], names: &[RoleName]) -> Result<Authority, Error> {
    let find = |name: &RoleName| roles.iter().find(|role| role.name == *name);
    let unknown = names.iter().enumerate().filter(|(_, name)| find(name).is_none()).map(|(place, _)| place);
    let unknown: Vec<usize> = unknown.collect();
    if !unknown.is_empty() {
        return Err(Error::UnknownRoles(unknown));
    }
    Ok(names.iter().filter_map(find).map(|role| (role.name.clone(), role.permissions.clone())).collect())
}

/// Every permission that a role lists, and those of this service.
fn everything(roles: &[Role]) -> BTreeSet<Permission> {
    let listed = roles.iter().flat_map(|role| role.permissions.iter().cloned());
    Permission::OF_THIS_SERVICE.iter().cloned().chain(listed).collect()
}

fn in_use(error: db::Error) -> Error {
    match error {
        db::Error::ForeignKey(_) => Error::InUse,
        error => error.into(),
    }
}
