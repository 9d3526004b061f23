//! Routes, each with the declaration of who may call it.

use std::collections::BTreeMap;

use axum::Router;
use axum::routing::on;
use utoipa::IntoResponses;
use utoipa::openapi::path::Operation;
use utoipa::openapi::{OpenApi, RefOr, Response};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use super::layer::{Authenticate, Guard};
use super::refusal::{CallerProblems, accounts_off};
use super::{Access, Route};
use crate::limits::RequestLimitLayer;
use crate::openapi::{RequestLimitProblem, UnusedBodyProblems, operations};

/// A list of routes. A route cannot be added without saying who may call it.
#[must_use = "it is to become a router or a document"]
pub struct Routes<S> {
    entries: Vec<Entry<S>>,
}

struct Entry<S> {
    access: Access,
    /// How often each caller may call it, if that is limited.
    limit: Option<RequestLimitLayer>,
    route: Route<S>,
    /// What it answers with `ACCESS=tokens` only, beside what is wrong with callers.
    problems: fn() -> BTreeMap<String, RefOr<Response>>,
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    /// No routes.
    pub const fn new() -> Self {
        Self { entries: Vec::new() }
    }

    /// Adds what the macro `route!` makes of a handler.
    pub fn add(mut self, access: Access, route: Route<S>) -> Self {
        self.entries.push(Entry { access, limit: None, route, problems: BTreeMap::new });
        self
    }

    /// The same for a route that answers with these problems as well, with `ACCESS=tokens`.
    pub fn add_with<P: IntoResponses>(mut self, access: Access, route: Route<S>) -> Self {
        self.entries.push(Entry { access, limit: None, route, problems: P::responses });
        self
    }

    /// Adds the routes of another list.
    pub fn merge(mut self, others: Self) -> Self {
        self.entries.extend(others.entries);
        self
    }

    /// Counts the requests of each caller on the routes that are in the list so far.
    pub fn limited(mut self, limit: Option<&RequestLimitLayer>) -> Self {
        for entry in &mut self.entries {
            entry.limit = limit.cloned();
        }
        self
    }

    /// The router with `ACCESS=open`: whoever reaches it may call it.
    pub fn into_open_router(self) -> Router<S> {
        assembled(self.entries.into_iter().map(Entry::limited))
    }

    /// The router with `ACCESS=tokens`: a guard stands before each route that is not public.
    pub fn into_guarded_router<A: Authenticate>(self, authenticator: &A) -> Router<S> {
        assembled(self.entries.into_iter().map(|entry| match entry.access {
            Access::Public => entry.limited(),
            ref access => {
                let guard = Guard::new(access.clone(), entry.limit.clone(), authenticator.clone());
                entry.limited().map(|handler| handler.route_layer(guard))
            }
        }))
    }

    /// The router of routes that are off: each answers 404 `accounts_off`.
    pub fn into_off_router(self) -> Router {
        let off = |method| on(method, async || accounts_off());
        self.entries.iter().fold(Router::new(), |router, entry| entry.route.add_instead(router, off))
    }

    /// The document with `ACCESS=open`.
    #[must_use]
    pub fn into_open_document(self) -> OpenApi {
        collect(self.entries.iter().map(Entry::document))
    }

    /// The document with `ACCESS=tokens`, which tells what each route requires.
    #[must_use]
    pub fn into_guarded_document(self) -> OpenApi {
        collect(self.entries.iter().map(|entry| {
            let mut routes = entry.document();
            for (_, operation) in routes.1.paths.values_mut().flat_map(operations) {
                describe(operation, &entry.access);
                operation.responses.responses.extend((entry.problems)());
            }
            routes
        }))
    }
}

impl<S: Clone + Send + Sync + 'static> Entry<S> {
    /// The route, behind the limit if there is one.
    fn limited(self) -> Route<S> {
        match self.limit {
            None => self.route,
            Some(limit) => self.route.map(|handler| handler.route_layer(limit)),
        }
    }

    /// The document of the route, with what the limit answers if there is one.
    fn document(&self) -> UtoipaMethodRouter<S> {
        let mut routes = self.route.document();
        if self.limit.is_some() {
            let operations = routes.1.paths.values_mut().flat_map(operations);
            operations.for_each(|(_, operation)| add_missing(operation, RequestLimitProblem::responses()));
        }
        routes
    }
}

fn assembled<S: Clone + Send + Sync + 'static>(routes: impl Iterator<Item = Route<S>>) -> Router<S> {
    routes.fold(Router::new(), |router, route| route.add_to(router))
}

fn collect<S: Clone + Send + Sync + 'static>(routes: impl Iterator<Item = UtoipaMethodRouter<S>>) -> OpenApi {
    routes.fold(OpenApiRouter::new(), OpenApiRouter::routes).into_openapi()
}

impl<S: Clone + Send + Sync + 'static> Default for Routes<S> {
    fn default() -> Self {
        Self::new()
    }
}

fn describe(operation: &mut Operation, access: &Access) {
    operation.security = Some(access.requirements());
    let sentence = access.sentence();
    operation.description = Some(match operation.description.take() {
        Some(description) if !description.is_empty() => format!("{description}\n\n{sentence}"),
        _ => sentence,
    });
    for parameter in operation.parameters.iter_mut().flatten() {
        if let RefOr::T(parameter) = parameter
            && parameter.name == "user_id"
        {
            parameter.description = Some("The id of the user, or `me` for the caller's own".to_owned());
        }
    }
    let wanted: &[&str] = match access {
        Access::Public => return,
        Access::Anyone => &["401"],
        Access::SignUp(_) | Access::Permission(_) | Access::SelfOr(_) => &["401", "403"],
    };
    let mut problems = CallerProblems::responses();
    problems.retain(|status, _| wanted.contains(&&**status));
    add_missing(operation, problems);
    // A guard receives the body, whether or not the call has a use for one.
    add_missing(operation, UnusedBodyProblems::responses());
}

/// Adds responses to those that the operation describes better itself.
fn add_missing(operation: &mut Operation, responses: BTreeMap<String, RefOr<Response>>) {
    for (status, response) in responses {
        operation.responses.responses.entry(status).or_insert(response);
    }
}
