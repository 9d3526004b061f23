//! What every store promises, whatever the database: one suite, run over each.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::task::JoinSet;
use users_service::field::Change;
use users_service::http::Page;
use users_service::store::Store;
use users_service::users::{
    Email, Error, FullName, NewUser, UniqueField, User, UserChanges, UserId, Username,
};

use crate::test_app::{TestApp, on_every_database};

on_every_database! {
    a_user_is_read_as_it_was_written,
    an_unknown_user_is_none,
    a_taken_username_is_told_by_its_field,
    a_taken_email_is_told_by_its_field,
    a_value_that_names_a_key_does_not_mislead,
    the_keys_ignore_the_case_of_ascii_letters,
    the_keys_tell_apart_all_that_a_username_may_hold,
    an_update_keeps_clears_and_sets,
    an_update_may_take_nobody_elses_name,
    a_delete_tells_whether_there_was_a_user,
    a_listing_is_ordered_and_counted,
    any_page_can_be_asked_for,
    ids_grow,
    of_equal_creates_at_once_one_wins,
    readers_and_writers_do_not_disturb_each_other,
}

fn new_user(username: &str, email: &str) -> NewUser {
    NewUser {
        username: Username::parse(username).unwrap(),
        email: Email::parse(email).unwrap(),
        full_name: None,
    }
}

fn a_time() -> DateTime<Utc> {
    "2024-02-29T23:59:59Z".parse().unwrap()
}

async fn create(store: &dyn Store, username: &str) -> UserId {
    let user = new_user(username, &format!("{username}@example.com"));
    store.create(&user, a_time()).await.unwrap()
}

/// The field that a refusal names.
#[track_caller]
fn taken<T: std::fmt::Debug>(result: Result<T, Error>) -> UniqueField {
    match result.unwrap_err() {
        Error::Taken(field) => field,
        error => panic!("{error:?}"),
    }
}

fn unknown() -> UserId {
    UserId::from_database(4_294_967_295).unwrap()
}

async fn a_user_is_read_as_it_was_written(app: TestApp) {
    let user = NewUser {
        full_name: Some(FullName::parse("Ada 😀 Løvelace").unwrap()),
        ..new_user("Ada.L", "Ada+x@example.com")
    };
    let id = app.store.create(&user, a_time()).await.unwrap();
    let expected = User {
        id,
        username: "Ada.L".to_owned(),
        email: "Ada+x@example.com".to_owned(),
        full_name: Some("Ada 😀 Løvelace".to_owned()),
        created_at: a_time(),
    };
    assert_eq!(app.store.get(id).await.unwrap(), Some(expected.clone()));
    assert_eq!(app.store.find_by_username("ada.l").await.unwrap(), Some(expected.clone()));
    assert_eq!(app.store.find_by_email("ADA+X@EXAMPLE.COM").await.unwrap(), Some(expected));
}

async fn an_unknown_user_is_none(app: TestApp) {
    let changes = UserChanges { full_name: Change::Clear, ..UserChanges::default() };
    assert_eq!(app.store.get(unknown()).await.unwrap(), None);
    assert_eq!(app.store.update(unknown(), &changes).await.unwrap(), None);
    assert_eq!(app.store.find_by_username("nobody").await.unwrap(), None);
    assert_eq!(app.store.find_by_email("nobody@example.com").await.unwrap(), None);
}

async fn a_taken_username_is_told_by_its_field(app: TestApp) {
    create(&*app.store, "ada").await;
    let again = new_user("ada", "other@example.com");
    assert_eq!(taken(app.store.create(&again, a_time()).await), UniqueField::Username);
}

async fn a_taken_email_is_told_by_its_field(app: TestApp) {
    create(&*app.store, "ada").await;
    let again = new_user("other", "ada@example.com");
    assert_eq!(taken(app.store.create(&again, a_time()).await), UniqueField::Email);
}

async fn a_value_that_names_a_key_does_not_mislead(app: TestApp) {
    for (number, text) in ["users.idx_email", "for.key.idx_email", "idx_email"].into_iter().enumerate() {
        let first = new_user(text, &format!("a{number}@example.com"));
        app.store.create(&first, a_time()).await.unwrap();
        let again = new_user(text, &format!("b{number}@example.com"));
        assert_eq!(taken(app.store.create(&again, a_time()).await), UniqueField::Username);
    }
    let first = new_user("ada", "'idx_username'@idx-username.com");
    app.store.create(&first, a_time()).await.unwrap();
    let again = new_user("bob", "'idx_username'@idx-username.com");
    assert_eq!(taken(app.store.create(&again, a_time()).await), UniqueField::Email);
}

async fn the_keys_ignore_the_case_of_ascii_letters(app: TestApp) {
    create(&*app.store, "abcdefghijklmnopqrstuvwxyz").await;
    let again = new_user("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "other@example.com");
    assert_eq!(taken(app.store.create(&again, a_time()).await), UniqueField::Username);
}

async fn the_keys_tell_apart_all_that_a_username_may_hold(app: TestApp) {
    let names = ["a.b", "a_b", "a-b", "a..b", "ab0", "ab00", "a0b", "aob"];
    for (number, name) in names.into_iter().enumerate() {
        let user = new_user(name, &format!("user{number}@example.com"));
        app.store.create(&user, a_time()).await.unwrap();
    }
    for name in names {
        assert_eq!(app.store.find_by_username(name).await.unwrap().unwrap().username, name);
    }
    for local_part in
        ["!", "#", "$", "%", "&", "'", "*", "+", "/", "=", "?", "^", "_", "`", "{", "|", "}", "~", "-"]
    {
        let email = format!("a{local_part}b@example.com");
        let id = app.store.create(&new_user(&format!("n{}", email.as_bytes()[1]), &email), a_time()).await;
        assert_eq!(app.store.find_by_email(&email).await.unwrap().unwrap().id, id.unwrap(), "{email}");
    }
}

async fn an_update_keeps_clears_and_sets(app: TestApp) {
    let id = create(&*app.store, "ada").await;
    let set = UserChanges {
        full_name: Change::Set(FullName::parse("Ada").unwrap()),
        email: Some(Email::parse("new@example.com").unwrap()),
        ..UserChanges::default()
    };
    let user = app.store.update(id, &set).await.unwrap().unwrap();
    assert_eq!((user.username.as_str(), user.email.as_str()), ("ada", "new@example.com"));
    assert_eq!(user.full_name.as_deref(), Some("Ada"));
    let kept = app.store.update(id, &UserChanges::default()).await.unwrap().unwrap();
    assert_eq!(kept, user);
    let clear = UserChanges { full_name: Change::Clear, ..UserChanges::default() };
    let cleared = app.store.update(id, &clear).await.unwrap().unwrap();
    assert_eq!(cleared, User { full_name: None, ..user });
    // An update that changes nothing finds its user all the same.
    assert_eq!(app.store.update(id, &clear).await.unwrap(), Some(cleared));
}

async fn an_update_may_take_nobody_elses_name(app: TestApp) {
    create(&*app.store, "ada").await;
    let id = create(&*app.store, "bob").await;
    let username = UserChanges { username: Some(Username::parse("ADA").unwrap()), ..UserChanges::default() };
    assert_eq!(taken(app.store.update(id, &username).await), UniqueField::Username);
    let email = Some(Email::parse("ADA@example.com").unwrap());
    let email = UserChanges { email, ..UserChanges::default() };
    assert_eq!(taken(app.store.update(id, &email).await), UniqueField::Email);
    assert_eq!(app.store.get(id).await.unwrap().unwrap().username, "bob");
}

async fn a_delete_tells_whether_there_was_a_user(app: TestApp) {
    let id = create(&*app.store, "ada").await;
    assert!(app.store.delete(id).await.unwrap());
    assert!(!app.store.delete(id).await.unwrap());
    assert!(!app.store.delete(unknown()).await.unwrap());
    assert_eq!(app.store.get(id).await.unwrap(), None);
}

async fn a_listing_is_ordered_and_counted(app: TestApp) {
    for name in ["zoe", "ada", "mia"] {
        create(&*app.store, name).await;
    }
    let listing = app.store.list(Page { number: 1, size: 2 }).await.unwrap();
    let names: Vec<_> = listing.users.iter().map(|user| user.username.as_str()).collect();
    assert_eq!((names.as_slice(), listing.total), (["zoe", "ada"].as_slice(), 3));
    let listing = app.store.list(Page { number: 2, size: 2 }).await.unwrap();
    assert_eq!((listing.users[0].username.as_str(), listing.users.len(), listing.total), ("mia", 1, 3));
}

async fn any_page_can_be_asked_for(app: TestApp) {
    let empty = app.store.list(Page { number: 1, size: 10 }).await.unwrap();
    assert_eq!((empty.users.len(), empty.total), (0, 0));
    create(&*app.store, "ada").await;
    for number in [2, 1 << 31, 1 << 32, 1 << 62, Page::MAX_NUMBER] {
        let listing = app.store.list(Page { number, size: Page::MAX_SIZE }).await.unwrap();
        assert_eq!((listing.users.len(), listing.total), (0, 1), "{number}");
    }
}

async fn ids_grow(app: TestApp) {
    let first = create(&*app.store, "ada").await;
    app.store.delete(first).await.unwrap();
    let second = create(&*app.store, "ada").await;
    assert!(second > first);
}

async fn of_equal_creates_at_once_one_wins(app: TestApp) {
    let mut creates = JoinSet::new();
    for _ in 0..16 {
        let store = Arc::clone(&app.store);
        creates.spawn(async move { store.create(&new_user("ada", "ada@example.com"), a_time()).await });
    }
    let (winners, refused): (Vec<_>, Vec<_>) = creates.join_all().await.into_iter().partition(Result::is_ok);
    assert_eq!((winners.len(), refused.len()), (1, 15));
    for result in refused {
        taken(result);
    }
}

async fn readers_and_writers_do_not_disturb_each_other(app: TestApp) {
    let mut tasks = JoinSet::new();
    for writer in 0..8 {
        let store = Arc::clone(&app.store);
        tasks.spawn(async move {
            for number in 0..8 {
                create(&*store, &format!("user-{writer}-{number}")).await;
            }
        });
        let store = Arc::clone(&app.store);
        tasks.spawn(async move {
            for _ in 0..8 {
                let listing = store.list(Page { number: 1, size: 100 }).await.unwrap();
                // Page and total are of one moment.
                assert_eq!(listing.users.len() as u64, listing.total);
            }
        });
    }
    tasks.join_all().await;
    assert_eq!(app.store.list(Page { number: 1, size: 1 }).await.unwrap().total, 64);
}
