//! Where links lead, whatever a request says of the host that it was sent to.

use axum::body::Body;
use axum::http::{HeaderName, Method, Request};
use serde_json::json;

use crate::harness::accounts::{AccountsApp, PUBLIC_URL, call, with_accounts_on_every_database};

with_accounts_on_every_database! {
    no_host_of_a_request_gets_into_a_mail,
}

/// In each header that servers are known to build links from.
fn forged(mut request: Request<Body>) -> Request<Body> {
    for (name, value) in [
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-server", "evil.example"),
        ("x-forwarded-proto", "gopher"),
        ("x-original-url", "https://evil.example/"),
        ("x-rewrite-url", "https://evil.example/"),
        ("forwarded", "for=192.0.2.1;host=evil.example;proto=gopher"),
        ("origin", "https://evil.example"),
        ("referer", "https://evil.example/"),
    ] {
        request.headers_mut().insert(HeaderName::from_static(name), value.parse().unwrap());
    }
    request
}

async fn no_host_of_a_request_gets_into_a_mail(app: AccountsApp) {
    let ada = app.person("ada", &[]).await;
    let verification = json!({"email": "ada@example.com"});
    for (page, request) in [
        ("verify-email", call(Method::POST, "/email-verifications", Some(verification))),
        ("reset-password", call(Method::POST, "/password-resets", Some(json!({"login": "ada"})))),
        ("accept-invitation", app.root().await.request(Method::POST, &ada.path("/invitation"), None)),
    ] {
        assert_eq!(app.send(forged(request)).await.status, 202, "{page}");
        let mail = app.mail().await;
        assert!(mail.link().starts_with(&format!("{PUBLIC_URL}/{page}#uso_")), "{}", mail.link());
        for forged in ["evil", "gopher"] {
            assert!(!mail.text.contains(forged), "{}", mail.text);
        }
    }
}
