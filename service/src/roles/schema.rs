//! The representation of roles over HTTP.

use std::collections::BTreeSet;

use serde::Serialize;
use utoipa::ToSchema;

use super::{Description, Role};
use crate::access::{Authority, Permission, RoleName};
use crate::field::FieldError;
use crate::http::{JsonObject, PathParams, list, text};

/// A role.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Role)]
pub(super) struct RoleResponse {
    /// Unique.
    #[schema(examples("support"))]
    role: String,
    /// For people; may be empty.
    #[schema(examples("Answers tickets"))]
    description: String,
    /// What it allows, in order. `admin` allows everything there is.
    #[schema(examples("sessions:read", "users:read"))]
    permissions: Vec<String>,
}

impl From<Role> for RoleResponse {
    fn from(role: Role) -> Self {
        Self {
            role: role.name.into_string(),
            description: role.description,
            permissions: role.permissions.iter().map(Permission::to_string).collect(),
        }
    }
}

/// All roles.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RoleList)]
pub(super) struct RoleListResponse {
    /// Ordered by name.
    roles: Vec<RoleResponse>,
}

impl From<Vec<Role>> for RoleListResponse {
    fn from(roles: Vec<Role>) -> Self {
        Self { roles: roles.into_iter().map(RoleResponse::from).collect() }
    }
}

/// The roles of a user.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UserRoles)]
pub(super) struct UserRolesResponse {
    /// Ordered by name.
    #[schema(examples("support"))]
    roles: Vec<String>,
}

impl From<Authority> for UserRolesResponse {
    fn from(authority: Authority) -> Self {
        Self { roles: authority.roles().map(RoleName::to_string).collect() }
    }
}

/// What a role is to be.
#[derive(Debug, ToSchema)]
#[schema(as = PutRole, examples(json!({"description": "Answers tickets", "permissions": ["users:read", "sessions:read"]})))]
pub(super) struct PutRole {
    /// For people; may be empty.
    pub(super) description: Description,
    /// What it allows.
    #[schema(value_type = Vec<Permission>)]
    pub(super) permissions: BTreeSet<Permission>,
}

impl PutRole {
    pub(super) fn read(body: JsonObject) -> Result<Self, Vec<FieldError>> {
        body.read(|fields| {
            let description = fields.required("description", text(Description::parse));
            let permissions = fields.required("permissions", list(text(Permission::parse)));
            Some(Self { description: description?, permissions: permissions?.into_iter().collect() })
        })
    }
}

/// Which roles a user is to have.
#[derive(Debug, ToSchema)]
#[schema(as = PutUserRoles, examples(json!({"roles": ["support"]})))]
pub(super) struct PutUserRoles {
    /// Exactly these.
    pub(super) roles: Vec<RoleName>,
}

impl PutUserRoles {
    pub(super) fn read(body: JsonObject) -> Result<Self, Vec<FieldError>> {
        body.read(|fields| Some(Self { roles: fields.required("roles", list(text(RoleName::parse)))? }))
    }
}

pub(super) fn role_name(path: PathParams) -> Result<RoleName, Vec<FieldError>> {
    path.read(|path| path.required("role", RoleName::parse))
}
