//! The pages that links lead to.

use axum::http::{Method, header};

use crate::harness::accounts::AccountsApp;
use crate::harness::test_app::{Answer, request};

async fn page(path: &str, language: &str) -> Answer {
    let app = AccountsApp::on_sqlite().await;
    let mut request = request(Method::GET, path);
    request.headers_mut().insert(header::ACCEPT_LANGUAGE, language.parse().unwrap());
    app.send(request).await
}

#[tokio::test]
async fn each_page_has_the_headers_that_keep_its_token_where_it_is() {
    for path in [
        "/verify-email",
        "/reset-password",
        "/accept-invitation",
        "/link-page/style.css",
        "/link-page/script.js",
    ] {
        let page = page(path, "en").await;
        assert_eq!(page.status, 200, "{path}");
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        let policy = page.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; "), "{policy}");
        for word in ["unsafe", "http", "*", "data:"] {
            assert!(!policy.contains(word), "{policy}");
        }
    }
}

#[tokio::test]
async fn a_page_needs_nothing_from_elsewhere_and_has_no_script_of_its_own() {
    for path in ["/verify-email", "/reset-password", "/accept-invitation"] {
        let page = page(path, "en").await;
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        let html = page.text();
        for word in ["//", "style=", "onclick", "<style"] {
            assert!(!html.contains(word), "{word}: {html}");
        }
        assert!(html.contains(r#"<script src="link-page/script.js" defer></script>"#), "{html}");
    }
}

#[tokio::test]
async fn a_page_is_in_the_language_of_its_reader() {
    let english = page("/reset-password", "fr, en;q=0.5").await;
    assert!(english.text().contains(r#"<html lang="en">"#) && english.text().contains("Set a new password"));
    let german = page("/reset-password", "de-CH").await;
    assert!(
        german.text().contains(r#"<html lang="de">"#) && german.text().contains("Neues Passwort festlegen")
    );
    assert_eq!(german.header("vary"), "accept-language");
}

#[tokio::test]
async fn only_a_page_that_sets_a_password_asks_for_one() {
    for (path, asks) in [("/verify-email", false), ("/reset-password", true), ("/accept-invitation", true)] {
        let page = page(path, "en").await;
        for part in [r#"<label for="password">"#, r#"type="password" autocomplete="new-password""#] {
            assert_eq!(page.text().contains(part), asks, "{path}: {part}");
        }
        for word in ["onpaste", "readonly", "autocomplete=\"off\""] {
            assert!(!page.text().contains(word), "{path}: {word}");
        }
    }
}
