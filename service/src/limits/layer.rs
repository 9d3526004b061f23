//! The layer around a route that refuses requests past [`RequestLimit`].

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::extract::Request;
use axum::http::Extensions;
use axum::response::{IntoResponse, Response};
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use super::{RequestLimit, Requester};
use crate::http::{ClientAddress, Problem};
use crate::trusted_proxies::TrustedProxies;

/// The user whose token a request carried, if it has been verified; from the request's extensions.
pub type VerifiedUser = fn(&Extensions) -> Option<u32>;

/// Puts a [`Limited`] around a route.
///
/// It belongs inside the layer that verifies tokens, so that it counts for the user of one.
#[derive(Clone)]
pub struct RequestLimitLayer {
    limit: RequestLimit,
    trusted: TrustedProxies,
    user: VerifiedUser,
}

impl RequestLimitLayer {
    /// Counts for the user, else for the client's address.
    #[must_use]
    pub const fn new(limit: RequestLimit, trusted: TrustedProxies, user: VerifiedUser) -> Self {
        Self { limit, trusted, user }
    }

    /// Counts a request, unless it is one too many.
    pub(crate) fn admit(&self, request: &Request) -> Result<(), Problem> {
        let requester = (self.user)(request.extensions()).map_or_else(
            || {
                let address = ClientAddress::of(request.extensions(), request.headers(), &self.trusted);
                Requester::Network(address.network())
            },
            Requester::User,
        );
        self.limit.take(requester).map_err(|exceeded| exceeded.of_requests())
    }
}

impl<R> Layer<R> for RequestLimitLayer {
    type Service = Limited<R>;

    fn layer(&self, route: R) -> Limited<R> {
        Limited { route, rule: self.clone() }
    }
}

/// A route whose requests are counted.
#[derive(Clone)]
pub struct Limited<R> {
    route: R,
    rule: RequestLimitLayer,
}

impl<R> Service<Request> for Limited<R>
where
    R: Service<Request, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Answer<R::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.route.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let refused = self.rule.admit(&request).err();
        Answer { route: refused.is_none().then(|| self.route.call(request)), refused }
    }
}

pin_project! {
    /// The future of the route, or a refusal.
    pub struct Answer<F> {
        #[pin]
        route: Option<F>,
        refused: Option<Problem>,
    }
}

impl<F: Future<Output = Result<Response, Infallible>>> Future for Answer<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        match this.refused.take() {
            Some(problem) => Poll::Ready(Ok(problem.into_response())),
            None => this.route.as_pin_mut().map_or(Poll::Pending, |route| route.poll(context)),
        }
    }
}
