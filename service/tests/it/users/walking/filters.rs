//! Filters: whom each finds, and how they combine.

use serde_json::Value;

use super::{SORTS, add, arrange, id, ids, name, names, next, walk};
use crate::harness::accounts::AccountsApp;
use crate::harness::test_app::{TestApp, on_every_database};

on_every_database! {
    users_are_found_by_the_beginning_of_any_of_their_names,
    wildcards_are_letters,
    ids_and_times_choose_users,
    filters_combine_with_every_order,
}

mod accounts {
    use super::status_role_and_proof_choose_users;
    use crate::harness::accounts::with_accounts_on_every_database;

    with_accounts_on_every_database! { status_role_and_proof_choose_users }
}

async fn found(app: &TestApp, query: &str) -> Vec<String> {
    walk(app, query).await.iter().map(name).collect()
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
            assert_eq!(found(&app, &format!("q={q}&sort={sort}&page_size=2")).await, expected, "{q} {sort}");
        }
    }
    assert_eq!(found(&app, "q=ada%20l").await, ["bob"]);
    assert_eq!(found(&app, "q=%E2%80%8B").await, [""; 0]);
}

async fn wildcards_are_letters(app: TestApp) {
    app.user("a_b").await;
    app.user("axb").await;
    assert_eq!(found(&app, "q=a_").await, ["a_b"]);
    for q in ["%25", "_", "a%25", "!", "a!_", "'", "%5C", "a%5C_", "*", "a?"] {
        assert_eq!(found(&app, &format!("q={q}")).await, [""; 0], "{q}");
    }
}

async fn ids_and_times_choose_users(app: TestApp) {
    add(&app, 1..=300).await;
    let found = async |query: &str| ids(&walk(&app, query).await);
    assert_eq!(found("ids=3,1,2,2,99999,4294967296&page_size=2").await, [1, 2, 3]);
    assert_eq!(found("ids=3,1,2&sort=-user_id&page_size=1").await, [3, 2, 1]);
    let between = "created_after=2024-01-15T10:30:01Z&created_before=2024-01-15T10:30:04Z";
    for sort in SORTS {
        let mut found = found(&format!("{between}&sort={sort}&page_size=33")).await;
        found.sort_unstable();
        assert_eq!(found, (100..=199).collect::<Vec<_>>(), "{sort}");
    }
    assert_eq!(found("created_after=2024-01-15T10:30:05.5Z").await, [300]);
    assert_eq!(found("created_before=1970-01-01T00:00:00Z&sort=created_at").await, [0; 0]);
    assert_eq!(found("created_after=2999-01-01T00:00:00Z").await, [0; 0]);
    assert_eq!(found("created_before=9999-12-31T23:59:59Z&page_size=100").await.len(), 300);
}

async fn filters_combine_with_every_order(app: TestApp) {
    add(&app, 1..=300).await;
    let mut all = walk(&app, "page_size=100").await;
    all.retain(|user| name(user).to_lowercase().starts_with("name0"));
    let among = |first: u64, last: u64| -> Vec<Value> {
        all.iter().filter(|user| (first..=last).contains(&id(user))).cloned().collect()
    };
    let (mut of_times, mut of_ids) = (among(50, 249), among(150, 249));
    assert!(of_ids.len() > 10);
    let times = "created_after=2024-01-15T10:30:00Z&created_before=2024-01-15T10:30:05Z";
    let some = (150..=249).map(|id: u64| id.to_string()).collect::<Vec<_>>().join(",");
    for sort in SORTS {
        arrange(&mut of_times, sort);
        assert_eq!(walk(&app, &format!("q=NAME0&{times}&sort={sort}&page_size=7")).await, of_times, "{sort}");
        arrange(&mut of_ids, sort);
        assert_eq!(
            walk(&app, &format!("q=name0&ids={some}&sort={sort}&page_size=7")).await,
            of_ids,
            "{sort}"
        );
    }
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
        let total = root.get(&format!("/users?{query}&total=true&after=")).await.json()["total"].clone();
        assert_eq!(total, expected.len(), "{query}");
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
