//! Changing a password: one's own with the current one, that of others with a permission.

use std::net::Ipv4Addr;

use axum::http::{Method, header};
use serde_json::json;
use users_service::limits::{Limit, Rate};

use crate::harness::accounts::{
    AccountsApp, OTHER_PASSWORD, PASSWORD, Person, call, with_accounts_on_every_database,
};
use crate::harness::test_app::Answer;

with_accounts_on_every_database! {
    users_change_their_own_with_the_current_one,
    the_other_sessions_end_and_this_one_goes_on,
    without_the_current_one_nothing_changes,
    a_wrong_current_one_counts_as_a_failed_sign_in,
    a_right_current_one_does_not_count,
    whoever_may_write_accounts_needs_no_current_one_for_others,
    for_others_it_needs_the_permission,
    nobody_changes_the_password_of_somebody_who_may_more,
    whoever_may_not_change_a_password_does_not_learn_what_it_must_not_be,
    a_refused_password_costs_no_hash,
    of_two_changes_at_once_one_wins,
    somebody_changes_passwords_so_often_and_no_more,
    one_caller_takes_part_of_the_hashing_only,
}

async fn change(person: &Person<'_>, current: &str, new: &str) -> Answer {
    person.put("/users/me/password", json!({"current_password": current, "password": new})).await
}

async fn users_change_their_own_with_the_current_one(app: AccountsApp) {
    let ada = app.person("ada", &[]).await;
    app.clock.advance(chrono::TimeDelta::minutes(1));
    let before = app.hashes();
    let changed = change(&ada, PASSWORD, OTHER_PASSWORD).await;
    assert_eq!((changed.status.as_u16(), changed.text()), (204, ""));
    assert_eq!(app.hashes() - before, 2, "one to check the old one, one of the new one");
    app.try_sign_in("ada", PASSWORD).await.assert_problem(401, "invalid_credentials");
    assert_eq!(app.try_sign_in("ada", OTHER_PASSWORD).await.status, 201);
    let account = ada.get("/users/me/account").await.json();
    assert_eq!(account["password_changed_at"], "2024-01-15T10:31:00");
}

async fn the_other_sessions_end_and_this_one_goes_on(app: AccountsApp) {
    let mut ada = app.person("ada", &[]).await;
    let (other, root) = (app.sign_in("ada").await, app.root().await);
    assert_eq!(change(&ada, PASSWORD, OTHER_PASSWORD).await.status, 204);
    other.get("/users/me").await.assert_problem(401, "session_ended");
    let refreshed = crate::harness::accounts::refresh(&app, &other.refresh_token).await;
    refreshed.assert_problem(401, "session_ended");
    assert_eq!(ada.get("/users/me").await.status, 200);
    ada.refresh().await;
    assert_eq!(root.get("/users/me").await.status, 200, "another user's sessions go on");
}

async fn without_the_current_one_nothing_changes(app: AccountsApp) {
    let root = app.root().await;
    let before = app.hashes();
    let answer = root.put("/users/me/password", json!({"password": OTHER_PASSWORD})).await;
    answer.assert_field_errors(&[("current_password", "missing")]);
    assert_eq!(app.hashes(), before);
    change(&root, OTHER_PASSWORD, OTHER_PASSWORD).await.assert_problem(403, "wrong_password");
    assert_eq!(app.hashes() - before, 1);
    for body in [json!({}), json!({"current_password": 1, "password": null})] {
        assert_eq!(root.put("/users/me/password", body).await.status, 422);
    }
    assert_eq!(app.try_sign_in("root", PASSWORD).await.status, 201);
}

async fn a_wrong_current_one_counts_as_a_failed_sign_in(app: AccountsApp) {
    let ada = app.person("ada", &[]).await;
    for _ in 0..9 {
        change(&ada, OTHER_PASSWORD, OTHER_PASSWORD).await.assert_problem(403, "wrong_password");
    }
    // The requests of these tests come from nowhere unless they say from where.
    let nowhere = Ipv4Addr::UNSPECIFIED.into();
    app.sign_in_from(nowhere, "Ada", OTHER_PASSWORD).await.assert_problem(401, "invalid_credentials");
    change(&ada, PASSWORD, OTHER_PASSWORD).await.assert_problem(429, "too_many_attempts");
    app.sign_in_from(nowhere, "ada", PASSWORD).await.assert_problem(429, "too_many_attempts");
    assert_eq!(app.try_sign_in("ada", PASSWORD).await.status, 201, "from elsewhere");
}

async fn a_right_current_one_does_not_count(app: AccountsApp) {
    let ada = app.person("ada", &[]).await;
    for _ in 0..10 {
        assert_eq!(change(&ada, PASSWORD, OTHER_PASSWORD).await.status, 204);
        assert_eq!(change(&ada, OTHER_PASSWORD, PASSWORD).await.status, 204);
    }
    for _ in 0..10 {
        change(&ada, OTHER_PASSWORD, PASSWORD).await.assert_problem(403, "wrong_password");
    }
    change(&ada, OTHER_PASSWORD, PASSWORD).await.assert_problem(429, "too_many_attempts");
}

async fn whoever_may_write_accounts_needs_no_current_one_for_others(app: AccountsApp) {
    let (ada, support) = (app.person("ada", &[]).await, app.person("support", &["accounts:write"]).await);
    let before = app.hashes();
    let new = json!({"password": OTHER_PASSWORD});
    assert_eq!(support.put(&ada.path("/password"), new.clone()).await.status, 204);
    assert_eq!(app.hashes() - before, 1);
    ada.get("/users/me").await.assert_problem(401, "session_ended");
    assert_eq!(app.try_sign_in("ada", OTHER_PASSWORD).await.status, 201);
    assert_eq!(support.get("/users/me").await.status, 200);
    support.put("/users/999999/password", new.clone()).await.assert_problem(404, "user_not_found");
    let own = support.put(&support.path("/password"), new).await;
    own.assert_field_errors(&[("current_password", "missing")]);
}

async fn for_others_it_needs_the_permission(app: AccountsApp) {
    let ada = app.person("ada", &[]).await;
    let bob = app.person("bob", &["users:read", "users:write", "sessions:write", "roles:write"]).await;
    let body = json!({"current_password": PASSWORD, "password": OTHER_PASSWORD});
    for path in [ada.path("/password"), "/users/999999/password".to_owned()] {
        let problem = bob.put(&path, body.clone()).await.assert_problem(403, "forbidden");
        assert!(problem["detail"].as_str().unwrap().contains("accounts:write"), "{problem}");
    }
    assert_eq!(ada.get("/users/me").await.status, 200);
}

async fn nobody_changes_the_password_of_somebody_who_may_more(app: AccountsApp) {
    let root = app.root().await;
    let support = app.person("support", &["accounts:write"]).await;
    let reader = app.person("reader", &["users:read"]).await;
    for path in [root.path("/password"), reader.path("/password")] {
        support.put(&path, json!({"password": OTHER_PASSWORD})).await.assert_problem(403, "forbidden");
    }
    assert_eq!(app.try_sign_in("root", PASSWORD).await.status, 201);
    assert_eq!(reader.get("/users/me").await.status, 200);
}

async fn whoever_may_not_change_a_password_does_not_learn_what_it_must_not_be(app: AccountsApp) {
    let root = app.root().await;
    let helper = app.person("helper", &["accounts:write"]).await;
    let before = app.hashes();
    // The policy knows the name and the address of the administrator.
    for password in ["root@example.com", "root@example.comroot@example.com", "short"] {
        let answer = helper.put(&root.path("/password"), json!({"password": password})).await;
        answer.assert_problem(403, "forbidden");
    }
    assert_eq!(app.hashes(), before);
}

async fn a_refused_password_costs_no_hash(app: AccountsApp) {
    let ada = app.person("ada", &[]).await;
    let before = app.hashes();
    for (password, rule) in [("short", "too_short"), ("adaadaadaadaada", "is_username")] {
        change(&ada, PASSWORD, password).await.assert_field_errors(&[("password", rule)]);
    }
    assert_eq!(app.hashes(), before);
    assert_eq!(app.try_sign_in("ada", PASSWORD).await.status, 201);
}

async fn of_two_changes_at_once_one_wins(app: AccountsApp) {
    let ada = app.person("ada", &[]).await;
    let requests = ["seven lanterns in fog", "nine kites over dunes"].map(|new| {
        let body = json!({"current_password": PASSWORD, "password": new});
        let mut request = call(Method::PUT, "/users/me/password", Some(body));
        let credentials = format!("Bearer {}", ada.access_token).parse().unwrap();
        request.headers_mut().insert(header::AUTHORIZATION, credentials);
        request
    });
    let answers = app.at_once(requests.into_iter()).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 403], "{answers:?}");
    app.try_sign_in("ada", PASSWORD).await.assert_problem(401, "invalid_credentials");
}

async fn somebody_changes_passwords_so_often_and_no_more(app: AccountsApp) {
    let app = app.configured(|application| application.limits.sign_up = rate("3/1h", "sign-up")).await;
    let (root, ada, grace) = (app.root().await, app.person("ada", &[]).await, app.person("grace", &[]).await);
    let set_of = async |person: &Person<'_>, password: &str| {
        root.put(&format!("/users/{}/password", person.user_id), json!({"password": password})).await
    };
    let set = async |password: &str| set_of(&ada, password).await;
    assert_eq!(set("short").await.status, 422, "what is refused does not count");
    for _ in 0..3 {
        assert_eq!(set(OTHER_PASSWORD).await.status, 204);
    }
    let refused = set(OTHER_PASSWORD).await;
    refused.assert_problem(429, "too_many_attempts");
    assert_eq!(refused.header("retry-after"), "1200");
    assert_eq!(set_of(&grace, OTHER_PASSWORD).await.status, 204, "each user's are counted by themselves");
    let ada = Person::new(&app, &app.try_sign_in("ada", OTHER_PASSWORD).await.json());
    for _ in 0..4 {
        change(&ada, PASSWORD, OTHER_PASSWORD).await.assert_problem(403, "wrong_password");
    }
    assert_eq!(change(&ada, OTHER_PASSWORD, PASSWORD).await.status, 204, "others have changes of their own");
}

async fn one_caller_takes_part_of_the_hashing_only(app: AccountsApp) {
    let app = app.configured(|application| application.limits.sign_in = rate("1/15m", "sign-in")).await;
    let root = app.root().await;
    let add = async |name: &str| {
        let email = format!("{name}@example.com");
        root.post("/users", json!({"username": name, "email": email, "password": PASSWORD})).await
    };
    let answers = tokio::join!(add("ada"), add("grace"), add("barbara"), add("frances"), add("jean"));
    let mut refused = 0;
    for answer in <[_; 5]>::from(answers).iter().filter(|answer| answer.status != 201) {
        answer.assert_problem(429, "too_many_attempts");
        refused += 1;
    }
    assert!((1..5).contains(&refused), "{refused} were refused");
    assert_eq!(add("karen").await.status, 201, "what is done gives room");
}

fn rate(text: &str, name: &'static str) -> Limit {
    text.parse::<Rate>().unwrap().named(name)
}
