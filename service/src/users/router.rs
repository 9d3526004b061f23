//! The paths of the users: extract, call the service, render.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::schema::{self, ListQuery, UserListResponse, UserResponse};
use super::{Error, NewUser, Service, Taken, UserChanges};
use crate::access::{Access, Caller, Permission, Routes, route};
use crate::app_state::AppState;
use crate::http::{JsonObject, PathParams, Problem, Query};
use crate::mail::Language;
use crate::openapi::{BodyProblems, DatabaseProblems, InvalidInput, UserIdParam, described};

/// The paths under `/users`, but for adding a user: that differs between `ACCESS=open` and `ACCESS=tokens`.
pub fn router() -> Routes<Arc<AppState>> {
    Routes::new()
        .add(Access::Permission(Permission::USERS_READ), route!(list_users))
        .add(Access::SelfOr(Permission::USERS_READ), route!(get_user))
        .add(Access::SelfOr(Permission::USERS_WRITE), route!(update_user))
        .add_with::<LastAdministratorProblem>(Access::SelfOr(Permission::USERS_DELETE), route!(delete_user))
}

/// Adding a user with `ACCESS=open`. With `ACCESS=tokens` it belongs to the accounts.
pub fn open_sign_up() -> Routes<Arc<AppState>> {
    Routes::new().add(Access::Public, route!(create_user))
}

/// Adds a user
///
/// Names and addresses are unique ignoring case. `user_id` and `created_at` are given by the service: in the request
/// they have no effect.
#[utoipa::path(
    post, path = "/users", tag = "users",
    request_body = NewUser,
    responses(
        (status = 201, description = "The new user", body = UserResponse,
         headers(("location" = String, description = "The path of the new user"))),
        TakenProblem, BodyProblems, DatabaseProblems,
    ),
)]
async fn create_user(State(users): State<Service>, body: JsonObject) -> Result<Response, Problem> {
    let user = users.create(schema::new_user(body)?).await?;
    let location = format!("/users/{}", user.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(UserResponse::from(user))).into_response())
}

/// Lists users, or looks one up
///
/// A page past the end is empty and has the right total. With `username` or `email` the list has the one user, if any,
/// that has exactly it, ignoring case.
#[utoipa::path(
    get, path = "/users", tag = "users",
    params(ListQuery),
    responses(
        (status = 200, description = "A page of users", body = UserListResponse),
        InvalidInput, DatabaseProblems,
    ),
)]
async fn list_users(State(users): State<Service>, query: Query) -> Result<Json<UserListResponse>, Problem> {
    let query = ListQuery::read(query)?;
    let page = query.page();
    let listing = match query.into_lookup() {
        Some(lookup) => users.look_up(&lookup, page).await?,
        None => users.list(page).await?,
    };
    Ok(Json(UserListResponse::new(listing, page)))
}

/// Shows a user
#[utoipa::path(
    get, path = "/users/{user_id}", tag = "users",
    params(UserIdParam),
    responses(
        (status = 200, description = "The user", body = UserResponse),
        NotFoundProblem, InvalidInput, DatabaseProblems,
    ),
)]
async fn get_user(State(users): State<Service>, path: PathParams) -> Result<Json<UserResponse>, Problem> {
    let user = users.get(path.user_id()?).await?;
    Ok(Json(user.into()))
}

/// Changes a user
///
/// Fields that are left out keep their value; `"full_name": null` clears it.
#[utoipa::path(
    put, path = "/users/{user_id}", tag = "users",
    params(UserIdParam),
    request_body = UserChanges,
    responses(
        (status = 200, description = "The user with the changes", body = UserResponse),
        NotFoundProblem, TakenProblem, BodyProblems, DatabaseProblems,
    ),
)]
async fn update_user(
    State(users): State<Service>,
    caller: Option<Caller>,
    path: PathParams,
    headers: HeaderMap,
    body: JsonObject,
) -> Result<Json<UserResponse>, Problem> {
    let id = path.user_id()?;
    let caller = caller.as_ref().map(|caller| (caller, Language::of(&headers)));
    let user = users.update(caller, id, &schema::user_changes(body)?).await?;
    Ok(Json(user.into()))
}

/// Removes a user
#[utoipa::path(
    delete, path = "/users/{user_id}", tag = "users",
    params(UserIdParam),
    responses(
        (status = 204, description = "The user is gone"),
        NotFoundProblem, InvalidInput, DatabaseProblems,
    ),
)]
async fn delete_user(
    State(users): State<Service>,
    caller: Option<Caller>,
    path: PathParams,
) -> Result<StatusCode, Problem> {
    users.delete(caller.as_ref(), path.user_id()?).await?;
    Ok(StatusCode::NO_CONTENT)
}

described! {
    NotFoundProblem = "No user has this id", Error::NotFound;
    LastAdministratorProblem = "Nobody else could administer the service", Error::LastAdministrator;
    TakenProblem = "Another user has this username or e-mail address",
        Error::Taken(Taken { username: true, email: false });
}
