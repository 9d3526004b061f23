//! The OpenAPI document, and whether the service conforms to it.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Map, Value, json};
use users_service::db::{Database, Error, Outage};
use users_service::http::RequireIfMatch;

use crate::harness::accounts::AccountsApp;
use crate::harness::test_app::{Answer, TestApp, answer, json_request, request, service_over, with};

async fn document() -> Value {
    let app = TestApp::on_sqlite().await;
    let answer = app.get("/openapi.json").await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/json"));
    answer.json()
}

/// The same with `ACCESS=tokens`.
pub(crate) async fn document_with_accounts() -> Value {
    let app = AccountsApp::on_sqlite().await;
    app.call(Method::GET, "/openapi.json", None).await.json()
}

async fn documents() -> [Value; 2] {
    [document().await, document_with_accounts().await]
}

/// Every operation with its method in capitals and its path.
pub(crate) fn operations(document: &Value) -> Vec<(String, String, &Map<String, Value>)> {
    let paths = document["paths"].as_object().unwrap().iter();
    paths
        .flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().iter().filter(|(name, _)| *name != "parameters");
            methods.map(|(method, operation)| {
                (method.to_uppercase(), path.clone(), operation.as_object().unwrap())
            })
        })
        .collect()
}

/// Calls back for every value inside a value.
pub(crate) fn walk<'a>(value: &'a Value, visit: &mut impl FnMut(&'a Value)) {
    visit(value);
    match value {
        Value::Object(members) => members.values().for_each(|member| walk(member, visit)),
        Value::Array(items) => items.iter().for_each(|item| walk(item, visit)),
        _ => {}
    }
}

#[tokio::test]
async fn it_is_a_document_of_openapi_3_1() {
    for document in documents().await {
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1."), "{}", document["openapi"]);
        assert_eq!(document["info"]["title"], "Users Service");
        assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    }
}

#[tokio::test]
async fn it_has_not_changed_unnoticed() {
    insta::assert_json_snapshot!(without_release(document().await));
}

/// A document that is the same in every release.
pub(crate) fn without_release(mut document: Value) -> Value {
    document["info"]["version"] = "the release".into();
    walk_mut(&mut document, &mut |value| {
        if let Some(version) = value.get_mut("version").filter(|version| version.is_object()) {
            version["examples"] = json!(["the release"]);
        }
    });
    document
}

fn walk_mut(value: &mut Value, visit: &mut impl FnMut(&mut Value)) {
    visit(value);
    match value {
        Value::Object(members) => members.values_mut().for_each(|member| walk_mut(member, visit)),
        Value::Array(items) => items.iter_mut().for_each(|item| walk_mut(item, visit)),
        _ => {}
    }
}

#[tokio::test]
async fn every_reference_resolves() {
    for document in documents().await {
        let mut references = 0;
        walk(&document, &mut |value| {
            if let Some(Value::String(reference)) = value.get("$ref") {
                let target = document.pointer(reference.strip_prefix('#').unwrap());
                assert!(target.is_some(), "{reference}");
                references += 1;
            }
        });
        assert!(references > 0);
    }
}

#[tokio::test]
async fn these_operations_are_there() {
    let document = document().await;
    let operations = operations(&document);
    let names: BTreeSet<String> =
        operations.iter().map(|(method, path, _)| format!("{method} {path}")).collect();
    let expected = [
        "DELETE /users/{user_id}",
        "GET /health",
        "GET /ready",
        "GET /users",
        "GET /users/{user_id}",
        "OPTIONS /users/{user_id}",
        "PATCH /users/{user_id}",
        "POST /users",
        "PUT /users/{user_id}",
    ];
    assert_eq!(names, expected.map(str::to_owned).into());
}

#[tokio::test]
async fn these_are_the_names_of_calls_in_clients() {
    let document = document_with_accounts().await;
    let operations = operations(&document);
    let names: Vec<_> =
        operations.iter().map(|(_, _, operation)| operation["operationId"].as_str().unwrap()).collect();
    // A client that is made anew must find every method under its old name.
    insta::assert_snapshot!(names.join("\n"), @r"
    get_jwks
    get_openid_configuration
    request_email_verification
    confirm_email
    get_health
    request_password_reset
    confirm_password
    get_readiness
    list_roles
    delete_role
    get_role
    put_role
    sign_in
    sign_out
    refresh_session
    introspect_token
    list_users
    create_user
    delete_user
    get_user
    user_options
    patch_user
    update_user
    get_account
    update_account
    invite_user
    change_password
    get_user_roles
    set_user_roles
    end_sessions
    list_sessions
    end_session
    ");
    for operation in self::operations(&self::document().await) {
        assert!(names.contains(&operation.2["operationId"].as_str().unwrap()));
    }
}

#[tokio::test]
async fn every_tag_is_described_and_used() {
    for document in documents().await {
        let described: BTreeSet<_> =
            document["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
        let operations = operations(&document);
        let used: BTreeSet<_> =
            operations.iter().map(|(_, _, operation)| operation["tags"][0].as_str().unwrap()).collect();
        assert_eq!(described, used);
        assert!(document["tags"].as_array().unwrap().iter().all(|tag| tag["description"].is_string()));
    }
}

#[tokio::test]
async fn every_body_and_parameter_has_an_example() {
    for document in documents().await {
        for (method, path, operation) in operations(&document) {
            let bodies = operation["responses"].as_object().unwrap().values();
            for body in bodies.chain(operation.get("requestBody")) {
                for content in body["content"].as_object().into_iter().flat_map(Map::values) {
                    assert!(content["example"].is_object(), "{method} {path}: {content}");
                }
            }
            let parameters = operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
            for parameter in parameters {
                assert!(!parameter["example"].is_null(), "{method} {path}: {parameter}");
            }
        }
    }
}

#[tokio::test]
async fn every_operation_has_an_id_a_summary_and_described_answers() {
    for document in documents().await {
        assert_described(&document);
    }
}

fn assert_described(document: &Value) {
    let operations = operations(document);
    let ids: BTreeSet<_> =
        operations.iter().map(|(_, _, operation)| operation["operationId"].as_str()).collect();
    assert_eq!(ids.len(), operations.len(), "operation ids are unique");
    for (method, path, operation) in operations {
        assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{method} {path}");
        for (status, response) in operation["responses"].as_object().unwrap() {
            assert!(!response["description"].as_str().unwrap().is_empty(), "{method} {path} {status}");
            assert!(response["headers"]["x-request-id"].is_object(), "{method} {path} {status}");
        }
    }
}

#[tokio::test]
async fn every_error_is_a_problem_with_an_example() {
    let documents = documents().await;
    for (method, path, operation) in documents.iter().flat_map(operations) {
        let responses = operation["responses"].as_object().unwrap().iter();
        for (status, response) in responses.filter(|(status, _)| status.as_str() >= "400") {
            let content = &response["content"]["application/problem+json"];
            assert_eq!(content["schema"]["$ref"], "#/components/schemas/Problem", "{method} {path} {status}");
            assert_eq!(content["example"]["status"].to_string(), *status, "{method} {path} {status}");
        }
    }
}

#[tokio::test]
async fn every_field_of_an_answer_has_an_example() {
    let document = document().await;
    for name in ["User", "UserList", "Problem", "FieldError"] {
        let properties = document["components"]["schemas"][name]["properties"].as_object().unwrap();
        for (field, schema) in
            properties.iter().filter(|(field, _)| !["users", "errors"].contains(&field.as_str()))
        {
            assert!(
                schema["examples"].is_array() || schema["example"].is_string(),
                "{name}.{field}: {schema}"
            );
        }
    }
}

#[tokio::test]
async fn a_date_is_no_date_time_because_it_has_no_zone() {
    let document = document().await;
    let created_at = &document["components"]["schemas"]["User"]["properties"]["created_at"];
    assert_eq!(created_at["pattern"], r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$");
    assert!(created_at.get("format").is_none(), "{created_at}");
}

#[tokio::test]
async fn the_fields_of_users_and_lists_are_complete_and_those_of_every_answer_required() {
    let app = TestApp::on_sqlite().await;
    app.user("ada").await;
    app.user("bob").await;
    let document = document().await;
    for (name, answers) in
        [("User", ["/users/1", "/users/2"]), ("UserList", ["/users", "/users?page_size=1&after="])]
    {
        let schema = &document["components"]["schemas"][name];
        let described: BTreeSet<_> = schema["properties"].as_object().unwrap().keys().cloned().collect();
        let required: BTreeSet<_> = schema["required"]
            .as_array()
            .unwrap()
            .iter()
            .map(|field| field.as_str().unwrap().to_owned())
            .collect();
        let mut given: Vec<BTreeSet<String>> = Vec::new();
        for path in answers {
            given.push(app.get(path).await.json().as_object().unwrap().keys().cloned().collect());
        }
        assert_eq!(described, &given[0] | &given[1]);
        assert_eq!(required, &given[0] & &given[1]);
    }
}

#[tokio::test]
async fn the_examples_of_requests_are_accepted() {
    let document = document().await;
    let app = TestApp::on_sqlite().await;
    let examples =
        |name: &str| document["components"]["schemas"][name]["examples"].as_array().unwrap().clone();
    for example in examples("CreateUser") {
        assert_eq!(app.post("/users", example).await.status, 201);
    }
    for example in examples("UpdateUser") {
        assert_eq!(app.put("/users/1", example.clone()).await.status, 200);
        assert_eq!(app.patch("/users/1", example).await.status, 200);
    }
}

/// A request that makes an operation answer this status; `None` where no request can.
fn provoke(method: &str, path: &str, status: &str) -> Option<Request<Body>> {
    let id = match status {
        "404" => "9",
        "422" => "abc",
        _ => "1",
    };
    let target = path.replace("{user_id}", id);
    let verb: Method = method.parse().unwrap();
    let body = match status {
        "400" => "{".to_owned(),
        "409" => r#"{"username":"bob","email":"bob2@example.com"}"#.to_owned(),
        "413" => " ".repeat((1 << 20) + 1),
        "422" => r#"{"username":"x"}"#.to_owned(),
        _ => r#"{"username":"new","email":"new@example.com"}"#.to_owned(),
    };
    match status {
        // It takes twenty seconds.
        "408" => None,
        "304" => Some(with("if-none-match", "*", request(verb, &target))),
        "412" => Some(with("if-match", "\"another\"", json_request(verb, &target, body))),
        "415" => Some(Request::builder().method(verb).uri(target).body(Body::from("{}")).unwrap()),
        // With a next page.
        "200" if path == "/users" => Some(request(verb, "/users?page_size=1&after=")),
        "422" if path == "/users" && method == "GET" => Some(request(verb, "/users?page=0")),
        _ => Some(json_request(verb, &target, body)),
    }
}

fn unavailable() -> Error {
    Error::unavailable(Outage::Unreachable, "a test")
}

/// What an operation answers when it is to answer this status.
async fn provoked(method: &str, path: &str, status: &str) -> Option<Answer> {
    let request = provoke(method, path, status)?;
    Some(match status {
        "500" => answer(&service_over(Database::failing(|| panic!("a test"))), request).await,
        "503" => answer(&service_over(Database::failing(unavailable)), request).await,
        _ => {
            let app = TestApp::on_sqlite().await;
            let app = app.configured(|state| state.require_if_match = RequireIfMatch(status == "428")).await;
            app.user("ada").await;
            app.user("bob").await;
            app.send(request).await
        }
    })
}

#[tokio::test]
async fn every_answer_that_is_listed_is_given() {
    for (method, path, operation) in operations(&document().await) {
        for (status, response) in operation["responses"].as_object().unwrap() {
            let Some(answer) = provoked(&method, &path, status).await else { continue };
            assert_eq!(answer.status.as_str(), status, "{method} {path}: {}", answer.text());
            let described = response.get("content").and_then(Value::as_object);
            let described = described.and_then(|content| content.keys().next().cloned());
            assert_eq!(
                answer.header("content-type"),
                described.unwrap_or_default(),
                "{method} {path} {status}"
            );
            // `Age` is that of an answer that was kept; `users::caching` provokes it.
            for name in response["headers"].as_object().unwrap().keys().filter(|name| *name != "age") {
                assert!(answer.headers.contains_key(name), "{method} {path} {status}: {name}");
            }
        }
    }
}

#[tokio::test]
async fn every_answer_that_is_given_is_listed() {
    let document = document().await;
    for (method, path, operation) in operations(&document) {
        let listed: Vec<_> = operation["responses"].as_object().unwrap().keys().map(String::as_str).collect();
        for status in ["200", "304", "400", "404", "409", "412", "413", "415", "422", "428", "500", "503"] {
            let answer = provoked(&method, &path, status).await.unwrap();
            assert!(listed.contains(&answer.status.as_str()), "{method} {path}: {}", answer.status);
        }
    }
}
