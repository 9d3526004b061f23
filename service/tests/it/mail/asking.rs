//! What whoever asks for a link learns: nothing.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use axum::http::{HeaderMap, Method};
use serde_json::json;
use users_service::config::{Access, Limits};
use users_service::http::Peer;
use users_service::limits::Rate;

use crate::harness::accounts::{AccountsApp, call, with_accounts_on_every_database};

with_accounts_on_every_database! {
    the_answer_is_the_same_whether_or_not_there_is_such_a_user,
    to_whom_no_mail_may_go_none_goes,
    what_is_answered_too_late_is_dropped,
    any_login_may_be_asked_for,
    what_is_no_address_is_told_so,
    one_address_asks_so_often_and_no_more,
    with_mail_off_everybody_is_told_so,
}

fn comparable(headers: &HeaderMap) -> BTreeMap<String, String> {
    let same = headers.iter().filter(|(name, _)| *name != "x-request-id");
    same.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect()
}

async fn the_answer_is_the_same_whether_or_not_there_is_such_a_user(app: AccountsApp) {
    app.person("ada", &[]).await;
    let known = [app.ask_for_verification("ada@example.com").await, app.ask_for_reset("ada").await];
    let unknown = [app.ask_for_verification("eve@example.com").await, app.ask_for_reset("eve").await];
    for (known, unknown) in known.iter().zip(&unknown) {
        assert_eq!((known.status, known.text()), (unknown.status, unknown.text()));
        assert_eq!(comparable(&known.headers), comparable(&unknown.headers));
    }
    assert_eq!(app.outbox().await, 4, "each has written a row");
    assert_eq!(app.deliver().await.len(), 2);
    assert_eq!(app.outbox().await, 0, "what strangers asked for is not kept");
}

async fn to_whom_no_mail_may_go_none_goes(app: AccountsApp) {
    let root = app.root().await;
    let ada = app.person("ada", &[]).await;
    assert_eq!(root.patch(&ada.path("/account"), json!({"status": "disabled"})).await.status, 200);
    for login in ["ada", "ada@example.com", "adá@example.com", "nobody"] {
        assert_eq!(app.ask_for_reset(login).await.status, 202, "{login}");
    }
    assert_eq!(app.ask_for_verification("ada@example.com").await.status, 202);
    assert!(app.deliver().await.is_empty());
}

async fn what_is_answered_too_late_is_dropped(app: AccountsApp) {
    app.person("ada", &[]).await;
    for (minutes, mails) in [(29, 1), (30, 0)] {
        app.ask_for_reset("ada").await;
        app.minutes_pass(minutes);
        assert_eq!((app.deliver().await.len(), app.outbox().await), (mails, 0), "{minutes}");
    }
}

async fn any_login_may_be_asked_for(app: AccountsApp) {
    app.person("ada", &[]).await;
    app.database.execute("update users set email = 'ada@münchen.example' where username = 'ada'").await;
    let long = "ü".repeat(255);
    for login in
        [&*long, "\u{0}", "a\u{0}@b", "😀@😀", "' or 1=1 --", "%", "@", " ", "\r\nBcc: eve@example.com"]
    {
        assert_eq!(app.ask_for_reset(login).await.status, 202, "{login:?}");
    }
    assert_eq!((app.deliver().await.len(), app.outbox().await), (0, 0));
    for login in ["ada@MÜNCHEN.example", "Ada@xn--mnchen-3ya.example"] {
        assert_eq!(app.ask_for_reset(login).await.status, 202);
        assert_eq!(app.mail().await.header("To"), "ada@xn--mnchen-3ya.example", "{login}");
    }
}

async fn what_is_no_address_is_told_so(app: AccountsApp) {
    app.ask_for_verification("ada").await.assert_field_errors(&[("email", "invalid_format")]);
    app.ask_for_reset("").await.assert_field_errors(&[("login", "too_short")]);
    for (path, field) in [
        ("/email-verifications", "email"),
        ("/password-resets", "login"),
        ("/email-verifications/confirm", "token"),
    ] {
        app.call(Method::POST, path, Some(json!({}))).await.assert_field_errors(&[(field, "missing")]);
    }
}

/// An app with another limit.
async fn limited(app: AccountsApp, change: impl FnOnce(&mut Limits, Rate)) -> AccountsApp {
    app.configured(|application| change(&mut application.limits, "3/1h".parse().unwrap())).await
}

async fn one_address_asks_so_often_and_no_more(app: AccountsApp) {
    let app = limited(app, |limits, rate| limits.mail_ip = rate.named("mail-ip")).await;
    let ask = async |path: &str, body, address: [u8; 4]| {
        let mut request = call(Method::POST, path, Some(body));
        request.extensions_mut().insert(Peer(Ipv4Addr::from(address).into()));
        app.send(request).await
    };
    for number in 0..3 {
        let login = json!({"login": format!("nobody-{number}")});
        assert_eq!(ask("/password-resets", login, [192, 0, 2, 1]).await.status, 202);
    }
    let email = json!({"email": "nobody@example.com"});
    let refused = ask("/email-verifications", email.clone(), [192, 0, 2, 1]).await;
    refused.assert_problem(429, "too_many_attempts");
    assert_eq!(refused.header("ratelimit-policy"), r#""mail-ip";q=3;w=3600"#);
    assert_eq!(ask("/email-verifications", email, [192, 0, 2, 2]).await.status, 202);
}

async fn with_mail_off_everybody_is_told_so(app: AccountsApp) {
    app.person("ada", &[]).await;
    app.ask_for_verification("ada@example.com").await;
    let mail = app.mail().await;
    let off = app.configured(|application| {
        let Access::Tokens(access) = &mut application.access else { unreachable!() };
        access.mail = None;
    });
    let app = off.await;
    for email in ["ada@example.com", "root@example.com", "nobody@example.com"] {
        app.ask_for_verification(email).await.assert_problem(503, "mail_off");
        app.ask_for_reset(email).await.assert_problem(503, "mail_off");
    }
    let root = app.root().await;
    root.call(Method::POST, "/users/2/invitation", None).await.assert_problem(503, "mail_off");
    root.call(Method::POST, "/users/9999/invitation", None).await.assert_problem(503, "mail_off");
    let body = json!({"username": "eve", "email": "eve@example.com", "invite": true});
    root.post("/users", body).await.assert_problem(503, "mail_off");
    assert_eq!(root.get("/users?username=eve").await.json()["total"], 0);
    assert_eq!(app.confirm_email(mail.token()).await.status, 204, "what was sent is good");
    assert_eq!(app.call(Method::GET, "/verify-email", None).await.status, 200, "where its link leads");
}
