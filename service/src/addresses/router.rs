//! The paths of addresses: extract, call the service, render.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};

use super::Service;
use super::schema::{Confirmation, ResetRequest, VerificationRequest};
use crate::access::{Access, Caller, Permission, Routes, route};
use crate::accounts::Error;
use crate::app_state::Accounts;
use crate::http::{ClientAddress, JsonObject, PathParams, Problem, language};
use crate::mail::RequestedLink;
use crate::one_time_tokens::OneTimeToken;
use crate::openapi::{
    BodyProblems, DatabaseProblems, InvalidInput, RateLimitProblems, UserIdParam, described,
};

/// Links that are asked for, and what they are for.
pub fn router() -> Routes<Arc<Accounts>> {
    Routes::new()
        .add(Access::Public, route!(request_email_verification))
        .add(Access::Public, route!(confirm_email))
        .add(Access::Public, route!(request_password_reset))
        .add(Access::Permission(Permission::ACCOUNTS_WRITE), route!(invite_user))
}

/// Send a link to verify an email address
///
/// The answer is the same whether or not there is such a user. A mail goes out if there is, and the address is not verified yet,
/// but not many in an hour or a day. Asked again, it carries the same link. `Accept-Language` selects English or German.
#[utoipa::path(
    post, path = "/email-verifications", tag = "mail",
    request_body = VerificationRequest,
    responses(
        (status = 202, description = "If there is such a user, a mail is on its way"),
        RateLimitProblems, BodyProblems, DatabaseProblems, MailProblems,
    ),
)]
async fn request_email_verification(
    State(addresses): State<Service>,
    address: ClientAddress,
    headers: HeaderMap,
    body: JsonObject,
) -> Result<StatusCode, Problem> {
    let VerificationRequest { email } = VerificationRequest::read(body)?;
    addresses.ask(RequestedLink::Verification, &email, language(&headers), address.network()).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Verify an email address with a one-time token
#[utoipa::path(
    post, path = "/email-verifications/confirm", tag = "mail",
    request_body = Confirmation,
    responses(
        (status = 204, description = "The address is verified"),
        TokenInvalidProblem, RateLimitProblems, BodyProblems, DatabaseProblems,
    ),
)]
async fn confirm_email(
    State(addresses): State<Service>,
    address: ClientAddress,
    body: JsonObject,
) -> Result<StatusCode, Problem> {
    let Confirmation { token } = Confirmation::read(body)?;
    addresses.confirm(&OneTimeToken::presented(&token), address.network()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Send a link to reset a password
///
/// The answer is the same whether or not there is such a user. `POST /passwords/confirm` takes the token. Not many mails go to one
/// address in an hour or a day. Asked again, they carry the same link.
#[utoipa::path(
    post, path = "/password-resets", tag = "mail",
    request_body = ResetRequest,
    responses(
        (status = 202, description = "If there is such a user, a mail is on its way"),
        RateLimitProblems, BodyProblems, DatabaseProblems, MailProblems,
    ),
)]
async fn request_password_reset(
    State(addresses): State<Service>,
    address: ClientAddress,
    headers: HeaderMap,
    body: JsonObject,
) -> Result<StatusCode, Problem> {
    let ResetRequest { login } = ResetRequest::read(body)?;
    addresses.ask(RequestedLink::Reset, &login, language(&headers), address.network()).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Invite a user to set a first password
///
/// `POST /passwords/confirm` takes the token. Nothing is sent to an address that has had too many mails; the answer is the same.
#[utoipa::path(
    post, path = "/users/{user_id}/invitation", tag = "mail",
    params(UserIdParam),
    responses(
        (status = 202, description = "A mail is on its way, unless the address has had too many"),
        NotFoundProblem, DisabledProblem, InvalidInput, DatabaseProblems, MailProblems,
    ),
)]
async fn invite_user(
    State(addresses): State<Service>,
    caller: Caller,
    headers: HeaderMap,
    path: PathParams,
) -> Result<StatusCode, Problem> {
    addresses.invite(&caller, path.user_id()?, language(&headers)).await?;
    Ok(StatusCode::ACCEPTED)
}

described! {
    NotFoundProblem = "No user has this id", Error::UserNotFound;
    DisabledProblem = "The user is disabled, and could not sign in with the password", Error::UserDisabled;
    TokenInvalidProblem = "The token is unknown, used or expired", Error::TokenInvalid;
    MailProblems = "Mail is off, or the service or its database is unavailable", Error::MailOff;
}
