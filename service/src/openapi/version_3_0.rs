//! The document in OpenAPI 3.0, for tools that stop there: the same calls and schemas in the words of that version.
//!
//! <https://www.openapis.org/blog/2021/02/16/migrating-from-openapi-3-0-to-3-1-0>

use serde_json::{Map, Value, json};

/// Makes a document of OpenAPI 3.0 of one of 3.1.
pub(super) fn of(mut document: Value) -> Value {
    let schemas = Schemas(document.pointer("/components/schemas").cloned().unwrap_or_default());
    document["openapi"] = "3.0.3".into();
    if let Some(license) = document.pointer_mut("/info/license").and_then(Value::as_object_mut) {
        license.remove("identifier");
    }
    if let Some(Value::Object(named)) = document.pointer_mut("/components/schemas") {
        named.values_mut().for_each(|schema| schemas.convert(schema));
    }
    if let Some(paths) = document.get_mut("paths") {
        convert_below(paths, &schemas);
    }
    drop_unused(&mut document);
    document
}

/// Of what was copied the original may be left over.
fn drop_unused(document: &mut Value) {
    let text = document.to_string();
    if let Some(Value::Object(named)) = document.pointer_mut("/components/schemas") {
        named.retain(|name, _| text.contains(&format!("\"#/components/schemas/{name}\"")));
    }
}

/// Converts the schemas and the requirements of calls, wherever they are.
fn convert_below(value: &mut Value, schemas: &Schemas) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| convert_below(item, schemas)),
        Value::Object(members) => {
            for (name, member) in members {
                match name.as_str() {
                    "schema" => schemas.convert(member),
                    "security" => drop_scopes(member),
                    // They are data, whatever their members are called.
                    "example" | "examples" => {}
                    _ => convert_below(member, schemas),
                }
            }
        }
        _ => {}
    }
}

/// Only OAuth 2.0 has scopes in 3.0. What a call needs is in its description, too.
fn drop_scopes(requirements: &mut Value) {
    let Value::Array(alternatives) = requirements else { return };
    for scheme in alternatives.iter_mut().filter_map(Value::as_object_mut).flat_map(Map::values_mut) {
        *scheme = json!([]);
    }
    // Alternatives that differed by their scopes only.
    alternatives.dedup();
}

/// The schemas of the document of 3.1.
struct Schemas(Value);

impl Schemas {
    fn convert(&self, schema: &mut Value) {
        let Value::Object(members) = schema else { return };
        for list in ["oneOf", "anyOf"] {
            self.merge_null(members, list);
        }
        nullable_type(members);
        for list in ["oneOf", "anyOf", "allOf"] {
            members
                .get_mut(list)
                .and_then(Value::as_array_mut)
                .into_iter()
                .flatten()
                .for_each(|schema| self.convert(schema));
        }
        for nested in ["items", "additionalProperties", "not"] {
            members.get_mut(nested).into_iter().for_each(|schema| self.convert(schema));
        }
        let fields = members.get_mut("properties").and_then(Value::as_object_mut);
        fields.into_iter().flat_map(Map::values_mut).for_each(|schema| self.convert(schema));
        one_example(members);
        one_value(members);
        for (exclusive, limit) in [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")] {
            exclusive_limit(members, exclusive, limit);
        }
        lone_reference(members);
    }

    /// What is one schema or null becomes this schema, nullable. A reference cannot be nullable, nor what refers to a
    /// schema that is not: its target is copied.
    fn merge_null(&self, members: &mut Map<String, Value>, list: &str) {
        let is_null = |schema: &Value| schema["type"] == "null";
        let Some(Value::Array(alternatives)) = members.get_mut(list) else { return };
        let before = alternatives.len();
        alternatives.retain(|schema| !is_null(schema));
        if alternatives.len() == before {
            return;
        }
        if alternatives.len() > 1 {
            alternatives.iter_mut().filter_map(Value::as_object_mut).for_each(|schema| {
                schema.insert("nullable".to_owned(), true.into());
            });
            return;
        }
        let only = alternatives.pop();
        members.remove(list);
        let target =
            only.as_ref().and_then(|schema| self.0.get(schema["$ref"].as_str()?.rsplit('/').next()?));
        for schema in [only.as_ref(), target].into_iter().flatten().filter_map(Value::as_object) {
            for (name, value) in schema.iter().filter(|(name, _)| *name != "$ref") {
                members.entry(name).or_insert_with(|| value.clone());
            }
        }
        members.insert("nullable".to_owned(), true.into());
    }
}

/// `"type": ["string", "null"]` is a string that is nullable. Of several other types none is left.
fn nullable_type(members: &mut Map<String, Value>) {
    let Some(Value::Array(types)) = members.get("type").cloned() else { return };
    members.remove("type");
    if types.iter().any(|name| name == "null") {
        members.insert("nullable".to_owned(), true.into());
    }
    let mut others = types.into_iter().filter(|name| name != "null");
    if let (Some(only), None) = (others.next(), others.next()) {
        members.insert("type".to_owned(), only);
    }
}

/// One example instead of a list.
fn one_example(members: &mut Map<String, Value>) {
    if let Some(Value::Array(examples)) = members.remove("examples")
        && let Some(first) = examples.into_iter().next()
    {
        members.insert("example".to_owned(), first);
    }
}

/// A constant is an enumeration of one value.
fn one_value(members: &mut Map<String, Value>) {
    if let Some(value) = members.remove("const") {
        members.insert("enum".to_owned(), json!([value]));
    }
}

/// An exclusive limit is a limit with a mark.
fn exclusive_limit(members: &mut Map<String, Value>, exclusive: &str, limit: &str) {
    if let Some(number @ Value::Number(_)) = members.get(exclusive).cloned() {
        members.insert(limit.to_owned(), number);
        members.insert(exclusive.to_owned(), true.into());
    }
}

/// What stands beside a reference is ignored in 3.0: a schema around it has that.
fn lone_reference(members: &mut Map<String, Value>) {
    if members.len() > 1
        && let Some(reference) = members.remove("$ref")
    {
        members.insert("allOf".to_owned(), json!([{"$ref": reference}]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn converted(schema: &Value) -> Value {
        let name = json!({"type": "string", "description": "Any name", "maxLength": 9, "examples": ["Ada"]});
        let components = json!({"schemas": {"Name": name, "It": schema}});
        let paths = json!({"/it": {"schema": {"$ref": "#/components/schemas/It"}}});
        let document = of(json!({"openapi": "3.1.0", "components": components, "paths": paths}));
        assert_eq!(document["openapi"], "3.0.3");
        document["components"]["schemas"]["It"].clone()
    }

    #[test]
    fn null_is_no_type() {
        assert_eq!(
            converted(&json!({"type": ["string", "null"]})),
            json!({"type": "string", "nullable": true})
        );
        assert_eq!(converted(&json!({"type": ["string", "integer"]})), json!({}));
        assert_eq!(converted(&json!({"type": "string"})), json!({"type": "string"}));
    }

    #[test]
    fn a_reference_or_null_is_a_nullable_copy() {
        let reference = json!({"$ref": "#/components/schemas/Name", "description": "A first name"});
        let expected = json!({
            "type": "string", "description": "A first name", "maxLength": 9, "example": "Ada", "nullable": true,
        });
        assert_eq!(converted(&json!({"oneOf": [reference, {"type": "null"}]})), expected);
    }

    #[test]
    fn a_schema_that_nothing_refers_to_any_more_is_left_out() {
        let schemas = json!({"Name": {"type": "string"}, "It": {"type": "string"}});
        let nullable = json!({"oneOf": [{"$ref": "#/components/schemas/Name"}, {"type": "null"}]});
        let paths = json!({"a": {"schema": nullable}, "b": {"schema": {"$ref": "#/components/schemas/It"}}});
        let document = of(json!({"components": {"schemas": schemas}, "paths": paths}));
        assert_eq!(document["components"]["schemas"], json!({"It": {"type": "string"}}));
    }

    #[test]
    fn a_reference_stands_alone() {
        let reference = json!({"$ref": "#/components/schemas/Name"});
        assert_eq!(converted(&reference), reference);
        let described = json!({"$ref": "#/components/schemas/Name", "description": "A name"});
        assert_eq!(converted(&described), json!({"allOf": [reference], "description": "A name"}));
    }

    #[test]
    fn keywords_of_3_1_have_others_in_3_0() {
        let schema = json!({"type": "integer", "exclusiveMinimum": 0, "maximum": 9, "examples": [1, 2]});
        let expected =
            json!({"type": "integer", "minimum": 0, "exclusiveMinimum": true, "maximum": 9, "example": 1});
        assert_eq!(converted(&schema), expected);
        assert_eq!(converted(&json!({"const": "x"})), json!({"enum": ["x"]}));
    }

    #[test]
    fn fields_and_items_are_converted_whatever_they_are_called() {
        let field = json!({"type": ["array", "null"], "items": {"type": ["string", "null"]}});
        let converted = converted(&json!({"properties": {"type": field, "examples": {"const": 1}}}));
        let expected = json!({"properties": {
            "type": {"type": "array", "nullable": true, "items": {"type": "string", "nullable": true}},
            "examples": {"enum": [1]},
        }});
        assert_eq!(converted, expected);
    }

    #[test]
    fn a_call_has_no_scopes_and_examples_are_left_alone() {
        let content = json!({"schema": {"const": 1}, "example": {"schema": {"const": 1}}});
        let call = json!({
            "security": [{"bearer": ["users:read"]}, {"bearer": []}, {}],
            "requestBody": {"content": {"application/json": content}},
        });
        let document = of(json!({"paths": {"/users": {"get": call}}}));
        let call = &document["paths"]["/users"]["get"];
        assert_eq!(call["security"], json!([{"bearer": []}, {}]));
        let content = &call["requestBody"]["content"]["application/json"];
        assert_eq!(content["schema"], json!({"enum": [1]}));
        assert_eq!(content["example"], json!({"schema": {"const": 1}}));
    }
}
