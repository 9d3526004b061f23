//! The document in OpenAPI 3.0.

use axum::http::Method;
use serde_json::Value;

use super::openapi::{document_with_accounts, operations};
use crate::harness::accounts::AccountsApp;
use crate::harness::test_app::TestApp;

/// What a schema may have in 3.0 (<https://spec.openapis.org/oas/v3.0.3.html#schema-object>).
const KEYWORDS: &str = "title multipleOf maximum exclusiveMaximum minimum exclusiveMinimum maxLength minLength \
    pattern maxItems minItems uniqueItems maxProperties minProperties required enum type allOf oneOf anyOf not items \
    properties additionalProperties description format default nullable discriminator readOnly writeOnly xml \
    externalDocs example deprecated";

async fn older_documents() -> [Value; 2] {
    let open = TestApp::on_sqlite().await.get("/openapi-3.0.json").await;
    assert_eq!((open.status.as_u16(), open.header("content-type")), (200, "application/json"));
    let app = AccountsApp::on_sqlite().await;
    [open.json(), app.call(Method::GET, "/openapi-3.0.json", None).await.json()]
}

/// Calls back for every schema of a document, with where it is.
fn each_schema(value: &Value, place: &str, visit: &mut impl FnMut(&Value, &str)) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| each_schema(item, place, visit)),
        Value::Object(members) => {
            for (name, member) in members.iter().filter(|(name, _)| *name != "example") {
                let place = format!("{place}/{name}");
                match name.as_str() {
                    "schema" => visit_schema(member, &place, visit),
                    "schemas" => {
                        for (name, schema) in member.as_object().unwrap() {
                            visit_schema(schema, &format!("{place}/{name}"), visit);
                        }
                    }
                    _ => each_schema(member, &place, visit),
                }
            }
        }
        _ => {}
    }
}

fn visit_schema(schema: &Value, place: &str, visit: &mut impl FnMut(&Value, &str)) {
    visit(schema, place);
    let fields = schema["properties"].as_object().into_iter().flatten();
    fields.for_each(|(name, field)| visit_schema(field, &format!("{place}/{name}"), visit));
    for list in ["allOf", "oneOf", "anyOf"] {
        schema[list].as_array().into_iter().flatten().for_each(|schema| visit_schema(schema, place, visit));
    }
    schema.get("items").into_iter().for_each(|schema| visit_schema(schema, place, visit));
}

#[tokio::test]
async fn it_has_the_same_calls() {
    let newer = document_with_accounts().await;
    let [_, older] = older_documents().await;
    assert_eq!(older["openapi"], "3.0.3");
    let names = |document: &Value| -> Vec<_> {
        let operations = operations(document).into_iter();
        operations.map(|(method, path, operation)| (method, path, operation["operationId"].clone())).collect()
    };
    assert_eq!(names(&older), names(&newer));
    assert_eq!(older["info"], newer["info"]);
}

#[tokio::test]
async fn its_schemas_say_nothing_that_3_0_does_not_know() {
    let known: Vec<_> = KEYWORDS.split_whitespace().collect();
    for document in older_documents().await {
        let mut count = 0;
        each_schema(&document, "", &mut |schema, place| {
            count += 1;
            let members = schema.as_object().unwrap();
            let is_reference = members.len() == 1 && members.contains_key("$ref");
            for name in members.keys().filter(|_| !is_reference) {
                assert!(known.contains(&name.as_str()), "{place}: {name} in {schema}");
            }
            assert!(!schema["type"].is_array() && schema["type"] != "null", "{place}: {schema}");
            assert!(schema["nullable"].is_null() || schema["type"].is_string(), "{place}: {schema}");
        });
        assert!(count > 50);
    }
}

#[tokio::test]
async fn a_field_that_may_be_null_is_nullable() {
    for document in older_documents().await {
        for schema in ["CreateUser", "UpdateUser", "User"] {
            let field = &document["components"]["schemas"][schema]["properties"]["full_name"];
            assert_eq!((&field["type"], &field["nullable"]), (&"string".into(), &true.into()), "{schema}");
        }
    }
}
