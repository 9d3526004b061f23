//! The paths of sessions: extract, call the service, render. `POST /sessions` is with the accounts, whose passwords it checks.

use std::sync::Arc;

use axum::Json;
use axum::body::HttpBody;
use axum::extract::{FromRequest, Request, State};
use axum::http::{StatusCode, header};
use axum::response::Response;

use super::schema::{
    Introspect, IntrospectionResponse, IssuedResponse, Refresh, SessionListResponse, SignOut, not_stored,
    user_and_session,
};
use super::{Error, Service};
use crate::access::{Access, Caller, NotAccepted, Permission, Refusal, Routes, route};
use crate::app_state::Accounts;
use crate::http::{Form, JsonObject, PathParams, Problem};
use crate::openapi::{BodyProblems, DatabaseProblems, FormProblems, InvalidInput, UserIdParam, described};

/// The paths under `/sessions`, `/users/{user_id}/sessions` and `/tokens`.
pub fn router() -> Routes<Arc<Accounts>> {
    Routes::new()
        .add(Access::Public, route!(refresh_session))
        .add(Access::Anyone, route!(sign_out))
        .add(Access::SelfOr(Permission::SESSIONS_READ), route!(list_sessions))
        .add(Access::SelfOr(Permission::SESSIONS_WRITE), route!(end_sessions))
        .add(Access::SelfOr(Permission::SESSIONS_WRITE), route!(end_session))
        .add(Access::Permission(Permission::SESSIONS_READ), route!(introspect_token))
}

/// Refresh the tokens of a session
///
/// A refresh token is good once. For 30 seconds its immediate predecessor gets the same successor again, so that a lost answer
/// and two tabs do no harm; anything older ends the session.
#[utoipa::path(
    post, path = "/sessions/refresh", tag = "sessions",
    request_body = Refresh,
    responses(
        (status = 200, description = "New tokens", body = IssuedResponse),
        RefreshTokenProblem, BodyProblems, DatabaseProblems,
    ),
)]
async fn refresh_session(State(sessions): State<Service>, body: JsonObject) -> Result<Response, Problem> {
    let Refresh { refresh_token, audience } = Refresh::read(body)?;
    let issued = sessions.refresh(&refresh_token, audience.as_deref()).await?;
    Ok(not_stored(IssuedResponse::from(issued)))
}

/// Sign out
///
/// Ends the session of the access token that is sent; or else, also if that one is not valid any more, of the refresh token
/// in the body.
#[utoipa::path(
    delete, path = "/sessions/current", tag = "sessions",
    request_body(content = Option<SignOut>, description = "Where no valid access token is sent"),
    responses(
        (status = 204, description = "The session has ended"),
        RefreshTokenProblem, BodyProblems, DatabaseProblems,
    ),
)]
async fn sign_out(
    State(sessions): State<Service>,
    caller: Option<Caller>,
    not_accepted: Option<NotAccepted>,
    request: Request,
) -> Result<StatusCode, Problem> {
    match caller {
        Some(caller) => sessions.end_own(caller.user_id, caller.session_id.into()).await?,
        None if !has_body(&request) => {
            return Err(not_accepted.map_or_else(|| Refusal::Unauthenticated.into(), |NotAccepted(why)| why));
        }
        None => {
            let SignOut { refresh_token } = SignOut::read(JsonObject::from_request(request, &()).await?)?;
            sessions.sign_out(&refresh_token).await?;
        }
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Whether the client means to send a body: of none nothing is said, and one of an unknown type is refused for that.
fn has_body(request: &Request) -> bool {
    request.headers().contains_key(header::CONTENT_TYPE) || !request.body().is_end_stream()
}

/// List the sessions of a user
#[utoipa::path(
    get, path = "/users/{user_id}/sessions", tag = "sessions",
    params(UserIdParam),
    responses(
        (status = 200, description = "The sessions that have not ended", body = SessionListResponse),
        UserNotFoundProblem, InvalidInput, DatabaseProblems,
    ),
)]
async fn list_sessions(
    State(sessions): State<Service>,
    caller: Caller,
    path: PathParams,
) -> Result<Json<SessionListResponse>, Problem> {
    let listed = sessions.list(path.user_id()?).await?;
    Ok(Json(SessionListResponse::new(listed, caller.session_id.into())))
}

/// End all sessions of a user
#[utoipa::path(
    delete, path = "/users/{user_id}/sessions", tag = "sessions",
    params(UserIdParam),
    responses(
        (status = 204, description = "All sessions have ended"),
        UserNotFoundProblem, InvalidInput, DatabaseProblems,
    ),
)]
async fn end_sessions(
    State(sessions): State<Service>,
    caller: Caller,
    path: PathParams,
) -> Result<StatusCode, Problem> {
    sessions.end_all(&caller, path.user_id()?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End a session of a user
#[utoipa::path(
    delete, path = "/users/{user_id}/sessions/{session_id}", tag = "sessions",
    params(
        UserIdParam,
        ("session_id" = String, Path, description = "The id of the session", format = "uuid",
         example = "6f1b0f0e-2c52-4d0c-8ad5-3f2c5a1f9a51"),
    ),
    responses(
        (status = 204, description = "The session has ended"),
        SessionNotFoundProblem, InvalidInput, DatabaseProblems,
    ),
)]
async fn end_session(
    State(sessions): State<Service>,
    caller: Caller,
    path: PathParams,
) -> Result<StatusCode, Problem> {
    let (user, session) = user_and_session(path)?;
    sessions.end(&caller, user, session).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Introspect a token (RFC 7662)
///
/// For services that want to know at once that a session has ended or a role was taken away.
#[utoipa::path(
    post, path = "/tokens/introspect", tag = "sessions",
    request_body(content = Introspect, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "What the token is", body = IntrospectionResponse),
        FormProblems, DatabaseProblems,
    ),
)]
async fn introspect_token(State(sessions): State<Service>, mut form: Form) -> Result<Response, Problem> {
    let token = form.required("token")?;
    Ok(not_stored(IntrospectionResponse::from(sessions.introspect(&token).await?)))
}

described! {
    RefreshTokenProblem = "The token is not valid, or its session has ended", Error::Reused;
    UserNotFoundProblem = "No user has this id", Error::UserNotFound;
    SessionNotFoundProblem = "The user has no session of this id", Error::NotFound;
}
