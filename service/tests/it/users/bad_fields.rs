//! Fields that break the rules for input.

use axum::http::Method;
use serde_json::{Value, json};

use crate::harness::test_app::{TestApp, json_request, on_every_database};

on_every_database! {
    no_input_causes_an_internal_error,
}

/// Texts that have broken services before.
fn nasty_texts() -> Vec<String> {
    let texts = [
        "",
        " ",
        "\0",
        "a\0b",
        "\u{feff}",
        "\u{fffd}",
        "\u{202e}abc",
        "'; drop table users; --",
        "\" or \"\"=\"",
        "%s%n%d",
        "../../etc/passwd",
        "<script>alert(1)</script>",
        "😀😀😀",
        "ادا",
        "ﬃ",
        "ß",
        "İstanbul",
        "ada ",
        "Straße@example.com",
        "a@b",
        "@",
        "a@[::1]",
        "a@xn--a.com",
        "a@\u{ad}.com",
        "a@example.com\r\nBcc: x",
        "\u{10ffff}",
        "a\u{0300}\u{0301}\u{0302}",
        "NaN",
        "null",
        "-1",
        "1e400",
        "\\",
        "{{7*7}}",
        "\u{1f468}\u{200d}",
    ];
    let long = [3, 50, 51, 64, 100, 101, 255, 65_536].map(|length| "x".repeat(length));
    let wide = [50, 100, 101, 70_000].map(|length| "😀".repeat(length));
    texts.into_iter().map(str::to_owned).chain(long).chain(wide).collect()
}

async fn no_input_causes_an_internal_error(app: TestApp) {
    let path = app.user("ada").await;
    for text in nasty_texts() {
        let query: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
        let as_email = format!("{text}@example.com");
        let mut answers = vec![
            app.post("/users", json!({"username": text, "email": text, "full_name": text})).await,
            app.post("/users", json!({"username": "bob", "email": as_email, "full_name": text})).await,
            app.put(&path, json!({"username": text})).await,
            app.put(&path, json!({"email": text})).await,
            app.put(&path, json!({"full_name": text})).await,
        ];
        // A longer target does not reach the router.
        if query.len() < 16_384 {
            for target in [
                format!("/users?username={query}"),
                format!("/users?email={query}"),
                format!("/users?username={query}&email={query}%40example.com"),
                format!("/users?page={query}"),
                format!("/users/{query}"),
            ] {
                answers.push(app.get(&target).await);
            }
        }
        for answer in answers {
            assert!(answer.status.as_u16() < 500, "{text:?}: {}", answer.text());
        }
        app.delete("/users/2").await;
    }
}

async fn assert_refused(field: &str, value: impl Into<Value>, code: &str) {
    let app = TestApp::on_sqlite().await;
    let path = app.user("ada").await;
    let value = value.into();
    let mut body = json!({"username": "bob", "email": "bob@example.com"});
    body[field] = value.clone();
    app.post("/users", body).await.assert_field_errors(&[(field, code)]);
    app.put(&path, json!({field: value})).await.assert_field_errors(&[(field, code)]);
    assert_eq!(app.listed("/users").await, (vec!["ada".to_owned()], 1));
}

#[tokio::test]
async fn a_username_has_3_to_50_characters() {
    assert_refused("username", "", "too_short").await;
    assert_refused("username", "ab", "too_short").await;
    assert_refused("username", "x".repeat(51), "too_long").await;
}

#[tokio::test]
async fn a_username_consists_of_ascii_letters_digits_and_inner_marks() {
    for name in [
        "john doe",
        " john",
        "john ",
        "_john",
        "john-",
        "john.",
        "jöhn",
        "jоhn",
        "john\0",
        "jo@hn",
        "john\n",
        "ｊｏｈｎ",
        "jo\u{200b}hn",
        "joħn",
        "jo'hn",
    ] {
        assert_refused("username", name, "invalid_characters").await;
    }
}

#[tokio::test]
async fn an_email_is_an_address() {
    for email in [
        "",
        "plain",
        "a@b",
        "@example.com",
        "a@",
        "a b@example.com",
        "a@exa mple.com",
        "a@example..com",
        ".a@example.com",
        "a..b@example.com",
        "a@-example.com",
        "\"a b\"@example.com",
        "a@[127.0.0.1]",
        "a@example.com\n",
        "a@@example.com",
        "é@example.com",
        "a@example.com, b@example.com",
        "Ada <a@example.com>",
    ] {
        assert_refused("email", email, "invalid_format").await;
    }
}

#[tokio::test]
async fn an_email_has_at_most_64_characters_before_the_at_and_100_in_all() {
    assert_refused("email", format!("{}@example.com", "x".repeat(65)), "too_long").await;
    assert_refused("email", format!("{}@{}.com", "x".repeat(50), "y".repeat(46)), "too_long").await;
    // Counted as it would be stored.
    assert_refused("email", format!("{}@{}.de", "x".repeat(60), "ü".repeat(34)), "too_long").await;
}

#[tokio::test]
async fn a_full_name_has_at_most_100_characters() {
    assert_refused("full_name", "x".repeat(101), "too_long").await;
    assert_refused("full_name", "😀".repeat(101), "too_long").await;
}

#[tokio::test]
async fn a_full_name_has_no_control_or_bidirectional_characters() {
    for name in ["a\0b", "a\nb", "a\u{7f}b", "a\u{85}b", "a\u{202e}b", "a\u{2066}b", "\u{1b}[31mred"] {
        assert_refused("full_name", name, "invalid_characters").await;
    }
}

#[tokio::test]
async fn a_full_name_has_a_visible_character_or_is_empty() {
    for name in [
        "\u{200b}",
        "\u{2060}",
        "\u{feff}",
        "\u{ad}",
        "\u{3164}",
        "\u{115f}",
        "\u{2800}",
        " \u{200b} \u{200d}",
    ] {
        assert_refused("full_name", name, "invalid_characters").await;
    }
    let app = TestApp::on_sqlite().await;
    let path = app.user("ada").await;
    for (name, kept) in
        [("", ""), ("  ", ""), ("\u{1f468}\u{200d}", "\u{1f468}\u{200d}"), ("\u{feff}Ada", "\u{feff}Ada")]
    {
        let changed = app.put(&path, json!({"full_name": name})).await;
        assert_eq!(changed.json()["full_name"], kept, "{name:?}");
    }
}

#[tokio::test]
async fn a_field_of_a_wrong_type_is_refused() {
    for value in [json!(1), json!(1.5), json!(true), json!([]), json!(["ada"]), json!({}), json!({"a": "b"})]
    {
        for field in ["username", "email", "full_name"] {
            assert_refused(field, value.clone(), "wrong_type").await;
        }
    }
    assert_refused("username", Value::Null, "null").await;
    assert_refused("email", Value::Null, "null").await;
}

#[tokio::test]
async fn a_new_user_must_have_a_username_and_an_email() {
    let app = TestApp::on_sqlite().await;
    let missing = [("username", "missing"), ("email", "missing")];
    app.post("/users", json!({})).await.assert_field_errors(&missing);
    app.post("/users", json!({"Username": "ada", "EMAIL": "ada@example.com"}))
        .await
        .assert_field_errors(&missing);
    app.post("/users", json!({"username": "ada"})).await.assert_field_errors(&[("email", "missing")]);
}

#[tokio::test]
async fn all_invalid_fields_are_reported_together() {
    let app = TestApp::on_sqlite().await;
    let path = app.user("ada").await;
    let body = json!({"username": "a", "email": "nowhere", "full_name": 7});
    let errors = [("username", "too_short"), ("email", "invalid_format"), ("full_name", "wrong_type")];
    let refused = app.post("/users", body.clone()).await;
    refused.assert_field_errors(&errors);
    let detail = refused.json()["detail"].as_str().unwrap().to_owned();
    for field in ["username", "email", "full_name"] {
        assert!(detail.contains(field), "{detail}");
    }
    app.put(&path, body).await.assert_field_errors(&errors);
    let body = json!({"username": null, "full_name": "a\u{202e}b"});
    app.post("/users", body).await.assert_field_errors(&[
        ("username", "null"),
        ("email", "missing"),
        ("full_name", "invalid_characters"),
    ]);
}

#[tokio::test]
async fn of_a_field_given_twice_the_last_counts() {
    let app = TestApp::on_sqlite().await;
    let body = r#"{"username":"x","email":"ada@example.com","username":"ada"}"#;
    let created = app.send(json_request(Method::POST, "/users", body)).await;
    assert_eq!(created.json()["username"], "ada");
}
