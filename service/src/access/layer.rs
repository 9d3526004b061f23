//! The layer around a route that lets in those who may call it.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tower::{Layer, Service};

use super::{Access, Caller, NotAccepted, Refusal};
use crate::http::{self, Me, PathParams, Problem};
use crate::limits::RequestLimitLayer;

/// Finds out who calls.
pub trait Authenticate: Clone + Send + Sync + 'static {
    /// What a genuine token says.
    type Verified: Send;

    /// What a bearer token says, if it is genuine.
    ///
    /// # Errors
    /// 401 for a token that is not accepted; 503 if that cannot be found out.
    fn verify(&self, token: &str) -> impl Future<Output = Result<Self::Verified, Problem>> + Send;

    /// The caller that a genuine token stands for now.
    ///
    /// # Errors
    /// 401 if it stands for nobody any more; 503 if that cannot be found out.
    fn caller(&self, verified: Self::Verified) -> impl Future<Output = Result<Caller, Problem>> + Send;

    /// Whether people may add themselves as users.
    fn sign_up_is_open(&self) -> bool;
}

/// Puts a [`Guarded`] around a route.
#[derive(Clone)]
pub(super) struct Guard<A> {
    access: Access,
    limit: Option<RequestLimitLayer>,
    authenticator: A,
}

impl<A> Guard<A> {
    /// Requests that are let in are counted by the layer of the route, those that are refused here.
    pub(super) const fn new(access: Access, limit: Option<RequestLimitLayer>, authenticator: A) -> Self {
        Self { access, limit, authenticator }
    }
}

impl<R, A: Clone> Layer<R> for Guard<A> {
    type Service = Guarded<R, A>;

    fn layer(&self, route: R) -> Guarded<R, A> {
        Guarded { route, guard: self.clone() }
    }
}

/// A route behind its guard.
#[derive(Clone)]
pub(super) struct Guarded<R, A> {
    route: R,
    guard: Guard<A>,
}

impl<R, A> Service<Request> for Guarded<R, A>
where
    R: Service<Request, Response = Response, Error = Infallible, Future: Send> + Clone + Send + 'static,
    A: Authenticate,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.route.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let Guard { access, limit, authenticator } = self.guard.clone();
        // The clone has not been polled; the one that was is called.
        let unpolled = self.route.clone();
        let mut route = std::mem::replace(&mut self.route, unpolled);
        Box::pin(async move {
            match admit(&access, &authenticator, &mut request).await {
                Ok(()) => route.call(request).await,
                Err(problem)
                    if matches!(access, Access::Anyone) && problem.status() == StatusCode::UNAUTHORIZED =>
                {
                    request.extensions_mut().insert(NotAccepted(problem));
                    route.call(request).await
                }
                Err(problem) => {
                    let counted = limit.map_or(Ok(()), |limit| limit.admit(&request));
                    Ok(counted.err().unwrap_or(problem).into_response())
                }
            }
        })
    }
}

/// Adds the caller to the request, unless the caller may not make it.
///
/// A body may be held back for long. So that nobody does what they may not do any more, the caller is looked up when all of
/// it is there; and so that strangers cannot make the service wait for one, once the token is known to be genuine.
async fn admit<A: Authenticate>(
    access: &Access,
    authenticator: &A,
    request: &mut Request,
) -> Result<(), Problem> {
    let credentials = credentials(request.headers());
    let Some(verified) = verified(access, authenticator, credentials).await? else { return Ok(()) };
    http::receive_body(request).await?;
    let caller = authenticator.caller(verified).await?;
    request.extensions_mut().insert(Me(caller.user_id));
    permit(access, &caller, &PathParams::of(request))?;
    request.extensions_mut().insert(caller);
    Ok(())
}

/// What the token says; `None` if none is required and none was sent.
async fn verified<A: Authenticate>(
    access: &Access,
    authenticator: &A,
    credentials: Option<HeaderValue>,
) -> Result<Option<A::Verified>, Problem> {
    let Some(credentials) = credentials else {
        return match access {
            Access::Public | Access::Anyone => Ok(None),
            Access::SignUp(_) if authenticator.sign_up_is_open() => Ok(None),
            Access::SignUp(_) | Access::Permission(_) | Access::SelfOr(_) => {
                Err(Refusal::Unauthenticated.into())
            }
        };
    };
    authenticator.verify(bearer_token(&credentials)?).await.map(Some)
}

/// Whether this caller may call the route.
fn permit(access: &Access, caller: &Caller, path: &PathParams) -> Result<(), Refusal> {
    match access {
        Access::Public | Access::Anyone => Ok(()),
        Access::SelfOr(_) if path.names_user(caller.user_id) => Ok(()),
        Access::SelfOr(permission) | Access::SignUp(permission) | Access::Permission(permission) => {
            caller.require(permission)
        }
    }
}

/// `Authorization`, if it was sent. Several are taken for an invalid one: none of them is more right than the others.
fn credentials(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let first = values.next()?.clone();
    Some(if values.next().is_some() { HeaderValue::from_static("") } else { first })
}

/// The token of `Bearer TOKEN` (RFC 6750 section 2.1); the scheme in any case (RFC 9110 section 11.1). Who authenticates by another
/// scheme has sent no token (RFC 6750 section 3.1).
fn bearer_token(credentials: &HeaderValue) -> Result<&str, Refusal> {
    let credentials = credentials.to_str().ok().and_then(|text| text.split_once(' '));
    let credentials = credentials.filter(|(scheme, _)| !scheme.is_empty());
    let (scheme, token) = credentials.ok_or(Refusal::TokenInvalid)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Refusal::Unauthenticated);
    }
    let token = token.trim_start_matches(' ');
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    if token.is_empty() || !token.bytes().all(is_token) {
        return Err(Refusal::TokenInvalid);
    }
    Ok(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bearer_token_is_read() {
        let token = |text: &str| bearer_token(&HeaderValue::from_str(text).unwrap()).map(ToOwned::to_owned);
        for text in ["Bearer a.b-c_d~+/=", "bearer a.b-c_d~+/=", "BEARER   a.b-c_d~+/="] {
            assert!(token(text).is_ok_and(|token| token == "a.b-c_d~+/="), "{text:?}");
        }
        for text in ["", " ", " a.b.c", "Bearer", "Bearer ", "a.b.c", "Bearer a b", "Bearer a,b", "Bearer\ta"]
        {
            assert!(matches!(token(text), Err(Refusal::TokenInvalid)), "{text:?}");
        }
    }

    #[test]
    fn another_scheme_brings_no_token() {
        for text in ["Basic YTpi", "Digest username=\"a\"", "AWS4-HMAC-SHA256 Credential=a"] {
            let credentials = HeaderValue::from_str(text).unwrap();
            assert!(matches!(bearer_token(&credentials), Err(Refusal::Unauthenticated)), "{text:?}");
        }
    }

    #[test]
    fn of_several_tokens_none_counts() {
        let mut headers = HeaderMap::new();
        assert!(credentials(&headers).is_none());
        headers.append(header::AUTHORIZATION, HeaderValue::from_static("Bearer a"));
        assert_eq!(credentials(&headers).unwrap(), "Bearer a");
        headers.append(header::AUTHORIZATION, HeaderValue::from_static("Bearer b"));
        assert!(matches!(bearer_token(&credentials(&headers).unwrap()), Err(Refusal::TokenInvalid)));
    }
}
