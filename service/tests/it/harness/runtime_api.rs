//! The Lambda Runtime API, served by the test.
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use chrono::TimeDelta;
use serde_json::{Value, json};
use tokio::sync::{Mutex as AsyncMutex, mpsc, oneshot};
use users_service::clock::{Clock, SystemClock};
use uuid::Uuid;

use crate::harness::http_server::HttpServer;

/// How long a function may take for one event: the deadline in its invocation.
pub(crate) const TIME_LIMIT: TimeDelta = TimeDelta::seconds(29);
/// How long the test waits for it.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(40);

/// The result of an event: the answer of the function, or its error.
pub(crate) type Outcome = Result<Value, Value>;

struct Invocation {
    id: String,
    event: Bytes,
    time_limit: TimeDelta,
}

struct Shared {
    invocations: AsyncMutex<mpsc::UnboundedReceiver<Invocation>>,
    outcomes: Mutex<HashMap<String, oneshot::Sender<Outcome>>>,
}

/// Hands events to one function and takes its answers.
pub(crate) struct RuntimeApi {
    server: HttpServer,
    queue: mpsc::UnboundedSender<Invocation>,
    shared: Arc<Shared>,
}

impl RuntimeApi {
    pub(crate) async fn start() -> Self {
        let (queue, invocations) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            invocations: AsyncMutex::new(invocations),
            outcomes: Mutex::new(HashMap::new()),
        });
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(succeed))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(fail))
            .with_state(Arc::clone(&shared));
        Self { server: HttpServer::start(router).await, queue, shared }
    }

    /// The value for `AWS_LAMBDA_RUNTIME_API`.
    pub(crate) fn address(&self) -> String {
        self.server.address().to_string()
    }

    /// Hands out an event and waits for the function's answer.
    pub(crate) async fn invoke(&self, event: Value, time_limit: TimeDelta) -> Outcome {
        self.invoke_text(event.to_string().into(), time_limit).await
    }

    /// The same with an event that need not be JSON.
    pub(crate) async fn invoke_text(&self, event: Bytes, time_limit: TimeDelta) -> Outcome {
        let id = Uuid::new_v4().to_string();
        let (sender, outcome) = oneshot::channel();
        self.shared.outcomes.lock().unwrap().insert(id.clone(), sender);
        self.queue.send(Invocation { id, event, time_limit }).ok().unwrap();
        tokio::time::timeout(ANSWER_TIMEOUT, outcome).await.expect("the function did not answer").unwrap()
    }
}

async fn next(State(shared): State<Arc<Shared>>) -> impl IntoResponse {
    let invocation = shared.invocations.lock().await.recv().await.unwrap();
    let deadline = SystemClock.now() + invocation.time_limit;
    let headers = [
        ("lambda-runtime-aws-request-id", invocation.id),
        ("lambda-runtime-deadline-ms", deadline.timestamp_millis().to_string()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:1:function:users".to_owned()),
    ];
    (headers, invocation.event)
}

async fn succeed(state: State<Arc<Shared>>, id: Path<String>, answer: Bytes) -> impl IntoResponse {
    finish(&state, &id, Ok(serde_json::from_slice(&answer).unwrap()))
}

async fn fail(state: State<Arc<Shared>>, id: Path<String>, error: Bytes) -> impl IntoResponse {
    finish(&state, &id, Err(serde_json::from_slice(&error).unwrap()))
}

fn finish(shared: &Shared, id: &str, outcome: Outcome) -> impl IntoResponse + use<> {
    let sender = shared.outcomes.lock().unwrap().remove(id);
    // The test may have given up.
    let _ = sender.map(|sender| sender.send(outcome));
    (StatusCode::ACCEPTED, Json(json!({"status": "OK"})))
}
