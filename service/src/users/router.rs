//! The paths of the users: extract, call the service, render.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use super::list::{self, ListQuery, Lists, UserListResponse, WalkParams};
use super::representation::Representation;
use super::schema::{self, UserResponse};
use super::{Error, NewUser, Precondition, Service, Taken, User, UserChanges, answer};
use crate::access::{Access, Caller, Permission, Routes, route};
use crate::app_state::AppState;
use crate::http::{
    ACCEPT_PATCH, CacheControl, Condition, IfNoneMatch, JsonObject, MergePatch, PATCHES, PathParams, Problem,
    Query, language,
};
use crate::idempotency::IdempotencyKey;
use crate::openapi::{
    BodyProblems, CacheControlParam, ConditionParams, DatabaseProblems, IdempotencyKeyParam, InvalidInput,
    KnownParam, PatchProblems, PreconditionProblem, RateLimitProblems, UserIdParam, described,
};
use crate::user_id::UserId;

/// The paths under `/users`, but for adding a user: that differs between `ACCESS=open` and `ACCESS=tokens`.
pub fn router() -> Routes<Arc<AppState>> {
    Routes::new()
        .add(Access::Permission(Permission::USERS_READ), route!(list_users))
        .add(Access::SelfOr(Permission::USERS_READ), route!(get_user))
        .add_with::<RateLimitProblems>(Access::SelfOr(Permission::USERS_WRITE), route!(update_user))
        .add_with::<RateLimitProblems>(Access::SelfOr(Permission::USERS_WRITE), route!(patch_user))
        .add(Access::Public, route!(user_options))
        .add_with::<LastAdministratorProblem>(Access::SelfOr(Permission::USERS_DELETE), route!(delete_user))
}

/// Adding a user with `ACCESS=open`. With `ACCESS=tokens` it belongs to the accounts.
pub fn open_sign_up() -> Routes<Arc<AppState>> {
    Routes::new().add(Access::Public, route!(create_user))
}

/// Create a user
///
/// Names and addresses are unique ignoring case. `user_id` and `created_at` are given by the service: in the request
/// they have no effect. With an `Idempotency-Key`, a request that is sent again adds no other user.
#[utoipa::path(
    post, path = "/users", tag = "users",
    params(IdempotencyKeyParam),
    request_body = NewUser,
    responses(
        (status = 201, description = "The new user", body = UserResponse,
         headers(
             ("location" = String, description = "The path of the new user"),
             ("etag" = String, description = "The state of the user"),
         )),
        TakenProblem, BodyProblems, DatabaseProblems,
    ),
)]
async fn create_user(
    State(users): State<Service>,
    key: Option<IdempotencyKey>,
    body: JsonObject,
) -> Result<Response, Problem> {
    let user = schema::new_user(body)?;
    let user = match key {
        None => users.create(user).await?,
        Some(key) => users.create_once(user, &key).await?,
    };
    Ok(answer::created(user))
}

/// List users
///
/// A page past the end is empty and has the right total. With `username` or `email` the list has the one user, if any,
/// that has exactly it, ignoring case. With `after`, empty at first, the pages are those of cursor (keyset) pagination: each has a
/// `Link` to the next, and takes as little work however far on it is. Such a page may have fewer users than `page_size`, or none, and still a next one:
/// only a page without `Link` is the last.
#[utoipa::path(
    get, path = "/users", tag = "users",
    params(ListQuery, WalkParams, CacheControlParam),
    responses(
        (status = 200, description = "A page of users", body = UserListResponse,
         headers(
             ("link" = String, description = "With `after`: the next page (RFC 8288), `rel=\"next\"`"),
             ("age" = u32, description = "With `CACHE_TTL`, how many seconds ago it was read, if it was kept"),
         )),
        InvalidInput, DatabaseProblems,
    ),
)]
async fn list_users(
    State(users): State<Service>,
    State(lists): State<Lists>,
    caller: Option<Caller>,
    uri: Uri,
    cache_control: CacheControl,
    query: Query,
) -> Result<Response, Problem> {
    if query.has("after") {
        return list::walk(&lists, caller.as_ref(), &uri, query).await;
    }
    let query = ListQuery::read(query)?;
    let page = query.page();
    let (listing, age) = match query.into_lookup() {
        Some(lookup) => users.look_up_cached(lookup, page, cache_control).await?,
        None => (users.list(page).await?, None),
    };
    Ok(answer::with_age(Json(UserListResponse::new(listing, page)), age))
}

/// Get a user
///
/// With the `ETag` of an earlier answer in `If-None-Match`, an unchanged user is not sent again.
#[utoipa::path(
    get, path = "/users/{user_id}", tag = "users",
    params(UserIdParam, KnownParam, CacheControlParam),
    responses(
        (status = 200, description = "The user", body = UserResponse,
         headers(
             ("etag" = String, description = "The state of the user"),
             ("age" = u32, description = "With `CACHE_TTL`, how many seconds ago it was read, if it was kept"),
         )),
        (status = 304, description = "The user is as the client has seen it",
         headers(
             ("etag" = String, description = "The state of the user"),
             ("age" = u32, description = "With `CACHE_TTL`, how many seconds ago it was read, if it was kept"),
         )),
        NotFoundProblem, InvalidInput, DatabaseProblems,
    ),
)]
async fn get_user(
    State(users): State<Service>,
    cache_control: CacheControl,
    known: IfNoneMatch,
    path: PathParams,
) -> Result<Response, Problem> {
    let (user, age) = users.get_cached(path.user_id()?, cache_control).await?;
    Ok(answer::with_age(answer::ok_or_not_modified(user, &known), age))
}

/// Update a user
///
/// Fields that are left out keep their value; `"full_name": null` clears it. With `If-Match`, only a user that is as the
/// client has seen it.
#[utoipa::path(
    put, path = "/users/{user_id}", tag = "users",
    params(UserIdParam, ConditionParams),
    request_body = UserChanges,
    responses(
        (status = 200, description = "The user with the changes", body = UserResponse,
         headers(("etag" = String, description = "The state of the user"))),
        NotFoundProblem, TakenProblem, ChangedProblem, PreconditionProblem, BodyProblems, DatabaseProblems,
    ),
)]
async fn update_user(
    State(users): State<Service>,
    caller: Option<Caller>,
    path: PathParams,
    headers: HeaderMap,
    condition: Condition,
    body: JsonObject,
) -> Result<Response, Problem> {
    change(&users, caller.as_ref(), path, &headers, &condition, body).await
}

/// Update a user with a JSON Merge Patch
///
/// The patch (RFC 7396) has the fields to change: `"full_name": null` removes the full name, and `null` is refused for
/// `username` and `email`, which every user has. `user_id`, `created_at` and unknown fields have no effect. With `If-Match`,
/// only a user that is as the client has seen it.
#[utoipa::path(
    patch, path = "/users/{user_id}", tag = "users",
    params(UserIdParam, ConditionParams),
    request_body(content(
        (UserChanges = "application/merge-patch+json"),
        (UserChanges = "application/json"),
    )),
    responses(
        (status = 200, description = "The user with the changes", body = UserResponse,
         headers(("etag" = String, description = "The state of the user"))),
        NotFoundProblem, TakenProblem, ChangedProblem, PreconditionProblem, PatchProblems, DatabaseProblems,
    ),
)]
async fn patch_user(
    State(users): State<Service>,
    caller: Option<Caller>,
    path: PathParams,
    headers: HeaderMap,
    condition: Condition,
    MergePatch(body): MergePatch,
) -> Result<Response, Problem> {
    change(&users, caller.as_ref(), path, &headers, &condition, body).await
}

/// To change some fields is the same whether they come by `PUT` or by `PATCH`.
async fn change(
    users: &Service,
    caller: Option<&Caller>,
    path: PathParams,
    headers: &HeaderMap,
    condition: &Condition,
    body: JsonObject,
) -> Result<Response, Problem> {
    let id = path.user_id()?;
    let caller = caller.map(|caller| (caller, language(headers)));
    let permits = permits(condition);
    let precondition = (!condition.is_none()).then_some(&permits as Precondition<'_>);
    let user = users.update(caller, id, &schema::user_changes(body)?, precondition).await?;
    Ok(answer::ok(user))
}

/// Whether a condition lets somebody change a user, told by the entity tag.
fn permits(condition: &Condition) -> impl Fn(&User) -> bool + Send + Sync {
    |user| condition.permits(&Representation::of(user.clone()).etag())
}

/// List allowed methods
///
/// Whether or not there is such a user.
#[utoipa::path(
    options, path = "/users/{user_id}", tag = "users",
    params(UserIdParam),
    responses(
        (status = 204, description = "The methods, and the types of patches",
         headers(
             ("allow" = String, description = "The methods"),
             ("accept-patch" = String, description = "The media types of patches (RFC 5789)"),
         )),
        InvalidInput,
    ),
)]
async fn user_options(path: PathParams) -> Result<Response, Problem> {
    // Nobody is looked for, so `me` need not be known.
    let any = |text: &str| if text == "me" { Ok(()) } else { UserId::parse(text).map(drop) };
    path.read(|path| path.required("user_id", any))?;
    let methods = HeaderValue::from_static("GET,HEAD,PUT,DELETE,PATCH,OPTIONS");
    Ok((StatusCode::NO_CONTENT, [(header::ALLOW, methods), (ACCEPT_PATCH, PATCHES)]).into_response())
}

/// Delete a user
///
/// With `If-Match`, only a user that is as the client has seen it.
#[utoipa::path(
    delete, path = "/users/{user_id}", tag = "users",
    params(UserIdParam, ConditionParams),
    responses(
        (status = 204, description = "The user is gone"),
        NotFoundProblem, ChangedProblem, PreconditionProblem, InvalidInput, DatabaseProblems,
    ),
)]
async fn delete_user(
    State(users): State<Service>,
    caller: Option<Caller>,
    condition: Condition,
    path: PathParams,
) -> Result<StatusCode, Problem> {
    let permits = permits(&condition);
    let precondition = (!condition.is_none()).then_some(&permits as Precondition<'_>);
    users.delete(caller.as_ref(), path.user_id()?, precondition).await?;
    Ok(StatusCode::NO_CONTENT)
}

described! {
    NotFoundProblem = "No user has this id", Error::NotFound;
    ChangedProblem = "The user is not as the client has seen it", Error::ChangedMeanwhile;
    LastAdministratorProblem = "Nobody else could administer the service", Error::LastAdministrator;
    TakenProblem = "Another user has this username or e-mail address",
        Error::Taken(Taken { username: true, email: false });
}
