//! The plans of every statement that a list can make, on SQLite: none scans a table.
#![cfg(feature = "sqlite")]

use super::sort::{Key, Position, Sort};

use super::source::{Driver, Narrow};
use super::sql::Sql;
use super::statements::Statements;
use super::{Filters, filters};
use crate::access::RoleName;
use crate::accounts::Status;
use crate::config;
use crate::db::{Database, Executor};
use crate::migrations::ALL;

#[derive(sqlx::FromRow)]
struct Step {
    detail: String,
}

fn sorts() -> impl Iterator<Item = Sort> {
    let keys = [Key::UserId, Key::CreatedAt, Key::Username, Key::Email];
    keys.into_iter().flat_map(|key| [false, true].map(|descending| Sort { key, descending }))
}

/// Each filter, each two of them, and all: a plan depends on the filter that is gathered, and each other one adds a condition.
fn every_filters() -> Vec<Filters> {
    let time = filters::moment("2024-01-15T10:30:00Z").ok();
    (0..128_u8)
        .filter(|bits| bits.count_ones() <= 2 || *bits >= 63)
        .map(|bits: u8| {
            let has = |bit: u8| bits >> bit & 1 == 1;
            let status = if has(6) { Status::Active } else { Status::Disabled };
            Filters {
                prefix: has(0).then(|| filters::Prefix::parse("ada").unwrap()),
                ids: has(1).then(|| filters::Ids::parse("1,2").unwrap()),
                created: filters::Created::between(time.filter(|_| has(2)), time.filter(|_| has(2))),
                status: has(3).then_some(status),
                role: has(4).then(|| RoleName::parse("support").unwrap()),
                email_verified: has(5).then_some(true),
            }
        })
        .collect()
}

fn place(key: Key) -> Position {
    match key {
        Key::UserId => Position::Id(7),
        Key::CreatedAt => Position::Time(filters::moment("2024-01-15T10:30:00Z").unwrap(), 7),
        Key::Username | Key::Email => Position::Text("ada".to_owned()),
    }
}

async fn plan(database: &Database, sql: Sql<'_>) -> Vec<String> {
    let mut explained = Sql::default();
    explained.add("explain query plan ").append(sql);
    let (statement, values) = explained.finish("a plan");
    let steps: Vec<Step> = database.run(statement, &values).await.unwrap();
    steps.into_iter().map(|step| step.detail).collect()
}

/// What is read in whole is a result of another step, which is bounded, or an index in the order of the list, from which the
/// limit takes the first.
fn assert_bounded(plan: &[String], order: Option<&str>) {
    for step in plan.iter().filter(|step| step.starts_with("SCAN ")) {
        let is_bounded = ["SCAN found", "SCAN edge", "SCAN by_", "SCAN (subquery"]
            .iter()
            .any(|result| step.starts_with(result));
        let is_in_order = order.is_some_and(|index| *step == index);
        assert!(is_bounded || is_in_order, "{step} of {plan:#?}");
    }
    if order.is_some() {
        assert!(!plan.iter().any(|step| step.contains("TEMP B-TREE")), "{plan:#?}");
    }
}

const fn in_order(sort: Sort) -> &'static str {
    match sort.key {
        Key::UserId => "SCAN users",
        Key::CreatedAt => "SCAN users USING INDEX idx_created_at",
        Key::Username => "SCAN users USING INDEX sqlite_autoindex_users_2",
        Key::Email => "SCAN users USING INDEX sqlite_autoindex_users_1",
    }
}

#[tokio::test]
async fn no_statement_scans_a_table() {
    let in_memory = config::Database::Sqlite(":memory:".into());
    let database = Database::open(in_memory, ALL).await.unwrap();
    for filters in every_filters() {
        for sort in sorts() {
            let statements = Statements { sort, filters: &filters, pattern: "ada%" };
            let (driver, place) = (Driver::of(sort, &filters), place(sort.key));
            for from in [None, Some(&place)] {
                for narrow in Narrow::of(&filters) {
                    assert_bounded(&plan(&database, statements.count(narrow)).await, None);
                    assert_bounded(&plan(&database, statements.total(narrow)).await, None);
                    assert_bounded(&plan(&database, statements.gathered(narrow, from, 11)).await, None);
                }
                for to in [None, Some(&place)] {
                    let order = Some(in_order(sort));
                    let walked = plan(&database, statements.walked(driver, from, to, 11)).await;
                    assert_bounded(&walked, order);
                    assert!(from.is_none() || walked[0].starts_with("SEARCH "), "{walked:#?}");
                    // Many are added in one second.
                    if from.is_some() && sort.key == Key::CreatedAt {
                        assert!(walked[0].contains("(created_at,rowid)"), "{walked:#?}");
                    }
                    let edge = plan(&database, statements.edge(driver, from, to)).await;
                    assert!(edge.iter().all(|step| !step.contains("TEMP B-TREE")), "{edge:#?}");
                    assert!(
                        edge.iter().all(|step| !step.starts_with("SCAN users") || from.is_none()),
                        "{edge:#?}"
                    );
                }
            }
        }
    }
}
