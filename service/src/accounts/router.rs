//! The paths of accounts: extract, call the service, render.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::passwords::Origin;
use super::schema::{AccountChanges, AccountResponse, Confirmation, PasswordChange, SignIn, SignUp};
use super::{Error, Service};
use crate::access::{Access, Caller, Permission, Routes, route};
use crate::app_state::Accounts;
use crate::http::{ClientAddress, JsonObject, PathParams, Problem, language};
use crate::idempotency::IdempotencyKey;
use crate::one_time_tokens::OneTimeToken;
use crate::openapi::{
    BodyProblems, DatabaseProblems, IdempotencyKeyParam, InvalidInput, RateLimitProblems, UserIdParam,
    described,
};
use crate::sessions::{Client, IssuedResponse, not_stored};
use crate::users::{self, Taken, UserResponse};

/// Adding a user with `ACCESS=tokens`.
pub fn sign_up() -> Routes<Arc<Accounts>> {
    Routes::new().add(Access::SignUp(Permission::USERS_WRITE), route!(create_user))
}

/// The account and the password of a user, and signing in.
pub fn router() -> Routes<Arc<Accounts>> {
    Routes::new()
        .add(Access::Public, route!(sign_in))
        .add(Access::SelfOr(Permission::ACCOUNTS_READ), route!(get_account))
        .add(Access::Permission(Permission::ACCOUNTS_WRITE), route!(update_account))
        .add(Access::SelfOr(Permission::ACCOUNTS_WRITE), route!(change_password))
        .add(Access::Public, route!(confirm_password))
}

/// Create a user
///
/// With a password, or with the hash of one that another program made, or with an invitation to set one, or without any.
/// Names and addresses are unique ignoring case. `user_id` and `created_at` are given by the service: in the request they have no effect.
/// With an `Idempotency-Key`, a request of the same caller that is sent again adds no other user.
#[utoipa::path(
    post, path = "/users", tag = "users",
    params(IdempotencyKeyParam),
    request_body = SignUp,
    responses(
        (status = 201, description = "The new user", body = UserResponse,
         headers(
             ("location" = String, description = "The path of the new user"),
             ("etag" = String, description = "The state of the user"),
         )),
        TakenProblem, RateLimitProblems, BodyProblems, DatabaseProblems, MailProblems,
    ),
)]
async fn create_user(
    State(accounts): State<Service>,
    caller: Option<Caller>,
    address: ClientAddress,
    headers: HeaderMap,
    key: Option<IdempotencyKey>,
    body: JsonObject,
) -> Result<Response, Problem> {
    let (user, password) = SignUp::read(body)?.into_parts(language(&headers));
    let (caller, network) = (caller.as_ref(), address.network());
    let user = accounts.sign_up(caller, user, password, network, key.as_ref()).await?;
    Ok(users::created(user))
}

/// Sign in
///
/// Begins a session. An unknown login, a wrong password and an account without a password are answered alike.
#[utoipa::path(
    post, path = "/sessions", tag = "sessions",
    request_body = SignIn,
    responses(
        (status = 201, description = "The tokens of the new session", body = IssuedResponse,
         headers(("location" = String, description = "The path of the new session"))),
        InvalidCredentialsProblem, DisabledProblem, RateLimitProblems, BodyProblems, DatabaseProblems,
    ),
)]
async fn sign_in(
    State(accounts): State<Service>,
    address: ClientAddress,
    headers: HeaderMap,
    body: JsonObject,
) -> Result<Response, Problem> {
    let SignIn { login, password, audience } = SignIn::read(body)?;
    let user_agent = headers.get(header::USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes()));
    let client = Client::new(address.0, &user_agent.unwrap_or_default());
    // Large, because it is many statements; beside a password hash the box costs nothing.
    let issued = Box::pin(accounts.sign_in(&login, password, &client, audience.as_deref())).await?;
    let location = format!("/users/{}/sessions/{}", issued.user_id, issued.session_id);
    let tokens = not_stored(IssuedResponse::from(issued));
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], tokens).into_response())
}

/// Get the account of a user
#[utoipa::path(
    get, path = "/users/{user_id}/account", tag = "accounts",
    params(UserIdParam),
    responses(
        (status = 200, description = "The account", body = AccountResponse),
        NotFoundProblem, InvalidInput, DatabaseProblems,
    ),
)]
async fn get_account(
    State(accounts): State<Service>,
    path: PathParams,
) -> Result<Json<AccountResponse>, Problem> {
    Ok(Json(accounts.get(path.user_id()?).await?.into()))
}

/// Enable or disable a user
///
/// Who is disabled has no sessions any more. The last administrator stays enabled.
#[utoipa::path(
    patch, path = "/users/{user_id}/account", tag = "accounts",
    params(UserIdParam),
    request_body = AccountChanges,
    responses(
        (status = 200, description = "The account", body = AccountResponse),
        NotFoundProblem, LastAdministratorProblem, BodyProblems, DatabaseProblems,
    ),
)]
async fn update_account(
    State(accounts): State<Service>,
    caller: Caller,
    path: PathParams,
    body: JsonObject,
) -> Result<Json<AccountResponse>, Problem> {
    let user = path.user_id()?;
    let AccountChanges { status } = AccountChanges::read(body)?;
    Ok(Json(accounts.set_status(&caller, user, status).await?.into()))
}

/// Change the password of a user
///
/// Users give their current one as well. Ends the other sessions of the user.
#[utoipa::path(
    put, path = "/users/{user_id}/password", tag = "accounts",
    params(UserIdParam),
    request_body = PasswordChange,
    responses(
        (status = 204, description = "The password was changed"),
        WrongPasswordProblem, NotFoundProblem, RateLimitProblems, BodyProblems, DatabaseProblems,
    ),
)]
async fn change_password(
    State(accounts): State<Service>,
    caller: Caller,
    address: ClientAddress,
    path: PathParams,
    headers: HeaderMap,
    body: JsonObject,
) -> Result<StatusCode, Problem> {
    let user = path.user_id()?;
    let PasswordChange { current_password, password } = PasswordChange::read(body)?;
    let origin = Origin { network: address.network(), language: language(&headers) };
    accounts.change_password(&caller, user, current_password, &password, origin).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Set a password with a one-time token
///
/// Ends all sessions of the user. A token that came by mail proves the address that it went to.
#[utoipa::path(
    post, path = "/passwords/confirm", tag = "accounts",
    request_body = Confirmation,
    responses(
        (status = 204, description = "The password was set"),
        TokenInvalidProblem, RateLimitProblems, BodyProblems, DatabaseProblems,
    ),
)]
async fn confirm_password(
    State(accounts): State<Service>,
    address: ClientAddress,
    headers: HeaderMap,
    body: JsonObject,
) -> Result<StatusCode, Problem> {
    let Confirmation { token, password } = Confirmation::read(body)?;
    let origin = Origin { network: address.network(), language: language(&headers) };
    accounts.confirm_password(&OneTimeToken::presented(&token), &password, origin).await?;
    Ok(StatusCode::NO_CONTENT)
}

described! {
    NotFoundProblem = "No user has this id", Error::UserNotFound;
    InvalidCredentialsProblem = "Nobody has this login and this password", Error::InvalidCredentials;
    DisabledProblem = "The password is right, and the account is disabled, or its address has to be verified first",
        Error::Disabled;
    WrongPasswordProblem = "The current password is wrong, or the caller lacks a permission", Error::WrongPassword;
    TokenInvalidProblem = "The token is unknown, used or expired", Error::TokenInvalid;
    MailProblems = "Mail is off, or the service or its database is unavailable", Error::MailOff;
    LastAdministratorProblem = "Nobody else could administer the service", Error::LastAdministrator;
    TakenProblem = "Another user has this username or e-mail address",
        users::Error::Taken(Taken { username: true, email: false });
}
