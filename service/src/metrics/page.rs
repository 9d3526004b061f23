//! What is counted, put together as one text.

use chrono::{DateTime, Utc};

use super::instruments::{Counter, Gauge};
use super::text::Text;
use super::{counts, declared, requests};
use crate::db::{Database, PoolState};

/// Every metric of the list, in its order.
pub(super) fn text(database: &Database, started: DateTime<Utc>) -> String {
    let mut text = Text::default();
    let build = [env!("CARGO_PKG_VERSION"), env!("BUILD_COMMIT")];
    text.family(&declared::BUILD).sample(&build, 1);
    text.family(&declared::START_TIME).sample(&[], started.timestamp());
    write_requests(&mut text);
    gauge(&mut text, &declared::HTTP_CONNECTIONS, &counts::HTTP_CONNECTIONS);
    write_database(&mut text, database);
    counter(&mut text, &declared::HASHES, &counts::HASHES);
    text.family(&declared::HASH_SECONDS).sample(&[], counts::HASH_TIME.seconds());
    counter(&mut text, &declared::HASH_REFUSALS, &counts::HASH_REFUSALS);
    write_mails(&mut text);
    counter(&mut text, &declared::REFRESH_TOKENS_REUSED, &counts::REFRESH_TOKENS_REUSED);
    let jobs = [
        ("done", &counts::JOBS_DONE),
        ("failed", &counts::JOBS_FAILED),
        ("out_of_time", &counts::JOBS_OUT_OF_TIME),
    ];
    by_label(&mut text, &declared::JOB_RUNS, &jobs);
    by_label(&mut text, &declared::LIMIT_REFUSALS, &counts::LIMIT_REFUSALS.entries());
    counter(&mut text, &declared::LOG_LINES_DROPPED, &counts::LOG_LINES_DROPPED);
    text.finish()
}

fn write_requests(text: &mut Text) {
    let mut family = text.family(&declared::REQUESTS);
    for (route, method, series) in requests::counted() {
        for (status, count) in series.answers() {
            family.sample(&[route, method, status], count);
        }
    }
    let mut family = text.family(&declared::REQUEST_DURATION);
    for (route, method, series) in requests::counted() {
        family.histogram(&[route, method], &series.durations);
    }
}

fn write_database(text: &mut Text, database: &Database) {
    let PoolState { open, idle, max } = database.pool_state();
    text.family(&declared::CONNECTIONS_OPEN).sample(&[], open);
    text.family(&declared::CONNECTIONS_IDLE).sample(&[], idle);
    text.family(&declared::CONNECTIONS_MAX).sample(&[], max);
    counter(text, &declared::CONNECTION_WAITS, &counts::CONNECTION_WAITS);
    text.family(&declared::CONNECTION_WAIT_SECONDS).sample(&[], counts::CONNECTION_WAIT_TIME.seconds());
    counter(text, &declared::CONNECTION_REFUSALS, &counts::CONNECTION_REFUSALS);
    let statements = [
        ("ok", &counts::STATEMENTS_OK),
        ("refused", &counts::STATEMENTS_REFUSED),
        ("unavailable", &counts::STATEMENTS_UNAVAILABLE),
        ("failed", &counts::STATEMENTS_FAILED),
    ];
    by_label(text, &declared::STATEMENTS, &statements);
    counter(text, &declared::STATEMENT_RETRIES, &counts::STATEMENT_RETRIES);
}

fn write_mails(text: &mut Text) {
    let mails = [
        ("sent", &counts::MAILS_SENT),
        ("postponed", &counts::MAILS_POSTPONED),
        ("given_up", &counts::MAILS_GIVEN_UP),
        ("undeliverable", &counts::MAILS_UNDELIVERABLE),
    ];
    by_label(text, &declared::MAILS, &mails);
    gauge(text, &declared::MAILS_WAITING, &counts::MAILS_WAITING);
    let waiting = counts::seconds_since(counts::OLDEST_MAIL.get());
    text.family(&declared::MAILS_WAITING_SECONDS).sample(&[], waiting);
    counter(text, &declared::ADDRESSES_UNDELIVERABLE, &counts::ADDRESSES_UNDELIVERABLE);
}

fn gauge(text: &mut Text, metric: &'static declared::Metric, gauge: &Gauge) {
    text.family(metric).sample(&[], gauge.get());
}

fn counter(text: &mut Text, metric: &'static declared::Metric, counter: &Counter) {
    text.family(metric).sample(&[], counter.get());
}

fn by_label(text: &mut Text, metric: &'static declared::Metric, counters: &[(&str, &Counter)]) {
    let mut family = text.family(metric);
    for (value, counter) in counters {
        family.sample(&[value], counter.get());
    }
}
