//! What the fuzz targets share: the router over a store in memory, and what every answer must be.

mod answer;
mod memory_store;

use std::sync::{Arc, LazyLock};

use axum::body::Body;
use axum::http::Request;
use lambda_http::{Context, LambdaEvent};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;
use users_service::app::{App, Service, router};
use users_service::clock::SystemClock;
use users_service::lambda_handler;

pub use self::answer::Answer;
use self::memory_store::MemoryStore;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    Builder::new_current_thread().enable_time().build().expect("a runtime needs no system call")
});

static STORE: LazyLock<Arc<MemoryStore>> = LazyLock::new(Arc::default);

static SERVICE: LazyLock<Service> =
    LazyLock::new(|| router(App { store: Arc::clone(&*STORE) as _, clock: Arc::new(SystemClock) }));

/// Begins an input: what happens to it must not depend on the inputs before. There is one user, who has the id 1.
pub fn begin() {
    STORE.reset();
}

/// What the router answers to a request, checked for what holds of every answer.
pub fn send(request: Request<Body>) -> Answer {
    let answer = RUNTIME.block_on(async {
        let response = SERVICE.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
        Answer::of_router(response).await
    });
    answer.check();
    answer
}

/// What the Lambda function answers to an event, checked the same way.
pub fn invoke(event: Value) -> Answer {
    let mut context = Context::default();
    // Never: the answer must not depend on how busy the machine is.
    context.deadline = u64::MAX;
    "8476a536-e9f4-11e8-9739-2dfe598c3fcd".clone_into(&mut context.request_id);
    let rendered =
        RUNTIME.block_on(lambda_handler::answer(SERVICE.clone(), LambdaEvent::new(event, context)));
    let answer = Answer::of_function(rendered);
    answer.check();
    answer
}
