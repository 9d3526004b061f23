//! A login that many strangers try is served to its user only: at addresses from which the user has signed in.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use chrono::TimeDelta;
use serde_json::{Value, json};
use tempfile::TempDir;
use users_service::config::{Access, Application, Keys};
use users_service::limits::Rate;

use crate::harness::accounts::{AccountsApp, OTHER_PASSWORD, PASSWORD, with_accounts_on_every_database};

with_accounts_on_every_database! {
    past_the_limit_of_a_login_only_known_addresses_are_served,
    whoever_is_unknown_is_refused_alike,
    a_new_name_does_not_make_room_for_strangers,
    a_login_that_strangers_try_tells_nothing_of_the_others,
    a_known_address_has_ten_tries_of_its_own,
    an_address_is_known_for_thirty_days,
    the_latest_hundred_addresses_are_known,
    the_addresses_of_others_are_not_ones_own,
    known_addresses_outlive_a_rotation_of_keys,
}

/// From where root signs in.
const HOME: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

fn limited(application: &mut Application) {
    application.limits.sign_in_login = "20/24h".parse::<Rate>().unwrap().named("sign-in-login");
}

/// Twenty failures, no two from one address.
async fn attack(app: &AccountsApp, login: &str) {
    for host in 1..=20 {
        let answer = app.sign_in_from(Ipv4Addr::new(198, 51, 100, host).into(), login, OTHER_PASSWORD).await;
        answer.assert_problem(401, "invalid_credentials");
    }
}

async fn sign_in(app: &AccountsApp, address: IpAddr) -> crate::harness::test_app::Answer {
    app.sign_in_from(address, "root", PASSWORD).await
}

async fn past_the_limit_of_a_login_only_known_addresses_are_served(app: AccountsApp) {
    let app = app.configured(limited).await;
    assert_eq!(sign_in(&app, HOME).await.status, 201);
    attack(&app, "root").await;
    let before = app.hashes();
    for host in [1, 99] {
        let refused = sign_in(&app, Ipv4Addr::new(198, 51, 100, host).into()).await;
        refused.assert_problem(429, "too_many_attempts");
        assert_eq!(refused.header("ratelimit-policy"), r#""sign-in-login";q=20;w=86400"#);
        assert_eq!(refused.header("retry-after"), "4320");
    }
    assert_eq!(app.hashes(), before);
    for _ in 0..30 {
        assert_eq!(sign_in(&app, HOME).await.status, 201);
    }
    assert_eq!(app.sign_in_from(HOME, "root@example.com", PASSWORD).await.status, 201);
}

async fn whoever_is_unknown_is_refused_alike(app: AccountsApp) {
    let app = app.configured(limited).await;
    let mut refusals = Vec::new();
    for login in ["root", "nobody"] {
        attack(&app, login).await;
        let refused = app.sign_in_from(HOME, login, OTHER_PASSWORD).await;
        let mut problem = refused.assert_problem(429, "too_many_attempts");
        problem["request_id"] = "any".into();
        refusals.push((problem, refused.header("ratelimit").to_owned()));
    }
    assert_eq!(refusals[0], refusals[1]);
}

async fn a_new_name_does_not_make_room_for_strangers(app: AccountsApp) {
    let app = app.configured(limited).await;
    let root = app.root().await;
    attack(&app, "root").await;
    assert_eq!(root.put("/users/me", json!({"username": "boss"})).await.status, 200);
    app.sign_in_from(HOME, "boss", PASSWORD).await.assert_problem(429, "too_many_attempts");
}

/// If name and address were refused together, whoever has used up one could find out whether the other is of the same account.
async fn a_login_that_strangers_try_tells_nothing_of_the_others(app: AccountsApp) {
    let app = app.configured(limited).await;
    for login in ["root", "nobody", "root@example.com", "nobody@example.com"] {
        attack(&app, login).await;
    }
}

async fn a_known_address_has_ten_tries_of_its_own(app: AccountsApp) {
    let app = app.configured(limited).await;
    assert_eq!(sign_in(&app, HOME).await.status, 201);
    attack(&app, "root").await;
    for _ in 0..10 {
        let answer = app.sign_in_from(HOME, "root", OTHER_PASSWORD).await;
        answer.assert_problem(401, "invalid_credentials");
    }
    let refused = sign_in(&app, HOME).await;
    refused.assert_problem(429, "too_many_attempts");
    assert_eq!(refused.header("ratelimit-policy"), r#""sign-in";q=10;w=900"#);
}

async fn an_address_is_known_for_thirty_days(app: AccountsApp) {
    let app = app.configured(limited).await;
    assert_eq!(sign_in(&app, HOME).await.status, 201);
    app.clock.advance(TimeDelta::days(30));
    attack(&app, "root").await;
    assert_eq!(sign_in(&app, HOME).await.status, 201, "which makes it known for another thirty days");
    app.clock.advance(TimeDelta::days(30) + TimeDelta::milliseconds(1));
    attack(&app, "root").await;
    sign_in(&app, HOME).await.assert_problem(429, "too_many_attempts");
}

async fn the_latest_hundred_addresses_are_known(app: AccountsApp) {
    let app = app.configured(limited).await;
    let home = |host| IpAddr::from(Ipv4Addr::new(192, 0, 2, host));
    for host in 1..=101 {
        app.clock.advance(TimeDelta::seconds(1));
        assert_eq!(sign_in(&app, home(host)).await.status, 201);
    }
    attack(&app, "root").await;
    sign_in(&app, home(1)).await.assert_problem(429, "too_many_attempts");
    for host in [2, 101] {
        assert_eq!(sign_in(&app, home(host)).await.status, 201);
    }
}

async fn the_addresses_of_others_are_not_ones_own(app: AccountsApp) {
    let app = app.configured(limited).await;
    let neighbour = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 77));
    app.person("ada", &[]).await;
    assert_eq!(app.sign_in_from(neighbour, "ada", PASSWORD).await.status, 201);
    attack(&app, "root").await;
    sign_in(&app, neighbour).await.assert_problem(429, "too_many_attempts");
}

/// Adds a key for message authentication codes that makes them from now on, as a rotation does after two hours.
fn rotate(path: &Path) {
    let mut keys: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let codes = keys["mac_keys"].as_array_mut().unwrap();
    let mut newer = codes[0].clone();
    newer["key"] = json!("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
    codes[0]["accepted_until"] = json!("2025-01-15T10:30:00Z");
    codes.push(newer);
    std::fs::write(path, keys.to_string()).unwrap();
}

async fn known_addresses_outlive_a_rotation_of_keys(app: AccountsApp) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("keys.json");
    let with_own_keys = |application: &mut Application| {
        limited(application);
        let Access::Tokens(tokens) = &mut application.access else {
            panic!("the tests are of ACCESS=tokens")
        };
        tokens.keys = Keys::File { path: path.clone(), make: true };
    };
    let app = app.configured(with_own_keys).await;
    assert_eq!(sign_in(&app, HOME).await.status, 201);
    rotate(&path);
    let app = app.configured(with_own_keys).await;
    attack(&app, "root").await;
    assert_eq!(sign_in(&app, HOME).await.status, 201);
    sign_in(&app, Ipv4Addr::new(192, 0, 2, 2).into()).await.assert_problem(429, "too_many_attempts");
}
