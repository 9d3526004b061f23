//! One administrator who can sign in stays, whoever asks and however many ask at once.

use axum::http::Method;
use serde_json::{Value, json};

use crate::harness::accounts::{AccountsApp, PASSWORD, Person, with_accounts_on_every_database};

with_accounts_on_every_database! {
    the_last_administrator_cannot_be_disabled_removed_or_stripped,
    an_administrator_who_cannot_sign_in_does_not_count,
    somebody_who_cannot_sign_in_may_go_though_one_administrator_is_left,
    whoever_asks_the_last_administrator_stays,
    of_two_who_go_at_once_one_stays,
}

/// The three ways in which an administrator can go.
#[derive(Debug, Clone, Copy)]
enum Way {
    Disabled,
    Removed,
    Stripped,
}

impl Way {
    const ALL: [Self; 3] = [Self::Disabled, Self::Removed, Self::Stripped];

    fn call(self, target: &Person<'_>) -> (Method, String, Option<Value>) {
        match self {
            Self::Disabled => (Method::PATCH, target.path("/account"), Some(json!({"status": "disabled"}))),
            Self::Removed => (Method::DELETE, target.path(""), None),
            Self::Stripped => (Method::PUT, target.path("/roles"), Some(json!({"roles": []}))),
        }
    }
}

async fn try_all(caller: &Person<'_>, target: &Person<'_>) {
    for way in Way::ALL {
        let (method, path, body) = way.call(target);
        caller.call(method, &path, body).await.assert_problem(409, "last_administrator");
    }
}

async fn the_last_administrator_cannot_be_disabled_removed_or_stripped(app: AccountsApp) {
    let root = app.root().await;
    try_all(&root, &root).await;
    assert_eq!(app.root().await.get("/users/me/roles").await.json(), json!({"roles": ["admin"]}));
    // Another role beside it may come and go.
    let role = json!({"description": "", "permissions": []});
    assert_eq!(root.put("/roles/readers", role).await.status, 201);
    for roles in [json!(["admin", "readers"]), json!(["admin"])] {
        assert_eq!(root.put("/users/me/roles", json!({"roles": roles})).await.status, 200);
    }
    app.make_administrator("second").await;
    let second = app.sign_in("second").await;
    assert_eq!(second.put(&root.path("/roles"), json!({"roles": []})).await.status, 200);
    try_all(&second, &second).await;
}

async fn an_administrator_who_cannot_sign_in_does_not_count(app: AccountsApp) {
    let root = app.root().await;
    let body = json!({"username": "nopassword", "email": "nopassword@example.com"});
    let created = root.post("/users", body).await;
    let path = format!("{}/roles", created.header("location"));
    assert_eq!(root.put(&path, json!({"roles": ["admin"]})).await.status, 200);
    let ada = app.person("ada", &[]).await;
    assert_eq!(root.put(&ada.path("/roles"), json!({"roles": ["admin"]})).await.status, 200);
    assert_eq!(root.patch(&ada.path("/account"), json!({"status": "disabled"})).await.status, 200);
    try_all(&root, &root).await;
    assert_eq!(root.patch(&ada.path("/account"), json!({"status": "active"})).await.status, 200);
    assert_eq!(root.delete("/users/me").await.status, 204);
}

async fn somebody_who_cannot_sign_in_may_go_though_one_administrator_is_left(app: AccountsApp) {
    let root = app.root().await;
    for way in Way::ALL {
        let ada = app.person(&format!("ada-{way:?}"), &[]).await;
        assert_eq!(root.put(&ada.path("/roles"), json!({"roles": ["admin"]})).await.status, 200);
        assert_eq!(root.patch(&ada.path("/account"), json!({"status": "disabled"})).await.status, 200);
        let (method, path, body) = way.call(&ada);
        assert!(root.call(method, &path, body).await.status.is_success(), "{way:?}");
    }
}

async fn whoever_asks_the_last_administrator_stays(app: AccountsApp) {
    let root = app.root().await;
    app.make_administrator("second").await;
    let second = app.sign_in("second").await;
    let take = format!("update accounts set password_hash = null where user_id = {}", second.user_id);
    app.database.execute(&take).await;
    try_all(&second, &root).await;
    assert_eq!(root.get("/users").await.status, 200);
}

/// Each of the two by themselves, each by the other, in every pair of ways.
async fn of_two_who_go_at_once_one_stays(app: AccountsApp) {
    let mut survivor = "root".to_owned();
    for round in 0..4 {
        for (first, second) in Way::ALL.iter().flat_map(|first| Way::ALL.map(|second| (*first, second))) {
            for by_themselves in [true, false] {
                survivor = race(&app, &survivor, round, (first, second), by_themselves).await;
            }
        }
    }
}

async fn race(
    app: &AccountsApp,
    before: &str,
    round: u32,
    (first, second): (Way, Way),
    by_themselves: bool,
) -> String {
    let round = format!("{first:?}-{second:?}-{by_themselves}-{round}");
    let names = ["a", "b"].map(|name| format!("{name}-{round}"));
    for name in &names {
        app.make_administrator(name).await;
    }
    let (a, b) = (app.sign_in(&names[0]).await, app.sign_in(&names[1]).await);
    let predecessor = app.sign_in(before).await;
    assert_eq!(a.patch(&predecessor.path("/account"), json!({"status": "disabled"})).await.status, 200);
    let request = |caller: &Person<'_>, (method, path, body): (Method, String, Option<Value>)| {
        caller.request(method, &path, body)
    };
    let (by_a, by_b) = if by_themselves { (&a, &b) } else { (&b, &a) };
    let requests = [request(by_a, first.call(&a)), request(by_b, second.call(&b))];
    let answers = app.at_once(requests.into_iter()).await;
    let gone = answers.iter().filter(|answer| answer.status.is_success()).count();
    assert_eq!(gone, 1, "{round}: {answers:?}");
    for answer in answers.iter().filter(|answer| !answer.status.is_success()) {
        // Who was disabled or stripped first may not ask any more.
        let refused = matches!(answer.status.as_u16(), 401 | 403) && !by_themselves;
        assert!(refused || answer.status == 409, "{round}: {}", answer.text());
    }
    for name in names {
        let answer = app.try_sign_in(&name, PASSWORD).await;
        if answer.status == 201 && Person::new(app, &answer.json()).get("/roles").await.status == 200 {
            return name;
        }
    }
    panic!("{round}: no administrator is left");
}
