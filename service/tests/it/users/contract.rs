//! The contract of the use cases of the users: one suite, run over every database.

use tokio::task::JoinSet;
use users_service::field::Change;
use users_service::page::Page;
use users_service::user_id::UserId;
use users_service::users::{
    Email, Error, FullName, Lookup, NewUser, Service, Taken, User, UserChanges, Username,
};

use crate::harness::test_app::{TestApp, on_every_database};

on_every_database! {
    a_user_is_read_as_it_was_written,
    an_unknown_user_is_not_found,
    a_taken_username_is_reported_by_its_field,
    a_taken_email_is_reported_by_its_field,
    both_are_reported_if_both_are_taken,
    a_key_that_nobody_expects_is_an_internal_error_without_its_value,
    a_value_that_names_a_key_does_not_mislead,
    the_keys_ignore_the_case_of_ascii_letters,
    the_keys_distinguish_all_that_a_username_may_hold,
    an_update_keeps_clears_and_sets,
    an_update_may_not_take_the_name_of_another_user,
    a_delete_reports_whether_there_was_a_user,
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

async fn create(users: &Service, username: &str) -> UserId {
    let user = new_user(username, &format!("{username}@example.com"));
    users.create(user).await.unwrap().id
}

async fn by_username(users: &Service, username: &str) -> Option<User> {
    look_up(users, Lookup::new(Some(username.to_owned()), None)).await
}

async fn by_email(users: &Service, email: &str) -> Option<User> {
    look_up(users, Lookup::new(None, Some(email.to_owned()))).await
}

async fn look_up(users: &Service, lookup: Option<Lookup>) -> Option<User> {
    let listing = users.look_up(&lookup.unwrap(), Page { number: 1, size: 2 }).await.unwrap();
    assert_eq!(listing.users.len() as u64, listing.total);
    listing.users.into_iter().next()
}

const USERNAME: Taken = Taken { username: true, email: false };
const EMAIL: Taken = Taken { username: false, email: true };
const BOTH: Taken = Taken { username: true, email: true };

/// The fields that a refusal names.
#[track_caller]
fn taken<T: std::fmt::Debug>(result: Result<T, Error>) -> Taken {
    match result.unwrap_err() {
        Error::Taken(taken) => taken,
        error => panic!("{error:?}"),
    }
}

#[track_caller]
fn assert_not_found<T: std::fmt::Debug>(result: &Result<T, Error>) {
    assert!(matches!(result, Err(Error::NotFound)), "{result:?}");
}

fn unknown() -> UserId {
    UserId::try_from(4_294_967_295_u64).unwrap()
}

async fn a_user_is_read_as_it_was_written(app: TestApp) {
    let user = NewUser {
        full_name: Some(FullName::parse("Ada 😀 Løvelace").unwrap()),
        ..new_user("Ada.L", "Ada+x@example.com")
    };
    let created = app.users.create(user).await.unwrap();
    let expected = User {
        id: created.id,
        username: "Ada.L".to_owned(),
        email: "Ada+x@example.com".to_owned(),
        full_name: Some("Ada 😀 Løvelace".to_owned()),
        created_at: "2024-01-15T10:30:00Z".parse().unwrap(),
    };
    assert_eq!(created, expected);
    assert_eq!(app.users.get(expected.id).await.unwrap(), expected);
    assert_eq!(by_username(&app.users, "ada.l").await, Some(expected.clone()));
    assert_eq!(by_email(&app.users, "ADA+X@EXAMPLE.COM").await, Some(expected));
}

async fn an_unknown_user_is_not_found(app: TestApp) {
    let changes = UserChanges { full_name: Change::Clear, ..UserChanges::default() };
    assert_not_found(&app.users.get(unknown()).await);
    assert_not_found(&app.users.update(None, unknown(), &changes, None).await);
    assert_not_found(&app.users.delete(None, unknown(), None).await);
    assert_eq!(by_username(&app.users, "nobody").await, None);
    assert_eq!(by_email(&app.users, "nobody@example.com").await, None);
}

async fn a_taken_username_is_reported_by_its_field(app: TestApp) {
    create(&app.users, "ada").await;
    let again = new_user("ada", "other@example.com");
    assert_eq!(taken(app.users.create(again).await), USERNAME);
}

async fn a_taken_email_is_reported_by_its_field(app: TestApp) {
    create(&app.users, "ada").await;
    let again = new_user("other", "ada@example.com");
    assert_eq!(taken(app.users.create(again).await), EMAIL);
}

async fn both_are_reported_if_both_are_taken(app: TestApp) {
    let ada = create(&app.users, "ada").await;
    let bob = create(&app.users, "bob").await;
    for again in [new_user("ada", "ada@example.com"), new_user("BOB", "Ada@Example.com")] {
        assert_eq!(taken(app.users.create(again).await), BOTH);
    }
    let both = |username: &str, email: &str| UserChanges {
        username: Some(Username::parse(username).unwrap()),
        email: Some(Email::parse(email).unwrap()),
        ..UserChanges::default()
    };
    assert_eq!(taken(app.users.update(None, bob, &both("ada", "ada@example.com"), None).await), BOTH);
    // A user's own value is not taken.
    assert_eq!(taken(app.users.update(None, bob, &both("bob", "ada@example.com"), None).await), EMAIL);
    assert_eq!(taken(app.users.update(None, ada, &both("bob", "ada@example.com"), None).await), USERNAME);
}

async fn a_key_that_nobody_expects_is_an_internal_error_without_its_value(app: TestApp) {
    app.database.execute("create unique index idx_of_a_stranger on users (full_name)").await;
    let user = |username: &str| NewUser {
        full_name: Some(FullName::parse("Ada Lovelace").unwrap()),
        ..new_user(username, &format!("{username}@example.com"))
    };
    app.users.create(user("ada")).await.unwrap();
    let error = app.users.create(user("bob")).await.unwrap_err();
    // What is logged is made of this.
    let shown = format!("{error} {error:?} {}", users_service::error_chain::chain(&error));
    assert!(shown.contains("the unique key idx_") && !shown.contains("Lovelace"), "{shown}");
    let body =
        serde_json::json!({"username": "eve", "email": "eve@example.com", "full_name": "Ada Lovelace"});
    app.post("/users", body).await.assert_problem(500, "internal");
}

async fn a_value_that_names_a_key_does_not_mislead(app: TestApp) {
    for (number, text) in ["users.idx_email", "for.key.idx_email", "idx_email"].into_iter().enumerate() {
        let first = new_user(text, &format!("a{number}@example.com"));
        app.users.create(first).await.unwrap();
        let again = new_user(text, &format!("b{number}@example.com"));
        assert_eq!(taken(app.users.create(again).await), USERNAME);
    }
    let first = new_user("ada", "'idx_username'@idx-username.com");
    app.users.create(first).await.unwrap();
    let again = new_user("bob", "'idx_username'@idx-username.com");
    assert_eq!(taken(app.users.create(again).await), EMAIL);
}

async fn the_keys_ignore_the_case_of_ascii_letters(app: TestApp) {
    create(&app.users, "abcdefghijklmnopqrstuvwxyz").await;
    let again = new_user("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "other@example.com");
    assert_eq!(taken(app.users.create(again).await), USERNAME);
}

async fn the_keys_distinguish_all_that_a_username_may_hold(app: TestApp) {
    let names = ["a.b", "a_b", "a-b", "a..b", "ab0", "ab00", "a0b", "aob"];
    for (number, name) in names.into_iter().enumerate() {
        let user = new_user(name, &format!("user{number}@example.com"));
        app.users.create(user).await.unwrap();
    }
    for name in names {
        assert_eq!(by_username(&app.users, name).await.unwrap().username, name);
    }
    for local_part in
        ["!", "#", "$", "%", "&", "'", "*", "+", "/", "=", "?", "^", "_", "`", "{", "|", "}", "~", "-"]
    {
        let email = format!("a{local_part}b@example.com");
        let created = app.users.create(new_user(&format!("n{}", email.as_bytes()[1]), &email)).await;
        assert_eq!(by_email(&app.users, &email).await.unwrap().id, created.unwrap().id, "{email}");
    }
}

async fn an_update_keeps_clears_and_sets(app: TestApp) {
    let id = create(&app.users, "ada").await;
    let set = UserChanges {
        full_name: Change::Set(FullName::parse("Ada").unwrap()),
        email: Some(Email::parse("new@example.com").unwrap()),
        ..UserChanges::default()
    };
    let user = app.users.update(None, id, &set, None).await.unwrap();
    assert_eq!((user.username.as_str(), user.email.as_str()), ("ada", "new@example.com"));
    assert_eq!(user.full_name.as_deref(), Some("Ada"));
    let kept = app.users.update(None, id, &UserChanges::default(), None).await.unwrap();
    assert_eq!(kept, user);
    let clear = UserChanges { full_name: Change::Clear, ..UserChanges::default() };
    let cleared = app.users.update(None, id, &clear, None).await.unwrap();
    assert_eq!(cleared, User { full_name: None, ..user });
    // An update that changes nothing finds its user all the same.
    assert_eq!(app.users.update(None, id, &clear, None).await.unwrap(), cleared);
}

async fn an_update_may_not_take_the_name_of_another_user(app: TestApp) {
    create(&app.users, "ada").await;
    let id = create(&app.users, "bob").await;
    let username = UserChanges { username: Some(Username::parse("ADA").unwrap()), ..UserChanges::default() };
    assert_eq!(taken(app.users.update(None, id, &username, None).await), USERNAME);
    let email = Some(Email::parse("ADA@example.com").unwrap());
    let email = UserChanges { email, ..UserChanges::default() };
    assert_eq!(taken(app.users.update(None, id, &email, None).await), EMAIL);
    assert_eq!(app.users.get(id).await.unwrap().username, "bob");
}

async fn a_delete_reports_whether_there_was_a_user(app: TestApp) {
    let id = create(&app.users, "ada").await;
    app.users.delete(None, id, None).await.unwrap();
    assert_not_found(&app.users.delete(None, id, None).await);
    assert_not_found(&app.users.get(id).await);
}

async fn a_listing_is_ordered_and_counted(app: TestApp) {
    for name in ["zoe", "ada", "mia"] {
        create(&app.users, name).await;
    }
    let listing = app.users.list(Page { number: 1, size: 2 }).await.unwrap();
    let names: Vec<_> = listing.users.iter().map(|user| user.username.as_str()).collect();
    assert_eq!((names.as_slice(), listing.total), (["zoe", "ada"].as_slice(), 3));
    let listing = app.users.list(Page { number: 2, size: 2 }).await.unwrap();
    assert_eq!((listing.users[0].username.as_str(), listing.users.len(), listing.total), ("mia", 1, 3));
}

async fn any_page_can_be_asked_for(app: TestApp) {
    let empty = app.users.list(Page { number: 1, size: 10 }).await.unwrap();
    assert_eq!((empty.users.len(), empty.total), (0, 0));
    create(&app.users, "ada").await;
    for number in [2, 1 << 31, 1 << 32, 1 << 62, Page::MAX_NUMBER] {
        let listing = app.users.list(Page { number, size: Page::MAX_SIZE }).await.unwrap();
        assert_eq!((listing.users.len(), listing.total), (0, 1), "{number}");
    }
}

async fn ids_grow(app: TestApp) {
    let first = create(&app.users, "ada").await;
    app.users.delete(None, first, None).await.unwrap();
    let second = create(&app.users, "ada").await;
    assert!(second > first);
}

async fn of_equal_creates_at_once_one_wins(app: TestApp) {
    let mut creates = JoinSet::new();
    for _ in 0..16 {
        let users = app.users.clone();
        creates.spawn(async move { users.create(new_user("ada", "ada@example.com")).await });
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
        let users = app.users.clone();
        tasks.spawn(async move {
            for number in 0..8 {
                create(&users, &format!("user-{writer}-{number}")).await;
            }
        });
        let users = app.users.clone();
        tasks.spawn(async move {
            for _ in 0..8 {
                let listing = users.list(Page { number: 1, size: 100 }).await.unwrap();
                // Page and total are of one moment.
                assert_eq!(listing.users.len() as u64, listing.total);
            }
        });
    }
    tasks.join_all().await;
    assert_eq!(app.users.list(Page { number: 1, size: 1 }).await.unwrap().total, 64);
}
