//! The paths of roles: extract, call the service, render.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::schema::{self, PutRole, PutUserRoles, RoleListResponse, RoleResponse, UserRolesResponse};
use super::{Error, Role, Service};
use crate::access::{Access, Caller, Permission, Routes, route};
use crate::app_state::Accounts;
use crate::http::{JsonObject, PathParams, Problem};
use crate::openapi::{BodyProblems, DatabaseProblems, InvalidInput, UserIdParam, described};

/// The paths under `/roles`, and the roles of a user.
pub fn router() -> Routes<Arc<Accounts>> {
    Routes::new()
        .add(Access::Permission(Permission::ROLES_READ), route!(list_roles))
        .add(Access::Permission(Permission::ROLES_READ), route!(get_role))
        .add(Access::Permission(Permission::ROLES_WRITE), route!(put_role))
        .add(Access::Permission(Permission::ROLES_WRITE), route!(delete_role))
        .add(Access::SelfOr(Permission::ROLES_READ), route!(get_user_roles))
        .add(Access::Permission(Permission::ROLES_WRITE), route!(set_user_roles))
}

/// List roles
#[utoipa::path(
    get, path = "/roles", tag = "roles",
    responses(
        (status = 200, description = "All roles", body = RoleListResponse),
        DatabaseProblems,
    ),
)]
async fn list_roles(State(roles): State<Service>) -> Result<Json<RoleListResponse>, Problem> {
    Ok(Json(roles.list().await?.into()))
}

/// Get a role
#[utoipa::path(
    get, path = "/roles/{role}", tag = "roles",
    params(("role" = String, Path, description = "The name of the role", example = "support")),
    responses(
        (status = 200, description = "The role", body = RoleResponse),
        RoleNotFoundProblem, InvalidInput, DatabaseProblems,
    ),
)]
async fn get_role(State(roles): State<Service>, path: PathParams) -> Result<Json<RoleResponse>, Problem> {
    let role = roles.get(&schema::role_name(path)?).await?;
    Ok(Json(role.into()))
}

/// Create or update a role
///
/// Nobody can give a role a permission that they do not hold, or change a role that has one. `admin` cannot be changed.
#[utoipa::path(
    put, path = "/roles/{role}", tag = "roles",
    params(("role" = String, Path, description = "The name of the role", example = "support")),
    request_body = PutRole,
    responses(
        (status = 200, description = "The role was changed", body = RoleResponse),
        (status = 201, description = "The role is new", body = RoleResponse,
         headers(("location" = String, description = "The path of the new role"))),
        BuiltInProblem, BodyProblems, DatabaseProblems,
    ),
)]
async fn put_role(
    State(roles): State<Service>,
    caller: Caller,
    path: PathParams,
    body: JsonObject,
) -> Result<Response, Problem> {
    let name = schema::role_name(path)?;
    let PutRole { description, permissions } = PutRole::read(body)?;
    let is_new = roles.put(&caller, &name, &description, &permissions).await?;
    let location = format!("/roles/{name}");
    let role = Json(RoleResponse::from(Role { name, description: description.into_string(), permissions }));
    if is_new {
        return Ok((StatusCode::CREATED, [(header::LOCATION, location)], role).into_response());
    }
    Ok(role.into_response())
}

/// Delete a role
///
/// Nobody may have it. `admin` cannot be removed.
#[utoipa::path(
    delete, path = "/roles/{role}", tag = "roles",
    params(("role" = String, Path, description = "The name of the role", example = "support")),
    responses(
        (status = 204, description = "The role is gone"),
        RoleNotFoundProblem, RoleInUseProblem, InvalidInput, DatabaseProblems,
    ),
)]
async fn delete_role(
    State(roles): State<Service>,
    caller: Caller,
    path: PathParams,
) -> Result<StatusCode, Problem> {
    roles.delete(&caller, &schema::role_name(path)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List the roles of a user
#[utoipa::path(
    get, path = "/users/{user_id}/roles", tag = "roles",
    params(UserIdParam),
    responses(
        (status = 200, description = "The roles", body = UserRolesResponse),
        UserNotFoundProblem, InvalidInput, DatabaseProblems,
    ),
)]
async fn get_user_roles(
    State(roles): State<Service>,
    path: PathParams,
) -> Result<Json<UserRolesResponse>, Problem> {
    Ok(Json(roles.of_user(path.user_id()?).await?.into()))
}

/// Replace the roles of a user
///
/// Nobody can give or take what they do not hold, or re-assign somebody who holds more. The last administrator stays one.
#[utoipa::path(
    put, path = "/users/{user_id}/roles", tag = "roles",
    params(UserIdParam),
    request_body = PutUserRoles,
    responses(
        (status = 200, description = "The roles of the user", body = UserRolesResponse),
        UserNotFoundProblem, LastAdministratorProblem, BodyProblems, DatabaseProblems,
    ),
)]
async fn set_user_roles(
    State(roles): State<Service>,
    caller: Caller,
    path: PathParams,
    body: JsonObject,
) -> Result<Json<UserRolesResponse>, Problem> {
    let user = path.user_id()?;
    let PutUserRoles { roles: names } = PutUserRoles::read(body)?;
    Ok(Json(roles.assign(&caller, user, &names).await?.into()))
}

described! {
    RoleNotFoundProblem = "No role has this name", Error::RoleNotFound;
    UserNotFoundProblem = "No user has this id", Error::UserNotFound;
    RoleInUseProblem = "Somebody has the role, or it is `admin`", Error::InUse;
    BuiltInProblem = "The role is `admin`, or is new and there are 1,000 already", Error::BuiltIn;
    LastAdministratorProblem = "Nobody else could administer the service", Error::LastAdministrator;
}
