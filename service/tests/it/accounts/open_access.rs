//! With `ACCESS=open` there are no accounts: the service is as it is without them.

use axum::http::{Method, header};
use serde_json::{Value, json};
use users_service::app;

use crate::harness::test_app::{TestApp, json_request, on_every_database, request};

on_every_database! {
    each_call_of_the_accounts_tells_how_to_turn_them_on,
    me_is_nobody,
    credentials_are_left_alone,
    a_password_is_ignored_as_any_unknown_field_is,
    the_document_has_nothing_of_accounts,
}

/// The operations of a document: method and path.
fn operations(document: &Value) -> Vec<(Method, String)> {
    let paths = document["paths"].as_object().unwrap().iter();
    let of_path = |(path, item): (&String, &Value)| {
        let methods: Vec<_> = item.as_object().unwrap().keys().map(|name| name.to_uppercase()).collect();
        methods.into_iter().map(|method| (method.parse().unwrap(), path.clone())).collect::<Vec<_>>()
    };
    paths.flat_map(of_path).collect()
}

async fn each_call_of_the_accounts_tells_how_to_turn_them_on(app: TestApp) {
    let open = operations(&serde_json::to_value(app::open_document()).unwrap());
    let all = operations(&serde_json::to_value(app::document()).unwrap());
    assert!(open.iter().all(|operation| all.contains(operation)), "{open:?}");
    let of_accounts: Vec<_> = all.into_iter().filter(|operation| !open.contains(operation)).collect();
    assert!(of_accounts.len() >= 19, "{of_accounts:?}");
    for (method, path) in of_accounts {
        for user in ["1", "me", "x"] {
            let path = path.replace("{user_id}", user);
            let answer = app.send(request(method.clone(), &path)).await;
            let problem = answer.assert_problem(404, "accounts_off");
            assert!(problem["detail"].as_str().unwrap().contains("ACCESS=tokens"), "{problem}");
        }
    }
}

async fn me_is_nobody(app: TestApp) {
    app.user("ada").await;
    for method in [Method::GET, Method::DELETE] {
        let answer = app.send(request(method, "/users/me")).await;
        answer.assert_field_errors(&[("user_id", "invalid_format")]);
    }
    app.put("/users/me", json!({})).await.assert_field_errors(&[("user_id", "invalid_format")]);
}

async fn credentials_are_left_alone(app: TestApp) {
    for (number, credentials) in
        ["Bearer x", "Basic YTpi", "AWS4-HMAC-SHA256 Credential=x", ""].iter().enumerate()
    {
        let body = json!({"username": format!("ada{number}"), "email": format!("ada{number}@example.com")});
        let mut create = json_request(Method::POST, "/users", body.to_string());
        create.headers_mut().insert(header::AUTHORIZATION, credentials.parse().unwrap());
        let created = app.send(create).await;
        assert_eq!(created.status, 201, "{}", created.text());
        let path = created.header("location");
        for method in [Method::GET, Method::DELETE] {
            let mut request = request(method, path);
            request.headers_mut().insert(header::AUTHORIZATION, credentials.parse().unwrap());
            assert!(app.send(request).await.status.is_success());
        }
    }
}

async fn a_password_is_ignored_as_any_unknown_field_is(app: TestApp) {
    for (number, (password, hash)) in
        [(json!("short"), json!("no hash")), (json!(5), Value::Null), (Value::Null, json!([]))]
            .into_iter()
            .enumerate()
    {
        let body = json!({
            "username": format!("ada{number}"), "email": format!("ada{number}@example.com"),
            "password": password, "password_hash": hash,
        });
        assert_eq!(app.post("/users", body).await.status, 201);
    }
    assert_eq!(app.database.values("select cast(user_id as char) from accounts").await, [""; 0]);
}

async fn the_document_has_nothing_of_accounts(app: TestApp) {
    let answer = app.get("/openapi.json").await;
    assert_eq!(answer.text(), app::open_document().to_json().unwrap());
    // What it says of security is that there is none.
    let text = answer.text().to_lowercase().replacen(r#""security":[]"#, "", 1);
    for word in ["password", "bearer", "security", "session", "token", "permission", "accounts_off"] {
        assert!(!text.contains(word), "{word}");
    }
}
