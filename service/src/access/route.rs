//! One route: where a handler is reached, and its part of the document.

use axum::Router;
use axum::routing::{MethodFilter, MethodRouter};
use utoipa::Path;
use utoipa_axum::PathItemExt;
use utoipa_axum::router::UtoipaMethodRouter;

/// Makes a [`Route`] of a handler with `#[utoipa::path]`.
macro_rules! route {
    ($handler:ident) => {
        utoipa_axum::paste! {
            $crate::access::Route::new::<[<__path_ $handler>]>(
                |method| axum::routing::on(method, $handler),
                || utoipa_axum::routes!($handler),
            )
        }
    };
}
pub(crate) use route;

/// A handler with its method and path.
///
/// Its part of the document is made only when somebody asks for it: to make those of all routes would be half of the
/// instructions of a start.
pub struct Route<S> {
    path: String,
    method: MethodFilter,
    handler: MethodRouter<S>,
    document: fn() -> UtoipaMethodRouter<S>,
}

impl<S: Clone + Send + Sync + 'static> Route<S> {
    /// For the macro `route!`.
    pub(crate) fn new<P: Path>(
        handler: impl FnOnce(MethodFilter) -> MethodRouter<S>,
        document: fn() -> UtoipaMethodRouter<S>,
    ) -> Self {
        let methods = P::methods().into_iter().map(|method| method.to_method_filter());
        // `#[utoipa::path]` has at least one method.
        let method = methods.reduce(MethodFilter::or).unwrap_or(MethodFilter::GET);
        Self { path: P::path(), method, handler: handler(method), document }
    }

    /// The handler behind another layer.
    pub(super) fn map(self, layer: impl FnOnce(MethodRouter<S>) -> MethodRouter<S>) -> Self {
        Self { handler: layer(self.handler), ..self }
    }

    pub(super) fn add_to(self, router: Router<S>) -> Router<S> {
        router.route(&self.path, self.handler)
    }

    /// Adds another handler for the same method and path.
    pub(super) fn add_instead(
        &self,
        router: Router,
        handler: impl FnOnce(MethodFilter) -> MethodRouter,
    ) -> Router {
        router.route(&self.path, handler(self.method))
    }

    pub(super) fn document(&self) -> UtoipaMethodRouter<S> {
        (self.document)()
    }
}
