//! How often a password may be tried: for a login and an address together, and for an address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use axum::http::Method;
use chrono::TimeDelta;
use serde_json::json;
use users_service::http::Peer;
use users_service::limits::Rate;

use crate::harness::accounts::{
    AccountsApp, OTHER_PASSWORD, PASSWORD, call, slow_hashing, with_accounts_on_every_database,
};

with_accounts_on_every_database! {
    after_ten_failures_nobody_gets_in_with_that_login_from_there,
    an_unknown_login_is_limited_alike,
    others_are_not_refused_for_it,
    the_spellings_of_a_login_count_together,
    a_new_name_or_address_brings_no_new_tries,
    a_success_does_not_count,
    there_is_room_again_with_time,
    an_address_is_limited_whatever_the_login,
    an_ipv6_client_is_its_network,
    what_could_not_be_checked_does_not_count,
    who_may_not_see_users_learns_only_so_often_who_there_is,
    a_name_and_an_address_of_ones_own_are_changed_only_so_often,
}

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const THERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));

/// Fails to sign in so often.
async fn fail(app: &AccountsApp, address: IpAddr, login: &str, times: u32) {
    for _ in 0..times {
        let answer = app.sign_in_from(address, login, OTHER_PASSWORD).await;
        answer.assert_problem(401, "invalid_credentials");
    }
}

async fn after_ten_failures_nobody_gets_in_with_that_login_from_there(app: AccountsApp) {
    fail(&app, HERE, "root", 10).await;
    let before = app.hashes();
    let refused = app.sign_in_from(HERE, "root", PASSWORD).await;
    refused.assert_problem(429, "too_many_attempts");
    assert_eq!(refused.header("retry-after"), "90");
    assert_eq!(refused.header("ratelimit-policy"), r#""sign-in";q=10;w=900"#);
    assert_eq!(refused.header("ratelimit"), r#""sign-in";r=0;t=90"#);
    assert_eq!(app.hashes(), before, "who is refused costs no hash");
}

async fn an_unknown_login_is_limited_alike(app: AccountsApp) {
    let mut refusals = Vec::new();
    for login in ["root", "nobody", "nobody@example.com"] {
        fail(&app, HERE, login, 10).await;
        let refused = app.sign_in_from(HERE, login, OTHER_PASSWORD).await;
        let mut problem = refused.assert_problem(429, "too_many_attempts");
        problem["request_id"] = "any".into();
        let header = |name: &str| refused.header(name).to_owned();
        refusals.push((problem, header("retry-after"), header("ratelimit"), header("ratelimit-policy")));
    }
    assert!(refusals.windows(2).all(|pair| pair[0] == pair[1]), "{refusals:?}");
}

async fn others_are_not_refused_for_it(app: AccountsApp) {
    let ada = app.person("ada", &[]).await;
    fail(&app, HERE, "root", 10).await;
    assert_eq!(app.sign_in_from(THERE, "root", PASSWORD).await.status, 201);
    assert_eq!(app.sign_in_from(HERE, "ada", PASSWORD).await.status, 201);
    assert_eq!(ada.get("/users/me").await.status, 200);
}

async fn the_spellings_of_a_login_count_together(app: AccountsApp) {
    for login in ["root", "ROOT", "Root", "rOOt", "roOT"] {
        fail(&app, HERE, login, 2).await;
    }
    app.sign_in_from(HERE, "root", PASSWORD).await.assert_problem(429, "too_many_attempts");
    fail(&app, HERE, "root@example.com", 5).await;
    fail(&app, HERE, "root@EXAMPLE.com", 5).await;
    app.sign_in_from(HERE, "Root@example.com", PASSWORD).await.assert_problem(429, "too_many_attempts");
}

/// Whoever holds a session of the account could change its name after each ten.
async fn a_new_name_or_address_brings_no_new_tries(app: AccountsApp) {
    let ada = app.person("ada", &[]).await;
    for (login, renamed, body) in [
        ("ada", "eve", json!({"username": "eve"})),
        ("ada@example.com", "eve@example.com", json!({"email": "eve@example.com"})),
    ] {
        fail(&app, HERE, login, 10).await;
        assert_eq!(ada.put("/users/me", body).await.status, 200);
        app.sign_in_from(HERE, renamed, PASSWORD).await.assert_problem(429, "too_many_attempts");
        assert_eq!(app.sign_in_from(THERE, renamed, PASSWORD).await.status, 201);
    }
}

async fn a_success_does_not_count(app: AccountsApp) {
    fail(&app, HERE, "root", 9).await;
    for _ in 0..20 {
        assert_eq!(app.sign_in_from(HERE, "root", PASSWORD).await.status, 201);
    }
    fail(&app, HERE, "root", 1).await;
    app.sign_in_from(HERE, "root", PASSWORD).await.assert_problem(429, "too_many_attempts");
}

async fn there_is_room_again_with_time(app: AccountsApp) {
    fail(&app, HERE, "root", 10).await;
    app.clock.advance(TimeDelta::seconds(89));
    let refused = app.sign_in_from(HERE, "root", PASSWORD).await;
    refused.assert_problem(429, "too_many_attempts");
    assert_eq!(refused.header("retry-after"), "1");
    app.clock.advance(TimeDelta::seconds(1));
    assert_eq!(app.sign_in_from(HERE, "root", PASSWORD).await.status, 201);
    app.clock.advance(TimeDelta::minutes(15));
    fail(&app, HERE, "root", 10).await;
}

async fn an_address_is_limited_whatever_the_login(app: AccountsApp) {
    let limited = |application: &mut users_service::config::Application| {
        application.limits.sign_in_ip = "20/15m".parse::<Rate>().unwrap().named("sign-in-ip");
    };
    let app = app.configured(limited).await;
    for number in 0..20 {
        fail(&app, HERE, &format!("user{number}"), 1).await;
    }
    let refused = app.sign_in_from(HERE, "root", PASSWORD).await;
    refused.assert_problem(429, "too_many_attempts");
    assert_eq!(refused.header("ratelimit-policy"), r#""sign-in-ip";q=20;w=900"#);
    assert_eq!(app.sign_in_from(THERE, "root", PASSWORD).await.status, 201);
    // Whoever was refused by one limit has not used up another.
    app.clock.advance(TimeDelta::minutes(15));
    fail(&app, HERE, "root", 10).await;
}

async fn an_ipv6_client_is_its_network(app: AccountsApp) {
    let address = |network, host| IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 1, network, host, 0, 0, host));
    for host in 1..=10 {
        fail(&app, address(2, host), "root", 1).await;
    }
    let refused = app.sign_in_from(address(2, 0xffff), "root", PASSWORD).await;
    refused.assert_problem(429, "too_many_attempts");
    assert_eq!(app.sign_in_from(address(3, 1), "root", PASSWORD).await.status, 201);
    let mapped = Ipv4Addr::new(192, 0, 2, 9);
    fail(&app, mapped.to_ipv6_mapped().into(), "root", 10).await;
    app.sign_in_from(mapped.into(), "root", PASSWORD).await.assert_problem(429, "too_many_attempts");
}

async fn what_could_not_be_checked_does_not_count(app: AccountsApp) {
    const AMOUNT: usize = 40;
    let limited = |application: &mut users_service::config::Application| {
        application.limits.sign_in_ip = format!("{AMOUNT}/15m").parse::<Rate>().unwrap().named("sign-in-ip");
    };
    let slow = |application: &mut users_service::config::Application| {
        limited(application);
        application.passwords.hashing = slow_hashing();
    };
    let app = app.configured(slow).await;
    let attempts = (0..AMOUNT).map(|number| {
        let body = json!({"login": format!("user{number}"), "password": OTHER_PASSWORD});
        let mut request = call(Method::POST, "/sessions", Some(body));
        request.extensions_mut().insert(Peer(HERE));
        request
    });
    let answers = app.at_once(attempts).await;
    let busy: Vec<_> = answers.iter().filter(|answer| answer.status == 503).collect();
    assert!(!busy.is_empty(), "{answers:?}");
    for answer in &busy {
        answer.assert_problem(503, "hashing_busy");
        assert_eq!(answer.header("retry-after"), "1");
    }
    assert!(answers.iter().all(|answer| [401, 503].contains(&answer.status.as_u16())), "{answers:?}");
    let app = app.configured(limited).await;
    for number in 0..busy.len() {
        fail(&app, HERE, &format!("another{number}"), 1).await;
    }
    app.sign_in_from(HERE, "another", OTHER_PASSWORD).await.assert_problem(429, "too_many_attempts");
}

async fn who_may_not_see_users_learns_only_so_often_who_there_is(app: AccountsApp) {
    app.person("ada", &[]).await;
    app.person("bob", &["users:read"]).await;
    let app = app
        .configured(|application| {
            application.limits.sign_up = "3/1h".parse::<Rate>().unwrap().named("sign-up");
        })
        .await;
    let (ada, bob) = (app.sign_in("ada").await, app.sign_in("bob").await);
    // The name is taken in any case, so that nothing changes; the address is the question.
    let question = json!({"username": "root", "email": "bob@example.com"});
    for _ in 0..3 {
        ada.patch("/users/me", question.clone()).await.assert_problem(409, "username_taken");
        bob.patch("/users/me", json!({"username": "root"})).await.assert_problem(409, "username_taken");
    }
    ada.patch("/users/me", question.clone()).await.assert_problem(429, "too_many_attempts");
    bob.patch("/users/me", json!({"username": "root"})).await.assert_problem(409, "username_taken");
    // Nor that nobody has it.
    let free = json!({"username": "nobody", "email": "nobody@example.com"});
    ada.patch("/users/me", free).await.assert_problem(429, "too_many_attempts");
    assert_eq!(ada.patch("/users/me", json!({"full_name": "Ada"})).await.status, 200);
}

async fn a_name_and_an_address_of_ones_own_are_changed_only_so_often(app: AccountsApp) {
    app.person("bob", &["users:read"]).await;
    let app = app
        .configured(|application| {
            application.limits.sign_up = "3/1h".parse::<Rate>().unwrap().named("sign-up");
        })
        .await;
    let bob = app.sign_in("bob").await;
    for number in 0..3 {
        let changes =
            json!({"username": format!("bob{number}"), "email": format!("bob{number}@example.com")});
        assert_eq!(bob.patch("/users/me", changes).await.status, 200);
        // It is not counted, for it gives no other name.
        if number < 2 {
            let same = json!({"username": format!("bob{number}"), "full_name": "Bob"});
            assert_eq!(bob.patch("/users/me", same).await.status, 200);
        }
    }
    let another = json!({"email": "another@example.com"});
    bob.patch("/users/me", another).await.assert_problem(429, "too_many_attempts");
    let root = app.root().await;
    assert_eq!(root.patch(&bob.path(""), json!({"username": "robert"})).await.status, 200);
}
