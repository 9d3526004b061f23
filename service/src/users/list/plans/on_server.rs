//! The plans of the server that the tests run on, MySQL or MariaDB, for the account that the service has.

use std::collections::HashSet;

use super::{Part, Planned, every_filters, every_statement, places, sorts};
use crate::db::plans::{Server, Step, on_server};
use crate::users::list::Filters;
use crate::users::list::sort::Key;
use crate::users::list::source::{IndexScan, IndexedFilter};
use crate::users::list::statements::Statements;

/// As many users as a request looks at, so that a scan can look cheap. Every tenth is disabled, has a
/// second role and has proved an address.
const ROWS: &str = "
    insert into users (user_id, username, email, full_name, created_at)
        with recursive digits as (select 0 as digit union all select digit + 1 from digits where digit < 9),
            numbers as (select 1 + a.digit + 10 * b.digit + 100 * c.digit + 1000 * d.digit as n
                from digits as a cross join digits as b cross join digits as c cross join digits as d)
        select n, concat(char(97 + n % 26), n), concat(char(97 + n % 26), n, '@example.com'), concat('name ', n),
            timestamp('2024-01-15 10:30:00') + interval n second from numbers;
    insert into roles (role, description, permissions) values ('member', '', ''), ('support', '', '');
    insert into accounts (user_id, status)
        select user_id, case when user_id % 10 = 0 then 'disabled' else 'active' end from users;
    insert into user_roles (user_id, role) select user_id, 'member' from users;
    insert into user_roles (user_id, role) select user_id, 'support' from users where user_id % 10 = 0;
    insert into proved_addresses (user_id, email, proved_at) select user_id, email, 0 from users where user_id % 10 = 0;
    analyze table users, accounts, user_roles, proved_addresses";

/// The indexes that must be read for a part of a list.
const fn indexes(part: Part) -> &'static [&'static str] {
    match part {
        // Either the primary key or the narrow index of the ids.
        Part::Found(IndexedFilter::Ids) => &[],
        Part::Found(IndexedFilter::Prefix) => &["idx_username", "idx_email", "idx_full_name"],
        Part::Found(IndexedFilter::Created) => &["idx_created_at"],
        Part::Found(IndexedFilter::Role) => &["idx_role"],
        Part::Found(IndexedFilter::Disabled) => &["idx_status"],
        Part::Found(IndexedFilter::Everybody) => &["PRIMARY"],
        Part::Walked(driver) | Part::Edge(driver) => match driver {
            IndexScan { narrow: Some(IndexedFilter::Role), .. } => &["idx_role"],
            IndexScan { narrow: Some(IndexedFilter::Disabled), .. } => &["idx_status"],
            IndexScan { sort, .. } => match sort.key {
                Key::UserId => &["PRIMARY"],
                Key::CreatedAt => &["idx_created_at"],
                Key::Username => &["idx_username"],
                Key::Email => &["idx_email"],
            },
        },
    }
}

/// What is wrong with a plan: a table or an index is read in whole, other than in the order of the list up to a limit; a walk is
/// sorted; or an index is not used.
fn fault(plan: &[Step], part: Part, goes_on: bool) -> Option<String> {
    let is_walk = !matches!(part, Part::Found(_));
    let of_tables = || plan.iter().filter(|step| !step.table.is_empty() && !step.table.starts_with('<'));
    for step in of_tables() {
        let in_order = is_walk && !goes_on && indexes(part) == [step.key.as_str()];
        if step.access == "ALL" || step.access == "index" && !in_order {
            return Some(format!("{} is scanned", step.table));
        }
        if is_walk && (step.extra.contains("filesort") || step.extra.contains("temporary")) {
            return Some(format!("{} is sorted", step.table));
        }
    }
    let is_read = |index: &&&str| of_tables().any(|step| step.key == **index);
    let missing = indexes(part).iter().find(|index| !is_read(index));
    missing.map(|index| format!("{index} is not read")).or_else(|| {
        let is_empty = of_tables().next().is_none();
        is_empty.then(|| "no table is read".to_owned())
    })
}

#[tokio::test]
async fn no_statement_scans_a_table() {
    on_server(ROWS, async |server| {
        let mut seen = HashSet::new();
        for filters in every_filters() {
            for sort in sorts() {
                let list = Statements { sort, filters: &filters, pattern: "ada%" };
                for Planned { part, goes_on, sql } in every_statement(list, &places(sort)) {
                    let (statement, values) = sql.finish("a plan");
                    if !seen.insert(std::ptr::from_ref(statement).addr()) {
                        continue;
                    }
                    let plan = server.plan(statement, &values).await;
                    let fault = fault(&plan, part, goes_on);
                    assert_eq!(fault, None, "{statement:#?} {plan:#?}");
                }
            }
        }
        assert!(seen.len() > 1_000, "{}", seen.len());
    })
    .await;
}

#[tokio::test]
async fn a_missing_index_is_noticed() {
    on_server(ROWS, async |server: Server| {
        server.execute("alter table accounts drop key idx_status").await;
        let filters = Filters { status: Some(crate::accounts::Status::Disabled), ..Filters::default() };
        let list = Statements { sort: super::Sort::DEFAULT, filters: &filters, pattern: "" };
        let (statement, values) = list.count(IndexedFilter::Disabled).finish("a plan");
        let plan = server.plan(statement, &values).await;
        let fault = fault(&plan, Part::Found(IndexedFilter::Disabled), false);
        assert_eq!(fault.as_deref(), Some("accounts is scanned"), "{plan:#?}");
    })
    .await;
}
