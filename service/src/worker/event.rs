//! The events of the worker.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::mail::Undeliverable;

/// What there is to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// `{"jobs": true, "seconds": 50}` of a schedule.
    Jobs {
        /// For how long to look for mails that become due, from the start on.
        watch: Option<Duration>,
    },
    /// An event of Amazon SES.
    Undeliverable(Undeliverable),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Schedule {
    jobs: bool,
    seconds: Option<u16>,
}

impl Event {
    /// Reads an event; an error says what is wrong with it.
    pub(super) fn read(event: Value) -> Result<Self, String> {
        if event.get("jobs").is_none() {
            return Undeliverable::read(event).map(Self::Undeliverable).map_err(|error| error.to_string());
        }
        let schedule: Schedule = serde_json::from_value(event).map_err(|error| error.to_string())?;
        if !schedule.jobs {
            return Err("jobs is not true".to_owned());
        }
        Ok(Self::Jobs { watch: schedule.seconds.map(|seconds| Duration::from_secs(seconds.into())) })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_schedule_lets_the_jobs_run_and_mails_be_looked_for() {
        let jobs = |watch| Ok(Event::Jobs { watch });
        assert_eq!(Event::read(json!({"jobs": true})), jobs(None));
        assert_eq!(Event::read(json!({"jobs": true, "seconds": 50})), jobs(Some(Duration::from_secs(50))));
    }

    #[test]
    fn a_schedule_that_is_mistaken_is_refused() {
        for mistaken in [
            json!({"jobs": false}),
            json!({"jobs": 1}),
            json!({"jobs": true, "second": 50}),
            json!({"jobs": true, "seconds": -1}),
            json!({"jobs": true, "seconds": "50"}),
            json!({"seconds": 50}),
            json!({}),
            json!([]),
        ] {
            assert!(Event::read(mistaken.clone()).is_err(), "{mistaken}");
        }
    }
}
