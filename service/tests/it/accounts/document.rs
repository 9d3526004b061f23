//! The OpenAPI document with `ACCESS=tokens`.

use axum::http::Method;
use serde_json::{Value, json};
use users_service::limits::Rate;

use crate::harness::accounts::{AccountsApp, application};
use crate::harness::databases::TestDatabase;

use crate::http::openapi::{document_with_accounts, operations, walk, without_release};

#[tokio::test]
async fn it_has_not_changed_unnoticed() {
    insta::assert_json_snapshot!(without_release(document_with_accounts().await));
}

#[tokio::test]
async fn every_call_says_whom_it_serves() {
    let document = document_with_accounts().await;
    let scheme = &document["components"]["securitySchemes"]["bearer"];
    assert_eq!((&scheme["type"], &scheme["scheme"]), (&json!("http"), &json!("bearer")));
    for (method, path, operation) in operations(&document) {
        assert!(operation["security"].is_array(), "{method} {path}");
        let text = operation["description"].as_str().unwrap();
        for alternative in operation["security"].as_array().unwrap() {
            let scopes = alternative.get("bearer").and_then(Value::as_array).into_iter().flatten();
            for permission in scopes {
                assert!(
                    text.contains(&format!("`{}`", permission.as_str().unwrap())),
                    "{method} {path}: {text}"
                );
            }
        }
        let security = operation["security"].as_array().unwrap();
        let is_open = security.is_empty() || security.contains(&json!({}));
        let answers = operation["responses"].as_object().unwrap();
        assert!(is_open || (answers.contains_key("401") && answers.contains_key("403")), "{method} {path}");
    }
}

#[tokio::test]
async fn a_limit_of_requests_is_told_where_there_is_one() {
    let mut application = application();
    application.limits.requests = Some(Rate::a_minute(1).unwrap().named("requests"));
    let app = AccountsApp::on(TestDatabase::sqlite().await, application).await;
    let document = app.call(Method::GET, "/openapi.json", None).await.json();
    for (method, path, operation) in operations(&document) {
        let listed = &operation["responses"]["429"];
        assert_eq!(listed.is_object(), !["/health", "/ready"].contains(&&*path), "{method} {path}");
        let call = || app.call(method.parse().unwrap(), &path, None);
        call().await;
        let answer = call().await;
        assert_eq!(answer.status == 429, listed.is_object(), "{method} {path}: {}", answer.text());
        if listed.is_object() {
            answer.assert_problem(429, "too_many_requests");
        }
    }
}

#[tokio::test]
async fn every_field_of_an_answer_has_an_example_or_a_schema() {
    let document = document_with_accounts().await;
    for name in ["Account", "Tokens", "Session", "Role", "UserRoles"] {
        for (field, schema) in document["components"]["schemas"][name]["properties"].as_object().unwrap() {
            let is_shown = [schema, &schema["items"]].iter().any(|schema| schema["examples"].is_array());
            assert!(is_shown || schema["$ref"].is_string(), "{name}.{field}: {schema}");
        }
    }
}

#[tokio::test]
async fn an_example_has_the_type_of_its_schema() {
    walk(&document_with_accounts().await, &mut |value| {
        if let (Some("string"), Some(examples)) = (value["type"].as_str(), value["examples"].as_array()) {
            assert!(examples.iter().all(Value::is_string), "{value}");
        }
    });
}
