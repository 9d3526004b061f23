//! CORS for the requests that it is for: every other `OPTIONS` is answered by its route.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::extract::Request;
use axum::http::{Method, header};
use axum::response::Response;
use tower::{Layer, Service};
use tower_http::cors::{Cors, CorsLayer};

/// Puts CORS around a route. tower-http's layer by itself takes every `OPTIONS` for a preflight.
#[derive(Debug, Clone)]
pub(crate) struct CrossOriginLayer(pub(crate) CorsLayer);

impl<S: Clone> Layer<S> for CrossOriginLayer {
    type Service = CrossOrigin<S>;

    fn layer(&self, route: S) -> CrossOrigin<S> {
        CrossOrigin { cors: self.0.layer(route.clone()), route }
    }
}

/// A route with CORS around it, and without.
#[derive(Debug, Clone)]
pub(crate) struct CrossOrigin<S> {
    cors: Cors<S>,
    route: S,
}

impl<S> Service<Request> for CrossOrigin<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        ready!(self.cors.poll_ready(context))?;
        self.route.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        if request.method() == Method::OPTIONS && !is_preflight(&request) {
            Box::pin(self.route.call(request))
        } else {
            Box::pin(self.cors.call(request))
        }
    }
}

/// Whether a browser asks if a page may make a request (<https://fetch.spec.whatwg.org/#cors-preflight-request>).
fn is_preflight(request: &Request) -> bool {
    let headers = request.headers();
    headers.contains_key(header::ORIGIN) && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}
