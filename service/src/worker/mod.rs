//! The function that works in the background on AWS (`worker-lambda`): a schedule lets it run the jobs and send mails, and Amazon
//! SES tells it of addresses that cannot be reached. It serves no requests.

mod event;

use std::time::{Duration, Instant};

use lambda_http::lambda_runtime;
use serde::Serialize;
use serde_json::Value;

use self::event::Event;
use crate::app_state::AppState;
use crate::clock::monotonic;
use crate::jobs::{self, Report};
use crate::lambda_function::{self, Failure};
use crate::{addresses, db, lambda_handler};

/// What an invocation returns.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Outcome {
    /// The jobs were run.
    Jobs {
        /// How each of them ended.
        jobs: Vec<Report>,
    },
    /// Addresses cannot be reached.
    Undeliverable {
        /// How many of them are a user's.
        undeliverable: usize,
    },
}

/// Why an event was not handled.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is none that the function handles.
    #[error("the event is not one that this function handles: {0}")]
    Event(String),
    /// The database failed. Lambda hands out an event of SES again.
    #[error(transparent)]
    Database(#[from] db::Error),
}

impl Failure for Error {
    fn kind(&self) -> &'static str {
        match self {
            Self::Event(_) => "EventError",
            Self::Database(_) => "DatabaseError",
        }
    }
}

/// Handles events until the sandbox is shut down. An error is reported to Lambda as a function error.
///
/// # Errors
/// If the Runtime API cannot be reached.
pub async fn run(state: AppState) -> Result<(), lambda_runtime::Error> {
    lambda_function::run(move |event| {
        let state = state.clone();
        async move { handle(&state, event.payload, lambda_handler::deadline(&event.context)).await }
    })
    .await
}

/// Handles one event, until a deadline if one is known.
///
/// # Errors
/// If it is of another kind, or what it tells cannot be recorded. A job that fails is in the outcome.
pub async fn handle(state: &AppState, event: Value, deadline: Option<Instant>) -> Result<Outcome, Error> {
    match Event::read(event).map_err(Error::Event)? {
        Event::Jobs { watch } => Ok(Outcome::Jobs { jobs: run_jobs(state, watch, deadline).await }),
        Event::Undeliverable(told) => {
            let accounts = state.accounts.as_ref();
            let accounts =
                accounts.ok_or_else(|| Error::Event("with ACCESS=open nobody gets mails".into()))?;
            let undeliverable = addresses::mark_undeliverable(accounts, &told).await?;
            Ok(Outcome::Undeliverable { undeliverable })
        }
    }
}

async fn run_jobs(state: &AppState, watch: Option<Duration>, deadline: Option<Instant>) -> Vec<Report> {
    let begun = monotonic();
    let until = begun + watch.unwrap_or_default();
    let deadline = deadline.unwrap_or_else(|| until + jobs::RUN_LIMIT);
    let mut reports = jobs::run_all(state, deadline).await;
    if watch.is_some() {
        reports.extend(jobs::watch_mails(state, until, deadline).await);
    }
    reports
}
