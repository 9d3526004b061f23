//! Walks through the list of users: `after`, filters and orders.

use std::collections::BTreeSet;

use axum::http::Method;
use serde_json::Value;
use users_service::http::StrictQuery;

use crate::harness::accounts::{AccountsApp, with_accounts_on_every_database};
use crate::harness::test_app::{Answer, TestApp, on_every_database, request};

on_every_database! {
    a_walk_sees_everybody_once_in_every_order_while_others_come_and_go,
    a_page_links_to_the_next_and_the_last_does_not,
    users_are_found_by_the_beginning_of_any_of_their_names,
    wildcards_are_letters,
    ids_and_times_choose_users,
    filters_combine_with_every_order,
    what_is_too_much_to_gather_is_walked_through,
    a_total_is_counted_on_request,
}

mod accounts {
    use super::{a_caller_needs_to_see_accounts, status_role_and_proof_choose_users};

    super::with_accounts_on_every_database! { status_role_and_proof_choose_users, a_caller_needs_to_see_accounts }
}

const SORTS: [&str; 8] =
    ["user_id", "-user_id", "created_at", "-created_at", "username", "-username", "email", "-email"];

/// Adds users whose names, addresses and times are in different orders; many share a second.
async fn add(app: &TestApp, numbers: std::ops::RangeInclusive<u32>) {
    let rows: Vec<String> = numbers
        .map(|n| {
            let (mixed, second) = (n * 7919 % 10_007, n / 50 % 60);
            let name = if n % 2 == 0 { "name" } else { "NAME" };
            format!(
                "('{name}{mixed:05}', 'e{:05}@example.com', 'Full_{n}%', '2024-01-15{}10:30:{second:02}{}')",
                n * 31 % 10_007,
                if matches!(app.database, crate::harness::databases::TestDatabase::Sqlite(_)) {
                    "T"
                } else {
                    " "
                },
                if matches!(app.database, crate::harness::databases::TestDatabase::Sqlite(_)) {
                    "Z"
                } else {
                    ""
                },
            )
        })
        .collect();
    for rows in rows.chunks(500) {
        let sql =
            format!("insert into users (username, email, full_name, created_at) values {}", rows.join(", "));
        app.database.execute(&sql).await;
    }
}

fn names(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let users = answer.json()["users"].as_array().unwrap().clone();
    users.iter().map(|user| user["username"].as_str().unwrap().to_owned()).collect()
}

fn next(answer: &Answer) -> Option<String> {
    let link = answer.header("link");
    let target = link.strip_prefix('<').and_then(|link| link.strip_suffix(">; rel=\"next\""));
    assert_eq!(target.is_some(), !answer.json()["next"].is_null());
    assert!(target.is_some() || link.is_empty(), "{link}");
    target.map(ToOwned::to_owned)
}

/// All users of a walk, page by page, in order.
async fn walk(app: &TestApp, query: &str) -> Vec<Value> {
    let (mut users, mut path) = (Vec::new(), Some(format!("/users?{query}&after=")));
    while let Some(page) = path {
        let answer = app.get(&page).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        users.extend(answer.json()["users"].as_array().unwrap().clone());
        path = next(&answer);
    }
    users
}

async fn walked(app: &TestApp, query: &str) -> Vec<String> {
    walk(app, query).await.iter().map(|user| user["username"].as_str().unwrap().to_owned()).collect()
}

fn key(user: &Value, sort: &str) -> (String, u64) {
    let id = user["user_id"].as_u64().unwrap();
    match sort.trim_start_matches('-') {
        "user_id" => (String::new(), id),
        name => (user[name].as_str().unwrap().to_lowercase(), id),
    }
}

async fn a_walk_sees_everybody_once_in_every_order_while_others_come_and_go(app: TestApp) {
    add(&app, 1..=1_200).await;
    let mut coming = 2_000;
    for sort in SORTS {
        let before: BTreeSet<u64> =
            walk(&app, "page_size=100").await.iter().map(|user| user["user_id"].as_u64().unwrap()).collect();
        let (mut seen, mut path) = (Vec::new(), Some(format!("/users?sort={sort}&page_size=90&after=")));
        let mut gone = BTreeSet::new();
        while let Some(page) = path {
            let answer = app.get(&page).await;
            let users = answer.json()["users"].as_array().unwrap().clone();
            path = next(&answer);
            // One comes; of those seen, the very last goes, whose place the cursor is.
            coming += 1;
            add(&app, coming..=coming).await;
            let last = users.last().unwrap()["user_id"].as_u64().unwrap();
            app.delete(&format!("/users/{last}")).await;
            gone.insert(last);
            seen.extend(users);
        }
        let keys: Vec<_> = seen.iter().map(|user| key(user, sort)).collect();
        let mut expected = keys.clone();
        expected.sort();
        if sort.starts_with('-') {
            expected.reverse();
        }
        assert_eq!(keys, expected, "{sort}");
        let ids: BTreeSet<u64> = seen.iter().map(|user| user["user_id"].as_u64().unwrap()).collect();
        assert_eq!(ids.len(), seen.len(), "{sort}: somebody was seen twice");
        assert!(before.is_subset(&ids), "{sort}: somebody was not seen");
        assert!(!gone.is_empty());
    }
}

async fn a_page_links_to_the_next_and_the_last_does_not(app: TestApp) {
    for name in ["ada", "bob", "eve"] {
        app.user(name).await;
    }
    let first = app.get("/users?x=1&page_size=2&sort=-username&after=").await;
    assert_eq!(names(&first), ["eve", "bob"]);
    let cursor = first.json()["next"].as_str().unwrap().to_owned();
    assert_eq!(
        first.header("link"),
        format!("</users?page_size=2&sort=-username&after={cursor}>; rel=\"next\"")
    );
    let last = app.get(&next(&first).unwrap()).await;
    assert_eq!(
        last.text(),
        r#"{"users":[{"user_id":1,"username":"ada","email":"ada@example.com","full_name":null,"created_at":"2024-01-15T10:30:00"}],"page_size":2}"#
    );
    assert_eq!(last.header("link"), "");
    assert_eq!(app.get("/users?after=&q=nobody").await.text(), r#"{"users":[],"page_size":10}"#);
}

async fn users_are_found_by_the_beginning_of_any_of_their_names(app: TestApp) {
    app.user("ada_first").await;
    app.user("bob").await;
    app.database
        .execute(
            "update users set full_name = 'ADA Lovelace', email = 'x@example.com' where username = 'bob'",
        )
        .await;
    app.user("eve").await;
    app.database.execute("update users set email = 'Ada@example.org' where username = 'eve'").await;
    app.user("not_ada").await;
    for q in ["ada", "ADA", "aDa"] {
        for (sort, expected) in [
            ("user_id", ["ada_first", "bob", "eve"]),
            ("-username", ["eve", "bob", "ada_first"]),
            ("email", ["eve", "ada_first", "bob"]),
        ] {
            assert_eq!(walked(&app, &format!("q={q}&sort={sort}&page_size=2")).await, expected, "{q} {sort}");
        }
    }
    assert_eq!(walked(&app, "q=ada%20l").await, ["bob"]);
    assert_eq!(walked(&app, "q=%E2%80%8B").await, [""; 0]);
}

async fn wildcards_are_letters(app: TestApp) {
    app.user("a_b").await;
    app.user("axb").await;
    assert_eq!(walked(&app, "q=a_").await, ["a_b"]);
    for q in ["%25", "_", "a%25", "!", "a!_", "'", "%5C", "a%5C_", "*", "a?"] {
        assert_eq!(walked(&app, &format!("q={q}")).await, [""; 0], "{q}");
    }
}

async fn ids_and_times_choose_users(app: TestApp) {
    add(&app, 1..=300).await;
    let ids =
        |users: Vec<Value>| users.iter().map(|user| user["user_id"].as_u64().unwrap()).collect::<Vec<_>>();
    assert_eq!(ids(walk(&app, "ids=3,1,2,2,99999,4294967296&page_size=2").await), [1, 2, 3]);
    assert_eq!(ids(walk(&app, "ids=3,1,2&sort=-user_id&page_size=1").await), [3, 2, 1]);
    let between = "created_after=2024-01-15T10:30:01Z&created_before=2024-01-15T10:30:04Z";
    for sort in SORTS {
        let mut found = ids(walk(&app, &format!("{between}&sort={sort}&page_size=33")).await);
        found.sort_unstable();
        assert_eq!(found, (100..=199).collect::<Vec<_>>(), "{sort}");
    }
    assert_eq!(ids(walk(&app, "created_after=2024-01-15T10:30:05.5Z").await), [300]);
    assert_eq!(ids(walk(&app, "created_before=1970-01-01T00:00:00Z&sort=created_at").await), [0; 0]);
    assert_eq!(ids(walk(&app, "created_after=2999-01-01T00:00:00Z").await), [0; 0]);
    assert_eq!(ids(walk(&app, "created_before=9999-12-31T23:59:59Z&page_size=100").await).len(), 300);
}

async fn filters_combine_with_every_order(app: TestApp) {
    add(&app, 1..=300).await;
    let all = walk(&app, "page_size=100").await;
    let mut expected: Vec<&Value> = all
        .iter()
        .filter(|user| {
            let id = user["user_id"].as_u64().unwrap();
            user["username"].as_str().unwrap().to_lowercase().starts_with("name0") && (60..=200).contains(&id)
        })
        .collect();
    assert!(expected.len() > 10);
    let ids: Vec<String> = (150..=249).map(|id: u32| id.to_string()).collect();
    let times = "created_after=2024-01-15T10:30:00Z&created_before=2024-01-15T10:30:05Z";
    for sort in SORTS {
        expected.sort_by_key(|user| key(user, sort));
        if sort.starts_with('-') {
            expected.reverse();
        }
        let found = walk(&app, &format!("q=NAME0&{times}&sort={sort}&page_size=7")).await;
        let expected: Vec<_> = expected.iter().map(|user| (*user).clone()).collect();
        let until_200: Vec<_> = found
            .into_iter()
            .filter(|user| (60..=200).contains(&user["user_id"].as_u64().unwrap()))
            .collect();
        assert_eq!(until_200, expected, "{sort}");
        let few = walk(&app, &format!("ids={}&q=name0&sort={sort}&page_size=7", ids.join(","))).await;
        let of_ids: Vec<_> = all
            .iter()
            .filter(|user| {
                user["username"].as_str().unwrap().to_lowercase().starts_with("name0")
                    && (150..=249).contains(&user["user_id"].as_u64().unwrap())
            })
            .collect();
        assert_eq!(few.len(), of_ids.len(), "{sort}");
    }
}

async fn what_is_too_much_to_gather_is_walked_through(app: TestApp) {
    // More than are gathered, so that pages come from the index of the order and end where so many have been looked at.
    for part in 0..5_u32 {
        let rows: Vec<String> = (1..=5_000_u32)
            .map(|n| {
                let n = part * 5_000 + n;
                let name = if n <= 12_000 { format!("many{n:05}") } else { format!("other{n:05}") };
                format!("('{name}', 'e{n}@example.com', null, '2024-01-15T10:30:00Z')")
            })
            .collect();
        let rows = rows.join(", ").replace(
            "T10:30:00Z",
            if matches!(app.database, crate::harness::databases::TestDatabase::Sqlite(_)) {
                "T10:30:00Z"
            } else {
                " 10:30:00"
            },
        );
        app.database
            .execute(&format!("insert into users (username, email, full_name, created_at) values {rows}"))
            .await;
    }
    for sort in ["-user_id", "created_at", "-username", "email"] {
        let (mut ids, mut pages, mut path) =
            (BTreeSet::new(), 0, Some(format!("/users?q=many&sort={sort}&page_size=100&after=")));
        while let Some(page) = path {
            let answer = app.get(&page).await;
            ids.extend(
                answer.json()["users"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|user| user["user_id"].as_u64().unwrap()),
            );
            path = next(&answer);
            pages += 1;
        }
        assert_eq!(ids.len(), 12_000, "{sort}");
        assert!((120..=125).contains(&pages), "{sort}: {pages}");
    }
    // Nobody among the first ten thousand: the page is empty, and there is a next one.
    let empty = app.get("/users?q=many&sort=-user_id&after=").await;
    assert_eq!(names(&empty), [""; 0]);
    assert!(next(&empty).is_some());
    assert_eq!(app.get("/users?q=many&total=true&after=").await.json()["total"], Value::Null);
}

async fn a_total_is_counted_on_request(app: TestApp) {
    add(&app, 1..=30).await;
    let total = async |query: &str| app.get(&format!("/users?{query}&after=")).await.json()["total"].clone();
    assert_eq!(total("total=false").await, Value::Null);
    assert_eq!(total("total=true").await, 30);
    assert_eq!(total("total=true&q=full_1&page_size=1").await, 11);
    assert_eq!(total("total=true&ids=1,2,99").await, 2);
    assert_eq!(total("total=true&sort=created_at&created_before=2024-01-15T10:30:01Z").await, 30);
}

async fn status_role_and_proof_choose_users(app: AccountsApp) {
    for name in ["ada", "bob", "eve", "mia"] {
        app.person(name, &["users:read"]).await;
    }
    app.database
        .execute(
            "insert into roles (role, description, permissions) values ('support', '', '');
             insert into user_roles (user_id, role) select user_id, 'support' from users where username in ('ada', 'bob', 'mia');
             update accounts set status = 'disabled' where user_id in (select user_id from users where username in ('bob', 'eve'));
             insert into proved_addresses (user_id, email, proved_at) select user_id, upper(email), 1 from users where username = 'ada';
             insert into proved_addresses (user_id, email, proved_at) select user_id, 'old@example.com', 1 from users where username = 'bob'",
        )
        .await;
    let root = app.root().await;
    for (query, expected) in [
        ("status=disabled", &["bob", "eve"][..]),
        ("status=active", &["root", "ada", "mia"]),
        ("role=support", &["ada", "bob", "mia"]),
        ("role=support&status=disabled", &["bob"]),
        ("role=support&status=active&sort=-username", &["mia", "ada"]),
        ("status=disabled&sort=-email", &["eve", "bob"]),
        ("role=support&sort=-created_at", &["mia", "bob", "ada"]),
        ("role=support&sort=-user_id", &["mia", "bob", "ada"]),
        ("email_verified=true", &["root", "ada"]),
        ("email_verified=false&role=support", &["bob", "mia"]),
        ("email_verified=false&status=disabled&q=b", &["bob"]),
        ("role=nobody", &[]),
        ("role=support&ids=2,3&email_verified=false", &["bob"]),
    ] {
        let (mut found, mut path) = (Vec::new(), Some(format!("/users?{query}&page_size=1&after=")));
        while let Some(page) = path {
            let answer = root.get(&page).await;
            found.extend(names(&answer));
            path = next(&answer);
        }
        assert_eq!(found, expected, "{query}");
    }
    root.get("/users?after=&status=locked&role=A&email_verified=1").await.assert_field_errors(&[
        ("status", "invalid_format"),
        ("role", "too_short"),
        ("email_verified", "invalid_format"),
    ]);
}

async fn a_caller_needs_to_see_accounts(app: AccountsApp) {
    let reader = app.person("reader", &["users:read"]).await;
    let first = reader.get("/users?after=&page_size=1").await;
    assert_eq!(names(&first), ["root"]);
    for query in ["status=active", "role=admin", "email_verified=true"] {
        let refused = reader.get(&format!("/users?after=&{query}")).await.assert_problem(403, "forbidden");
        assert!(refused["detail"].as_str().unwrap().contains("accounts:read"), "{refused}");
    }
    assert_eq!(app.call(Method::GET, "/users?after=", None).await.status, 401);
    // A cursor of a service without keys is none here.
    let open = TestApp::on_sqlite().await;
    open.user("ada").await;
    open.user("bob").await;
    let cursor = open.get("/users?after=&page_size=1").await.json()["next"].as_str().unwrap().to_owned();
    reader.get(&format!("/users?after={cursor}")).await.assert_field_errors(&[("after", "invalid_cursor")]);
}

#[tokio::test]
async fn a_cursor_that_is_not_of_this_list_is_refused() {
    let app = TestApp::on_sqlite().await;
    app.user("ada").await;
    app.user("bob").await;
    let cursor = app.get("/users?after=&page_size=1&q=a&sort=email").await;
    assert_eq!(next(&cursor), None);
    let first = app.get("/users?after=&page_size=1&sort=email").await;
    let cursor = first.json()["next"].as_str().unwrap().to_owned();
    for query in ["", "sort=-email", "sort=email&q=a", "sort=email&ids=1"] {
        app.get(&format!("/users?{query}&after={cursor}"))
            .await
            .assert_field_errors(&[("after", "cursor_mismatch")]);
    }
    assert_eq!(names(&app.get(&format!("/users?sort=email&page_size=50&after={cursor}")).await), ["bob"]);
    let damaged = format!("{}A", &cursor[..cursor.len() - 2]);
    for cursor in ["x", "AAAA", "%00", &damaged, &"A".repeat(5_000)] {
        app.get(&format!("/users?sort=email&after={cursor}"))
            .await
            .assert_field_errors(&[("after", "invalid_cursor")]);
    }
}

#[tokio::test]
async fn everything_that_is_wrong_is_told_at_once() {
    let app = TestApp::on_sqlite().await;
    let query =
        "after=x&page=1&username=ada&page_size=0&q=&ids=0&created_after=x&created_before=y&sort=z&total=1";
    app.get(&format!("/users?{query}")).await.assert_field_errors(&[
        ("after", "invalid_cursor"),
        ("page", "not_with_after"),
        ("username", "not_with_after"),
        ("page_size", "out_of_range"),
        ("q", "too_short"),
        ("ids", "invalid_format"),
        ("created_after", "invalid_format"),
        ("created_before", "invalid_format"),
        ("sort", "invalid_format"),
        ("total", "invalid_format"),
    ]);
    app.get("/users?after=&q=a%00&ids=1,")
        .await
        .assert_field_errors(&[("q", "invalid_characters"), ("ids", "invalid_format")]);
    app.get("/users?after=&status=active&role=admin&email_verified=true").await.assert_field_errors(&[
        ("status", "accounts_off"),
        ("role", "accounts_off"),
        ("email_verified", "accounts_off"),
    ]);
}

#[tokio::test]
async fn without_after_a_filter_is_ignored_as_any_unknown_parameter() {
    let app = TestApp::on_sqlite().await;
    app.user("ada").await;
    let plain = app.get("/users").await;
    let same = app.get("/users?q=nobody&sort=x&ids=y&total=z&status=w").await;
    assert_eq!((same.text(), same.header("link")), (plain.text(), ""));
}

#[tokio::test]
async fn a_strict_service_refuses_unknown_parameters_by_name() {
    let app = TestApp::on_sqlite().await.configured(|state| state.strict_query = StrictQuery(true)).await;
    assert_eq!(app.get("/users?page=1&page_size=5").await.status, 200);
    assert_eq!(app.get("/users?after=&sort=email&q=a").await.status, 200);
    app.get("/users?q=a&Page=2&filter=x&page=0").await.assert_field_errors(&[
        ("q", "needs_after"),
        ("page", "out_of_range"),
        ("Page", "unknown"),
        ("filter", "unknown"),
    ]);
    app.get("/users?after=&nonsense").await.assert_field_errors(&[("nonsense", "unknown")]);
    assert_eq!(app.send(request(Method::HEAD, "/users?nonsense")).await.status, 422);
}
