//! Clients that create and read users of the real executable without a pause.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use reqwest::{Client, Method, Response};
use serde_json::json;
use tokio::task::JoinSet;
use users_service::clock::monotonic;

use super::tally::Tally;

const CLIENTS: usize = 8;
/// Longer than any time-out of the service: after it a request counts as lost.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);

/// The outcome of one request.
#[derive(Debug, Clone)]
pub(super) struct Outcome {
    /// The user that was to be created; `None` for a request that reads.
    pub(super) username: Option<String>,
    /// `None` if there was no answer.
    pub(super) status: Option<StatusCode>,
    pub(super) at: Instant,
}

/// Running clients.
pub(super) struct Traffic {
    stop: Arc<AtomicBool>,
    clients: JoinSet<Vec<Outcome>>,
}

impl Traffic {
    /// Each client lists users and, if it `writes`, creates one before each time.
    pub(super) fn start(address: &str, tally: &Arc<Tally>, writes: bool) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut clients = JoinSet::new();
        for number in 0..CLIENTS {
            let client = HttpClient::new(address, tally);
            let stop = Arc::clone(&stop);
            clients.spawn(async move {
                let mut outcomes = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    if writes {
                        outcomes.push(client.create(&format!("user{number}x{}", outcomes.len())).await);
                    }
                    outcomes.push(client.list().await);
                }
                outcomes
            });
        }
        Self { stop, clients }
    }

    /// Lets the requests finish.
    pub(super) async fn end(self) -> Vec<Outcome> {
        self.stop.store(true, Ordering::Relaxed);
        self.clients.join_all().await.concat()
    }
}

/// Sends requests and counts the answers.
pub(super) struct HttpClient {
    client: Client,
    address: String,
    tally: Arc<Tally>,
}

impl HttpClient {
    pub(super) fn new(address: &str, tally: &Arc<Tally>) -> Self {
        let client = Client::builder().no_proxy().timeout(ANSWER_TIMEOUT).build().unwrap();
        Self { client, address: address.to_owned(), tally: Arc::clone(tally) }
    }

    /// A conflict is expected, too: the user exists already.
    pub(super) async fn create(&self, username: &str) -> Outcome {
        let user = json!({"username": username, "email": format!("{username}@example.com")});
        let request = self.client.request(Method::POST, format!("http://{}/users", self.address));
        let response = request.json(&user).send().await;
        let status = self.count(response, &[StatusCode::CREATED, StatusCode::CONFLICT]).await;
        Outcome { username: Some(username.to_owned()), status, at: monotonic() }
    }

    pub(super) async fn list(&self) -> Outcome {
        let response = self.client.get(format!("http://{}/users?page_size=5", self.address)).send().await;
        let status = self.count(response, &[StatusCode::OK]).await;
        Outcome { username: None, status, at: monotonic() }
    }

    async fn count(
        &self,
        response: reqwest::Result<Response>,
        expected: &[StatusCode],
    ) -> Option<StatusCode> {
        let whole = match response {
            Ok(response) => {
                let (status, retry) = (response.status(), response.headers().contains_key("retry-after"));
                response.bytes().await.ok().map(|_| (status, retry))
            }
            Err(_) => None,
        };
        let Some((status, retry_after)) = whole else {
            self.tally.lost();
            return None;
        };
        self.tally.answer(status, retry_after, expected.contains(&status));
        Some(status)
    }
}
