//! The plans of SQLite.

use super::{Part, Planned, every_filters, every_statement, places, sorts};
use crate::config;
use crate::db::{Database, Executor};
use crate::migrations::ALL;
use crate::users::list::sort::{Key, Sort};
use crate::users::list::sql::Sql;
use crate::users::list::statements::Statements;

#[derive(sqlx::FromRow)]
struct Step {
    detail: String,
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
            let list = Statements { sort, filters: &filters, pattern: "ada%" };
            for Planned { part, goes_on, sql } in every_statement(list, &places(sort)) {
                let plan = plan(&database, sql).await;
                match part {
                    Part::Found(_) => assert_bounded(&plan, None),
                    Part::Walked(_) => assert_walked(&plan, sort, goes_on),
                    Part::Edge(_) => {
                        assert!(plan.iter().all(|step| !step.contains("TEMP B-TREE")), "{plan:#?}");
                        let scans = plan.iter().any(|step| step.starts_with("SCAN users"));
                        assert!(!(scans && goes_on), "{plan:#?}");
                    }
                }
            }
        }
    }
}

fn assert_walked(plan: &[String], sort: Sort, goes_on: bool) {
    assert_bounded(plan, Some(in_order(sort)));
    assert!(!goes_on || plan[0].starts_with("SEARCH "), "{plan:#?}");
    // Many are added in one second.
    if goes_on && sort.key == Key::CreatedAt {
        assert!(plan[0].contains("(created_at,rowid)"), "{plan:#?}");
    }
}
