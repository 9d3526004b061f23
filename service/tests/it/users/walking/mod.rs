//! Walks through the list of users: `after`, filters and orders.

mod filters;
mod refusals;
mod walks;

use std::ops::RangeInclusive;

use serde_json::Value;

use crate::harness::databases::TestDatabase;
use crate::harness::test_app::{Answer, TestApp};

const SORTS: [&str; 8] =
    ["user_id", "-user_id", "created_at", "-created_at", "username", "-username", "email", "-email"];

/// Adds users whose names, addresses and times are in different orders; many share a second.
async fn add(app: &TestApp, numbers: RangeInclusive<u32>) {
    let row = |n: u32| {
        let name = if n.is_multiple_of(2) { "name" } else { "NAME" };
        let (name, email) = (format!("{name}{:05}", n * 7919 % 10_007), format!("e{:05}", n * 31 % 10_007));
        let time = stored(app, &format!("2024-01-15 10:30:{:02}", n / 50 % 60));
        format!("('{name}', '{email}@example.com', 'Full_{n}%', '{time}')")
    };
    insert(app, numbers.map(row)).await;
}

/// Adds rows, many at a time.
async fn insert(app: &TestApp, rows: impl Iterator<Item = String>) {
    for rows in rows.collect::<Vec<_>>().chunks(1_000) {
        let rows = rows.join(", ");
        let sql = format!("insert into users (username, email, full_name, created_at) values {rows}");
        app.database.execute(&sql).await;
    }
}

/// A time as the database keeps it.
fn stored(app: &TestApp, time: &str) -> String {
    match app.database {
        TestDatabase::Sqlite(_) => time.replace(' ', "T") + "Z",
        TestDatabase::Mysql(_) => time.to_owned(),
    }
}

fn users(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["users"].as_array().unwrap().clone()
}

fn id(user: &Value) -> u64 {
    user["user_id"].as_u64().unwrap()
}

fn name(user: &Value) -> String {
    user["username"].as_str().unwrap().to_owned()
}

fn ids(users: &[Value]) -> Vec<u64> {
    users.iter().map(id).collect()
}

fn names(answer: &Answer) -> Vec<String> {
    users(answer).iter().map(name).collect()
}

/// The next page, which both the header and the body tell of.
fn next(answer: &Answer) -> Option<String> {
    let link = answer.header("link");
    let target = link.strip_prefix('<').and_then(|link| link.strip_suffix(">; rel=\"next\""));
    assert_eq!(target.is_some(), !answer.json()["next"].is_null());
    assert!(target.is_some() || link.is_empty(), "{link}");
    target.map(ToOwned::to_owned)
}

/// The pages of a walk, in order.
async fn pages(app: &TestApp, query: &str) -> Vec<Vec<Value>> {
    let (mut pages, mut path) = (Vec::new(), Some(format!("/users?{query}&after=")));
    while let Some(page) = path {
        let answer = app.get(&page).await;
        pages.push(users(&answer));
        path = next(&answer);
    }
    pages
}

/// All users of a walk, in order.
async fn walk(app: &TestApp, query: &str) -> Vec<Value> {
    pages(app, query).await.concat()
}

/// By what users are in this order.
fn key(user: &Value, sort: &str) -> (String, u64) {
    match sort.trim_start_matches('-') {
        "user_id" => (String::new(), id(user)),
        name => (user[name].as_str().unwrap().to_lowercase(), id(user)),
    }
}

/// Puts users in an order.
fn arrange(users: &mut [Value], sort: &str) {
    users.sort_by_key(|user| key(user, sort));
    if sort.starts_with('-') {
        users.reverse();
    }
}
