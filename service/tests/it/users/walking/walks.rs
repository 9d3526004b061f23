//! Walks as such: their orders, their pages, their ends.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{SORTS, add, arrange, id, ids, insert, names, next, pages, stored, users, walk};
use crate::harness::test_app::{TestApp, on_every_database};

on_every_database! {
    a_walk_sees_everybody_once_in_every_order_while_others_come_and_go,
    a_page_links_to_the_next_and_the_last_does_not,
    what_is_too_much_to_gather_is_walked_through,
    a_total_is_counted_on_request,
}

async fn a_walk_sees_everybody_once_in_every_order_while_others_come_and_go(app: TestApp) {
    add(&app, 1..=1_200).await;
    let mut coming = 2_000;
    for sort in SORTS {
        let before = BTreeSet::from_iter(ids(&walk(&app, "page_size=100").await));
        let (mut seen, mut path) = (Vec::new(), Some(format!("/users?sort={sort}&page_size=90&after=")));
        while let Some(page) = path {
            let answer = app.get(&page).await;
            seen.extend(users(&answer));
            path = next(&answer);
            // One comes; of those seen, the very last goes, whose place the cursor is.
            coming += 1;
            add(&app, coming..=coming).await;
            app.delete(&format!("/users/{}", id(seen.last().unwrap()))).await;
        }
        let mut expected = seen.clone();
        arrange(&mut expected, sort);
        assert_eq!(seen, expected, "{sort}");
        let seen_ids = BTreeSet::from_iter(ids(&seen));
        assert_eq!(seen_ids.len(), seen.len(), "{sort}: somebody was seen twice");
        assert!(before.is_subset(&seen_ids), "{sort}: somebody was not seen");
    }
}

/// A file of SQLite may have rows that the service would refuse.
#[tokio::test]
async fn a_walk_goes_past_a_name_of_any_length() {
    let app = TestApp::on_sqlite().await;
    let rows = ["a", "b"].map(|name| {
        let (name, time) = (name.repeat(5_000), stored(&app, "2024-01-15 10:30:00"));
        format!("('{name}', '{name}@example.com', null, '{time}')")
    });
    insert(&app, rows.into_iter()).await;
    for sort in SORTS {
        assert_eq!(walk(&app, &format!("page_size=1&sort={sort}")).await.len(), 2, "{sort}");
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

async fn what_is_too_much_to_gather_is_walked_through(app: TestApp) {
    // More than are gathered, so that pages come from the index of the order and end where so many have been looked at.
    let time = stored(&app, "2024-01-15 10:30:00");
    let row = |n: u32| {
        let name = if n <= 12_000 { "many" } else { "other" };
        format!("('{name}{n:05}', 'e{n}@example.com', null, '{time}')")
    };
    insert(&app, (1..=25_000).map(row)).await;
    for sort in ["-user_id", "created_at", "-username", "email"] {
        let pages = pages(&app, &format!("q=many&sort={sort}&page_size=100")).await;
        assert!((120..=125).contains(&pages.len()), "{sort}: {}", pages.len());
        let seen: Vec<Value> = pages.concat();
        assert_eq!((seen.len(), BTreeSet::from_iter(ids(&seen)).len()), (12_000, 12_000), "{sort}");
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
