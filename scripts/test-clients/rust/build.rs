//! Makes the client of the document in OpenAPI 3.0 that the variable DOCUMENT names.

use std::env;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

const JSON: &str = "application/json";
const PROBLEM: &str = "application/problem+json";

fn main() {
    println!("cargo::rerun-if-env-changed=DOCUMENT");
    let path = env::var("DOCUMENT").expect("DOCUMENT names a file");
    println!("cargo::rerun-if-changed={path}");
    let document = fs::read_to_string(&path).expect("DOCUMENT can be read");
    let mut document: Value = serde_json::from_str(&document).expect("DOCUMENT is JSON");
    suit_progenitor(&mut document);
    let document = serde_json::from_value(document).expect("DOCUMENT is in OpenAPI 3.0");
    let code =
        progenitor::Generator::default().generate_tokens(&document).expect("a client can be made of it");
    let file = Path::new(&env::var("OUT_DIR").expect("cargo sets OUT_DIR")).join("client.rs");
    fs::write(file, code.to_string()).expect("OUT_DIR can be written");
}

/// Of what progenitor does not know there is: several media types for a body, problems, which are JSON, and OPTIONS.
fn suit_progenitor(document: &mut Value) {
    let paths = document["paths"].as_object_mut().expect("DOCUMENT has paths");
    for path in paths.values_mut().filter_map(Value::as_object_mut) {
        path.remove("options");
        for operation in path.values_mut() {
            if let Some(Value::Object(content)) = operation.pointer_mut("/requestBody/content")
                && content.contains_key(JSON)
            {
                content.retain(|media_type, _| media_type == JSON);
            }
            let responses = operation["responses"].as_object_mut();
            for response in responses.into_iter().flat_map(Map::values_mut) {
                if let Some(Value::Object(content)) = response.get_mut("content")
                    && let Some(problem) = content.remove(PROBLEM)
                {
                    content.insert(JSON.to_owned(), problem);
                }
            }
        }
    }
}
