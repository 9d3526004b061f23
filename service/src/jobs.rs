//! The one list of periodic background jobs.
//!
//! `serve` runs them in a loop. The worker, a Lambda function, runs them once when a schedule invokes it, and looks for mails for as
//! long as it is told to: a sandbox is frozen once it has answered.

use std::future::ready;
use std::pin::Pin;
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::time::error::Elapsed;
use tokio::time::{MissedTickBehavior, interval, timeout_at};
use tracing::{debug, warn};

use crate::app_state::AppState;
use crate::clock::monotonic;
use crate::db;
use crate::error_chain::chain;
use crate::mail::Outbox;
use crate::metrics;
use crate::{accounts, delivery, idempotency, limits, sessions};

/// How long one run of a job may take where nothing else limits it.
pub const RUN_LIMIT: Duration = Duration::from_secs(30);
/// Past this idle time a connection to the database is closed: connections opened for a peak must not occupy the server
/// for ever.
const IDLE_LIMIT: Duration = Duration::from_mins(5);

/// A periodic job. The next run makes up for one that fails or is cut short.
#[derive(Clone, Copy)]
struct Job {
    name: &'static str,
    every: Duration,
    /// What it is for: without that there is nothing to be done.
    of: Part,
    /// It ends by itself shortly before the time, or is cut short then.
    run: fn(AppState, Instant) -> Run,
}

/// A part of the service that may be off.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// What is always there.
    Database,
    /// The accounts, with `ACCESS=tokens`.
    Accounts,
    /// Mail, unless `MAIL=off`. Its job is also run whenever there is something to send.
    Mail,
}

type Run = Pin<Box<dyn Future<Output = Result<(), db::Error>> + Send>>;

/// Every job of this release.
const JOBS: &[Job] = &[
    Job {
        name: "close_idle_connections",
        every: Duration::from_mins(1),
        of: Part::Database,
        run: |state, _| {
            close_idle_connections(&state);
            Box::pin(ready(Ok(())))
        },
    },
    Job {
        name: "delete_expired_idempotency_keys",
        every: Duration::from_mins(10),
        of: Part::Database,
        run: |state, _| {
            Box::pin(async move { idempotency::delete_expired(&state.database, state.clock.now()).await })
        },
    },
    Job {
        name: "delete_empty_buckets",
        every: Duration::from_mins(5),
        of: Part::Accounts,
        run: |state, _| {
            Box::pin(async move { limits::delete_empty_buckets(&state.database, state.clock.now()).await })
        },
    },
    Job {
        name: "delete_expired_sessions",
        every: Duration::from_mins(10),
        of: Part::Accounts,
        run: |state, _| {
            Box::pin(async move { sessions::delete_expired(&state.database, state.clock.now()).await })
        },
    },
    Job {
        name: "delete_expired_tokens",
        every: Duration::from_mins(10),
        of: Part::Accounts,
        run: |state, _| {
            Box::pin(async move { accounts::delete_expired(&state.database, state.clock.now()).await })
        },
    },
    // The last: a mail server that is slow would leave the others no time.
    Job {
        name: "send_mails",
        every: Duration::from_secs(10),
        of: Part::Mail,
        run: |state, deadline| Box::pin(delivery::send_due(state, deadline)),
    },
];

/// The jobs that there are to do.
fn jobs(state: &AppState) -> impl Iterator<Item = Job> + use<> {
    let with_accounts = state.accounts.is_some();
    let with_mail = outbox(state).is_some();
    JOBS.iter().copied().filter(move |job| match job.of {
        Part::Database => true,
        Part::Accounts => with_accounts,
        Part::Mail => with_mail,
    })
}

fn outbox(state: &AppState) -> Option<Outbox> {
    state.accounts.as_ref()?.outbox.clone()
}

fn close_idle_connections(state: &AppState) {
    let closed = state.database.close_idle_connections(IDLE_LIMIT);
    if closed > 0 {
        debug!("{closed} idle connections closed");
    }
}

/// How a run of a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// It did its work.
    Done,
    /// It failed; the log has the cause.
    Failed,
    /// It ran out of time.
    OutOfTime,
}

/// The outcome of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The name of the job.
    pub job: &'static str,
    /// How its run ended.
    pub ending: Ending,
}

/// Runs each job again and again, until the runtime ends.
pub fn start(state: &AppState) {
    for job in jobs(state) {
        let state = state.clone();
        tokio::spawn(async move {
            let mut ticks = interval(job.every);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let woken = outbox(&state).filter(|_| job.of == Part::Mail);
            loop {
                match &woken {
                    None => drop(ticks.tick().await),
                    Some(mail) => tokio::select! {
                        _ = ticks.tick() => {}
                        () = mail.woken() => {}
                    },
                }
                run(job, &state, monotonic() + RUN_LIMIT).await;
            }
        });
    }
}

/// Runs each job once, one after another, until a deadline.
pub async fn run_all(state: &AppState, deadline: Instant) -> Vec<Report> {
    let mut reports = Vec::with_capacity(JOBS.len());
    for job in jobs(state) {
        reports.push(run(job, state, deadline).await);
    }
    reports
}

/// Sends mails when they become due, until a time or shortly before the deadline; `None` with `MAIL=off`.
pub async fn watch_mails(state: &AppState, until: Instant, deadline: Instant) -> Option<Report> {
    outbox(state)?;
    let watching = delivery::watch(state.clone(), until, deadline);
    Some(report("watch_mails", timeout_at(deadline.into(), watching).await))
}

async fn run(job: Job, state: &AppState, deadline: Instant) -> Report {
    report(job.name, timeout_at(deadline.into(), (job.run)(state.clone(), deadline)).await)
}

fn report(job: &'static str, outcome: Result<Result<(), db::Error>, Elapsed>) -> Report {
    let ending = match outcome {
        Ok(Ok(())) => {
            metrics::JOBS_DONE.count();
            Ending::Done
        }
        Ok(Err(error)) => {
            metrics::JOBS_FAILED.count();
            warn!(job, cause = chain(&error), "A job failed");
            Ending::Failed
        }
        Err(_) => {
            metrics::JOBS_OUT_OF_TIME.count();
            warn!(job, "A job ran out of time");
            Ending::OutOfTime
        }
    };
    Report { job, ending }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::clock::SystemClock;
    use crate::db::Database;

    fn state() -> AppState {
        let database = Database::failing(|| db::Error::Internal("a test".into()));
        AppState::new(database, Arc::new(SystemClock))
    }

    #[tokio::test]
    async fn every_job_is_run_once_and_reported() {
        let reports = run_all(&state(), monotonic() + RUN_LIMIT).await;
        let expected =
            [("close_idle_connections", Ending::Done), ("delete_expired_idempotency_keys", Ending::Failed)];
        assert_eq!(reports, expected.map(|(job, ending)| Report { job, ending }));
    }

    #[tokio::test]
    async fn a_job_that_fails_or_takes_too_long_is_reported_and_does_not_stop_the_others() {
        let failing = Job {
            name: "failing",
            run: |_, _| Box::pin(async { Err(db::Error::Internal("a test".into())) }),
            ..JOBS[0]
        };
        let endless = Job { name: "endless", run: |_, _| Box::pin(std::future::pending()), ..JOBS[0] };
        let (state, deadline) = (state(), monotonic() + Duration::from_millis(20));
        assert_eq!(run(failing, &state, deadline).await.ending, Ending::Failed);
        assert_eq!(run(endless, &state, deadline).await.ending, Ending::OutOfTime);
    }
}
