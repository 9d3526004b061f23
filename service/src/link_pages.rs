//! The pages that links in mails lead to, unless the team has its own: they take the token from the fragment, and a button
//! posts it.

use askama::Template;
use axum::Router;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::http::{Problem, language};
use crate::language::Language;

const STYLE: &str = include_str!("../pages/style.css");
const SCRIPT: &str = include_str!("../pages/script.js");

/// Nothing but the page's own style, script and calls; no other page may frame it.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

/// The three pages and their parts.
pub(crate) fn router() -> Router {
    Router::new()
        .route("/verify-email", get(async |headers: HeaderMap| page(Page::VerifyEmail, &headers)))
        .route("/reset-password", get(async |headers: HeaderMap| page(Page::ResetPassword, &headers)))
        .route("/accept-invitation", get(async |headers: HeaderMap| page(Page::AcceptInvitation, &headers)))
        .route("/link-page/style.css", get(async || part("text/css; charset=utf-8", STYLE)))
        .route("/link-page/script.js", get(async || part("text/javascript; charset=utf-8", SCRIPT)))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Page {
    VerifyEmail,
    ResetPassword,
    AcceptInvitation,
}

/// What a page says.
struct Words {
    title: &'static str,
    intro: &'static str,
    button: &'static str,
    done: &'static str,
    password: &'static str,
    show: &'static str,
    invalid: &'static str,
    refused: &'static str,
    later: &'static str,
    no_script: &'static str,
}

#[derive(Template)]
#[template(path = "link_page.html")]
struct Html {
    language: &'static str,
    words: Words,
    /// Relative: the service may be under a path.
    call: &'static str,
    asks_for_password: bool,
}

fn page(page: Page, headers: &HeaderMap) -> Result<Response, Problem> {
    let language = language(headers);
    let words = match language {
        Language::En => english(page),
        Language::De => german(page),
    };
    let (call, asks_for_password) = match page {
        Page::VerifyEmail => ("email-verifications/confirm", false),
        Page::ResetPassword | Page::AcceptInvitation => ("passwords/confirm", true),
    };
    let html = Html { language: language.as_str(), words, call, asks_for_password }.render();
    let html = html.map_err(Problem::internal)?;
    let vary = (header::VARY, HeaderValue::from_static("accept-language"));
    Ok(([vary], part("text/html; charset=utf-8", html)).into_response())
}

fn part(content_type: &'static str, body: impl IntoResponse) -> Response {
    let headers: [(HeaderName, &str); 5] = [
        (header::CONTENT_TYPE, content_type),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, body).into_response()
}

const fn english(page: Page) -> Words {
    let (title, intro, button, done) = match page {
        Page::VerifyEmail => (
            "Confirm your e-mail address",
            "Press the button to confirm that this is your address.",
            "Confirm the address",
            "Thank you. Your address is confirmed.",
        ),
        Page::ResetPassword => (
            "Set a new password",
            "Choose a new password. You will be signed out everywhere.",
            "Set the password",
            "Your new password is set. You can sign in with it.",
        ),
        Page::AcceptInvitation => (
            "Welcome",
            "Choose a password for your account.",
            "Set the password",
            "Your password is set. You can sign in with it.",
        ),
    };
    Words {
        title,
        intro,
        button,
        done,
        password: "New password",
        show: "Show the password",
        invalid: "This link is used, too old or incomplete. Ask for a new one.",
        refused: "This password cannot be taken. It",
        later: "That did not work just now. Try again in a few minutes.",
        no_script: "This page needs JavaScript.",
    }
}

const fn german(page: Page) -> Words {
    let (title, intro, button, done) = match page {
        Page::VerifyEmail => (
            "E-Mail-Adresse bestätigen",
            "Drücken Sie den Knopf, um zu bestätigen, dass dies Ihre Adresse ist.",
            "Adresse bestätigen",
            "Vielen Dank. Ihre Adresse ist bestätigt.",
        ),
        Page::ResetPassword => (
            "Neues Passwort festlegen",
            "Wählen Sie ein neues Passwort. Sie werden überall abgemeldet.",
            "Passwort festlegen",
            "Ihr neues Passwort ist festgelegt. Sie können sich damit anmelden.",
        ),
        Page::AcceptInvitation => (
            "Willkommen",
            "Wählen Sie ein Passwort für Ihr Konto.",
            "Passwort festlegen",
            "Ihr Passwort ist festgelegt. Sie können sich damit anmelden.",
        ),
    };
    Words {
        title,
        intro,
        button,
        done,
        password: "Neues Passwort",
        show: "Passwort anzeigen",
        invalid: "Dieser Link ist verbraucht, zu alt oder unvollständig. Fordern Sie einen neuen an.",
        refused: "Dieses Passwort geht nicht. Wählen Sie ein längeres, das nicht leicht zu erraten ist.",
        later: "Das hat gerade nicht geklappt. Versuchen Sie es in einigen Minuten noch einmal.",
        no_script: "Diese Seite braucht JavaScript.",
    }
}
