//! Property tests: what holds for every value, tested on generated texts that databases and Unicode treat differently.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use users_service::page::Page;
use users_service::users::{Email, FullName, Lookup, NewUser, User, Username};

use crate::harness::properties::check;
use crate::harness::test_app::{Answer, TestApp};

/// Pieces of text that some collation, normalisation or trimming takes to be equal to another.
fn piece() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "a",
        "A",
        "b",
        "B",
        "s",
        "S",
        "ss",
        "SS",
        "k",
        "i",
        "I",
        "1",
        "0",
        ".",
        "_",
        "-",
        "+",
        "'",
        " ",
        "\t",
        "\0",
        "\u{e1}",
        "\u{c1}",
        "\u{e4}",
        "a\u{301}",
        "a\u{308}",
        "\u{301}",
        "\u{308}",
        "\u{df}",
        "\u{1e9e}",
        "\u{130}",
        "\u{131}",
        "i\u{307}",
        "\u{17f}",
        "\u{212a}",
        "\u{3c3}",
        "\u{3c2}",
        "\u{3a3}",
        "\u{ff41}",
        "\u{2460}",
        "\u{fb01}",
        "\u{ad}",
        "\u{a0}",
        "\u{200b}",
        "\u{200c}",
        "\u{200d}",
        "\u{feff}",
        "\u{202e}",
        "\u{1f600}",
        "\u{1f468}\u{200d}\u{1f469}",
        "\u{5d0}",
        "\u{627}",
        "\u{4e2d}",
        "\u{e000}",
        "\u{10ffff}",
        "%",
        "\\",
        "\"",
        "@",
        "\u{3002}",
    ])
}

fn text() -> impl Strategy<Value = String> {
    vec(piece(), 0..8).prop_map(|pieces| pieces.concat())
}

/// Names of which most are accepted.
fn username() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[aAbBsSiI01][aAbBsSiI01._-]{1,3}[aAbBsSiI01]", 1 => "[ab01._-]{50}", 2 => text()]
}

/// Addresses of which most are accepted, many at international domains.
fn email() -> impl Strategy<Value = String> {
    let local_part = prop_oneof![4 => "[aAbBsS][aAbBsS01+'_-]{0,3}", 1 => text()];
    let domain = prop_oneof![
        2 => "[aAbBsS][aAbBsS01-]{0,2}",
        3 => prop::sample::select(vec!["m\u{fc}nchen", "mu\u{308}nchen", "M\u{dc}NCHEN", "xn--mnchen-3ya", "stra\u{df}e",
            "strasse", "\u{130}stanbul", "istanbul", "\u{ff45}xample", "\u{3c3}\u{3c2}", "\u{4e2d}", "\u{1f600}"]).prop_map(str::to_owned),
        1 => text(),
    ];
    let dot = prop::sample::select(vec![".", "\u{3002}", "\u{ff0e}"]);
    let end = prop::sample::select(vec!["com", "COM", "de", "\u{4e2d}\u{56fd}", "xn--fiqs8s"]);
    (local_part, domain, dot, end).prop_map(|(local, domain, dot, end)| format!("{local}@{domain}{dot}{end}"))
}

fn full_name() -> impl Strategy<Value = Option<String>> {
    prop::option::of(prop_oneof![
        text(),
        "\\PC{0,100}",
        vec(piece(), 95..105).prop_map(|pieces| pieces.concat())
    ])
}

fn accepted_user() -> impl Strategy<Value = NewUser> {
    (username(), email(), full_name()).prop_filter_map("is refused", |(username, email, full_name)| {
        Some(NewUser {
            username: Username::parse(&username).ok()?,
            email: Email::parse(&email).ok()?,
            full_name: full_name.map(|name| FullName::parse(&name)).transpose().ok()?,
        })
    })
}

#[test]
fn what_is_accepted_is_read_again_as_itself() {
    check(4096, &(username(), email(), full_name()), |(username, email, full_name)| {
        if let Ok(username) = Username::parse(&username) {
            prop_assert_eq!(&Username::parse(username.as_str()).unwrap(), &username);
        }
        if let Ok(email) = Email::parse(&email) {
            prop_assert_eq!(&Email::parse(email.as_str()).unwrap(), &email);
            prop_assert!(email.as_str().is_ascii());
            let unicode = email.in_unicode().unwrap_or_else(|| email.as_str().to_owned());
            prop_assert_eq!(&Email::parse(&unicode).unwrap(), &email);
        }
        if let Some(Ok(name)) = full_name.as_deref().map(FullName::parse) {
            prop_assert_eq!(&FullName::parse(name.as_str()).unwrap(), &name);
        }
        Ok(())
    });
}

/// A database of each kind, and a runtime to talk to them with.
struct Databases {
    runtime: Runtime,
    apps: [TestApp; 2],
}

impl Databases {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let apps = runtime.block_on(async { [TestApp::on_sqlite().await, TestApp::on_mysql().await] });
        Self { runtime, apps }
    }
}

/// What makes an answer, apart from the id that this request got.
fn essence(answer: &Answer) -> Value {
    let body = if answer.body.is_empty() { Value::Null } else { answer.json() };
    json!([
        answer.status.as_u16(),
        body["code"],
        body["errors"],
        body["total"],
        body["username"],
        body["email"],
        body["full_name"]
    ])
}

async fn look_up(app: &TestApp, username: Option<&str>, email: Option<&str>) -> Option<User> {
    let lookup = Lookup::new(username.map(str::to_owned), email.map(str::to_owned)).unwrap();
    app.users.look_up(&lookup, Page { number: 1, size: 1 }).await.unwrap().users.pop()
}

#[test]
fn what_is_accepted_comes_back_byte_for_byte_from_every_database() {
    let databases = Databases::new();
    check(128, &accepted_user(), |user| {
        for app in &databases.apps {
            databases.runtime.block_on(async {
                let created = app.users.create(user.clone()).await.unwrap();
                let expected = User {
                    id: created.id,
                    username: user.username.as_str().to_owned(),
                    email: user.email.as_str().to_owned(),
                    full_name: user.full_name.as_ref().map(|name| name.as_str().to_owned()),
                    created_at: created.created_at,
                };
                let found = [
                    app.users.get(created.id).await.ok(),
                    look_up(app, Some(user.username.as_str()), None).await,
                    look_up(app, None, Some(user.email.as_str())).await,
                ];
                // Deleted before the check: a failure must not affect the search for a smaller value.
                app.users.delete(None, created.id, None).await.unwrap();
                let expected = Some(expected);
                for found in found {
                    prop_assert_eq!(&found, &expected);
                }
                Ok(())
            })?;
        }
        Ok(())
    });
}

/// Two users that may conflict, as a client would send them.
fn pair() -> impl Strategy<Value = [Value; 2]> {
    let user = || (username(), email(), full_name());
    let same_or = |same: &str, other: String, which: u8| match which {
        0 => other,
        1 => same.to_owned(),
        2 => same.to_uppercase(),
        3 => same.to_lowercase(),
        4 => format!("{same} "),
        5 => same.replace(['a', 's'], "\u{e1}"),
        _ => same.replace('-', ""),
    };
    (user(), user(), 0_u8..7, 0_u8..7).prop_map(move |(one, other, username_like, email_like)| {
        let username = same_or(&one.0, other.0, username_like);
        let email = same_or(&one.1, other.1, email_like);
        [
            json!({"username": one.0, "email": one.1, "full_name": one.2}),
            json!({"username": username, "email": email, "full_name": other.2}),
        ]
    })
}

/// Creates one user, then the other, looks both up, updates the first to the second, and deletes what was created.
async fn story(app: &TestApp, [one, other]: &[Value; 2]) -> Vec<Value> {
    let created = [app.post("/users", one.clone()).await, app.post("/users", other.clone()).await];
    let mut answers: Vec<Value> = created.iter().map(essence).collect();
    for user in [one, other] {
        for field in ["username", "email"] {
            let value: String =
                url::form_urlencoded::byte_serialize(user[field].as_str().unwrap().as_bytes()).collect();
            answers.push(essence(&app.get(&format!("/users?{field}={value}")).await));
        }
    }
    let paths: Vec<_> =
        created.iter().map(|answer| answer.header("location")).filter(|path| !path.is_empty()).collect();
    if let Some(path) = paths.last() {
        answers.push(essence(&app.put(path, one.clone()).await));
    }
    for path in paths {
        assert_eq!(app.delete(path).await.status, 204);
    }
    answers
}

#[test]
fn what_is_equal_to_one_store_is_equal_to_all() {
    let databases = Databases::new();
    check(192, &pair(), |pair| {
        let [sqlite, mysql] = &databases.apps;
        let (sqlite, mysql) =
            databases.runtime.block_on(async { (story(sqlite, &pair).await, story(mysql, &pair).await) });
        prop_assert_eq!(&sqlite, &mysql);
        // The contract: unique ignoring the case of ASCII letters.
        if sqlite[0][0] == 201 && sqlite[1][0] != 422 {
            let stored = |field: &str| match field {
                "email" => pair
                    .each_ref()
                    .map(|user| Email::parse(user["email"].as_str().unwrap()).unwrap().into_string()),
                _ => pair.each_ref().map(|user| user[field].as_str().unwrap().to_owned()),
            };
            let same =
                ["username", "email"].map(stored).iter().any(|[one, other]| one.eq_ignore_ascii_case(other));
            prop_assert_eq!(sqlite[1][0] == 409, same);
        }
        Ok(())
    });
}
