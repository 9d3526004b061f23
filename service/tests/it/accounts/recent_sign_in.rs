//! What decides over an account requires that the password was given a short time ago.

use chrono::TimeDelta;
use serde_json::json;

use crate::harness::accounts::{AccountsApp, Person, with_accounts_on_every_database};
use crate::harness::test_app::Answer;

with_accounts_on_every_database! {
    to_change_ones_own_address_one_signs_in_anew,
    to_remove_oneself_one_signs_in_anew,
    a_refresh_is_no_sign_in,
    the_address_that_one_has_is_no_change,
    to_change_somebody_elses_address_takes_the_permission_for_accounts,
    who_may_not_change_an_address_does_not_learn_whose_it_is,
}

/// Ten minutes: longer ago than that is too long.
const RECENT: TimeDelta = TimeDelta::minutes(10);

#[track_caller]
fn assert_too_old(answer: &Answer) {
    answer.assert_problem(401, "reauthentication_required");
    let challenge = answer.header("www-authenticate");
    assert!(challenge.starts_with(r#"Bearer error="insufficient_user_authentication", "#), "{challenge}");
    assert!(challenge.ends_with(r#", max_age="600""#), "{challenge}");
}

async fn to_change_ones_own_address_one_signs_in_anew(app: AccountsApp) {
    let mut ada = app.person("ada", &["users:write", "accounts:write"]).await;
    let body = json!({"email": "ada@new.example"});
    app.clock.advance(RECENT);
    assert_eq!(ada.put("/users/me", body).await.json()["email"], "ada@new.example");
    app.clock.advance(TimeDelta::milliseconds(1));
    for path in ["/users/me".to_owned(), ada.path("")] {
        assert_too_old(&ada.put(&path, json!({"email": "ada@other.example", "username": "eve"})).await);
    }
    assert_eq!(ada.get("/users/me").await.json()["username"], "ada");
    assert_eq!(ada.put("/users/me", json!({"username": "ada2", "full_name": "Ada"})).await.status, 200);
    ada = app.sign_in("ada2").await;
    assert_eq!(ada.put("/users/me", json!({"email": "ada@other.example"})).await.status, 200);
}

async fn to_remove_oneself_one_signs_in_anew(app: AccountsApp) {
    let ada = app.person("ada", &["users:delete"]).await;
    app.clock.advance(RECENT + TimeDelta::milliseconds(1));
    for path in ["/users/me".to_owned(), ada.path("")] {
        assert_too_old(&ada.delete(&path).await);
    }
    assert_eq!(ada.get("/users/me").await.status, 200);
    let again = app.sign_in("ada").await;
    app.clock.advance(RECENT);
    assert_eq!(again.delete("/users/me").await.status, 204);
    again.get("/users/me").await.assert_problem(401, "session_ended");
}

async fn a_refresh_is_no_sign_in(app: AccountsApp) {
    let mut ada = app.person("ada", &[]).await;
    app.clock.advance(RECENT + TimeDelta::milliseconds(1));
    ada.refresh().await;
    assert_too_old(&ada.delete("/users/me").await);
    assert_too_old(&ada.put("/users/me", json!({"email": "ada@new.example"})).await);
}

async fn the_address_that_one_has_is_no_change(app: AccountsApp) {
    let ada = app.person("ada", &[]).await;
    let writer = app.person("writer", &["users:write"]).await;
    app.clock.advance(RECENT + TimeDelta::milliseconds(1));
    let change = |name: &str| json!({"email": "ada@example.com", "full_name": name});
    assert_eq!(ada.put("/users/me", change("Ada")).await.json()["full_name"], "Ada");
    assert_eq!(writer.put(&ada.path(""), change("Ada L.")).await.json()["full_name"], "Ada L.");
}

async fn to_change_somebody_elses_address_takes_the_permission_for_accounts(app: AccountsApp) {
    let ada = app.person("ada", &[]).await;
    let writer = app.person("writer", &["users:write"]).await;
    let both = app.person("both", &["users:write", "accounts:write"]).await;
    let accounts = app.person("accounts", &["accounts:write"]).await;
    let body = json!({"email": "ada@new.example", "full_name": "Eve"});
    for (person, missing) in [(&writer, "accounts:write"), (&accounts, "users:write")] {
        let answer = person.put(&ada.path(""), body.clone()).await;
        let problem = answer.assert_problem(403, "forbidden");
        assert!(problem["detail"].as_str().unwrap().contains(missing), "{problem}");
    }
    assert_eq!(ada.get("/users/me").await.json()["full_name"], json!(null), "all of it or nothing");
    // For others no sign-in is too old.
    app.clock.advance(RECENT + TimeDelta::milliseconds(1));
    assert_eq!(both.put(&ada.path(""), body).await.json()["email"], "ada@new.example");
}

/// Neither by an address that is taken as it is, nor by one that an older program stored in Unicode letters.
async fn who_may_not_change_an_address_does_not_learn_whose_it_is(app: AccountsApp) {
    app.database
        .execute("insert into users (username, email) values ('legacy', 'legacy@münchen.example')")
        .await;
    let ada = app.person("ada", &[]).await;
    let writer = app.person("writer", &["users:write"]).await;
    app.clock.advance(RECENT + TimeDelta::milliseconds(1));
    let taken = ["root@example.com", "legacy@münchen.example"];
    for email in taken {
        assert_too_old(&ada.put("/users/me", json!({"email": email})).await);
        writer.put(&ada.path(""), json!({"email": email})).await.assert_problem(403, "forbidden");
    }
    let refused = async |person: &Person<'_>, path: &str| {
        for email in taken {
            person.put(path, json!({"email": email})).await.assert_problem(409, "email_taken");
        }
    };
    refused(&app.sign_in("ada").await, "/users/me").await;
    refused(&app.root().await, &ada.path("")).await;
}
