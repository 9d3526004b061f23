//! What somebody may do: the roles of a user and the permissions in them.

use std::collections::BTreeSet;

use super::{Permission, RoleName};

/// The roles of a user, and the permissions in them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Authority {
    roles: BTreeSet<RoleName>,
    permissions: BTreeSet<Permission>,
}

impl Authority {
    /// The authority that these roles give, each with its permissions as the database holds them: words with blanks
    /// between them.
    pub(crate) fn from_stored(roles: impl IntoIterator<Item = (String, String)>) -> Self {
        let role = |(role, permissions): (String, String)| {
            let permissions = permissions.split_whitespace().map(Permission::from_stored).collect();
            (RoleName::from_stored(role), permissions)
        };
        roles.into_iter().map(role).collect()
    }

    /// Whether one of the roles is `admin`, which holds every permission.
    #[must_use]
    pub fn is_administrator(&self) -> bool {
        self.roles.iter().any(RoleName::is_admin)
    }

    /// Whether it holds a permission.
    #[must_use]
    pub fn holds(&self, permission: &Permission) -> bool {
        self.is_administrator() || self.permissions.contains(permission)
    }

    /// Whether it holds every one of these permissions.
    #[must_use]
    pub fn holds_all<'a>(&self, permissions: impl IntoIterator<Item = &'a Permission>) -> bool {
        permissions.into_iter().all(|permission| self.holds(permission))
    }

    /// Whether it holds everything that another holds. Nobody but an administrator holds what an administrator holds:
    /// that includes permissions that nobody has thought of yet.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.is_administrator() || (!other.is_administrator() && self.holds_all(&other.permissions))
    }

    /// Whether one of the roles is this one.
    #[must_use]
    pub fn has(&self, role: &RoleName) -> bool {
        self.roles.contains(role)
    }

    /// The names of the roles, in order.
    pub fn roles(&self) -> impl Iterator<Item = &RoleName> {
        self.roles.iter()
    }

    /// The permissions that are listed in the roles, in order. Those of `admin` are not listed.
    pub fn permissions(&self) -> impl Iterator<Item = &Permission> {
        self.permissions.iter()
    }
}

impl FromIterator<(RoleName, BTreeSet<Permission>)> for Authority {
    fn from_iter<I: IntoIterator<Item = (RoleName, BTreeSet<Permission>)>>(roles: I) -> Self {
        let mut authority = Self::default();
        for (role, permissions) in roles {
            authority.roles.insert(role);
            authority.permissions.extend(permissions);
        }
        authority
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn authority(roles: &[(&str, &str)]) -> Authority {
        Authority::from_stored(
            roles.iter().map(|(role, permissions)| ((*role).to_owned(), (*permissions).to_owned())),
        )
    }

    #[test]
    fn the_permissions_of_all_roles_add_up() {
        let both = authority(&[("support", "users:read"), ("billing", "invoices:read users:read")]);
        assert!(both.holds(&Permission::USERS_READ));
        assert!(!both.holds(&Permission::USERS_WRITE));
        assert_eq!(both.permissions().count(), 2);
    }

    #[test]
    fn an_administrator_holds_whatever_there_is() {
        let administrator = authority(&[("admin", "")]);
        assert!(administrator.holds(&Permission::parse("invoices:pay").unwrap()));
        assert!(administrator.covers(&administrator));
        let everything = authority(&[("all", "users:read invoices:pay")]);
        assert!(administrator.covers(&everything));
        assert!(!everything.covers(&administrator));
    }

    #[test]
    fn somebody_covers_those_who_hold_nothing_more() {
        let support = authority(&[("support", "users:read users:write")]);
        assert!(support.covers(&Authority::default()));
        assert!(support.covers(&authority(&[("readers", "users:read")])));
        assert!(support.covers(&support));
        assert!(!support.covers(&authority(&[("billing", "users:read invoices:read")])));
    }
}
