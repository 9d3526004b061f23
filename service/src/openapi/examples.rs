//! Examples of what calls take and answer, put together from those of the schemas and their fields.

use serde_json::{Map, Value};
use utoipa::openapi::{Content, OpenApi, RefOr};

use super::operations;

/// Adds an example to each body that has none.
pub(super) fn add(document: &mut OpenApi) {
    let schemas = Schemas::of(document);
    for (_, operation) in document.paths.paths.values_mut().flat_map(operations) {
        if let Some(RefOr::T(body)) = &mut operation.request_body {
            body.content.values_mut().for_each(|content| schemas.add_to(content));
        }
        for response in operation.responses.responses.values_mut() {
            if let RefOr::T(response) = response {
                response.content.values_mut().for_each(|content| schemas.add_to(content));
            }
        }
    }
}

/// The schemas of a document by name.
struct Schemas(Map<String, Value>);

impl Schemas {
    fn of(document: &OpenApi) -> Self {
        let schemas = document.components.as_ref().map(|components| &components.schemas);
        Self(match serde_json::to_value(schemas) {
            Ok(Value::Object(schemas)) => schemas,
            _ => Map::new(),
        })
    }

    fn add_to(&self, content: &mut RefOr<Content>) {
        if let RefOr::T(content) = content
            && content.example.is_none()
            && content.examples.is_empty()
        {
            let schema = content.schema.as_ref().and_then(|schema| serde_json::to_value(schema).ok());
            content.example = schema.and_then(|schema| self.example(&schema));
        }
    }

    /// An example of a schema: its own, or one that is made of those of its parts. `None` if a part has none.
    fn example(&self, schema: &Value) -> Option<Value> {
        if let Some(reference) = schema["$ref"].as_str() {
            return self.example(self.0.get(reference.rsplit('/').next()?)?);
        }
        for first in [&schema["examples"][0], &schema["enum"][0]] {
            if !first.is_null() {
                return Some(first.clone());
            }
        }
        if let Some(alternative) = schema.pointer("/oneOf/0") {
            return self.example(alternative);
        }
        match schema["type"].as_str()? {
            "object" => {
                let fields = schema["properties"].as_object()?.iter();
                let fields = fields.map(|(name, schema)| Some((name.clone(), self.example(schema)?)));
                fields.collect::<Option<Map<_, _>>>().map(Value::Object)
            }
            "array" => match &schema["items"]["examples"] {
                Value::Array(items) => Some(items.clone().into()),
                _ => Some(vec![self.example(&schema["items"])?].into()),
            },
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn example(schema: &Value) -> Option<Value> {
        let name = json!({"type": "string", "examples": ["Ada", "Bob"]});
        Schemas(Map::from_iter([("Name".to_owned(), name)])).example(schema)
    }

    #[test]
    fn an_object_has_every_field() {
        let schema = json!({"type": "object", "properties": {
            "name": {"$ref": "#/components/schemas/Name", "description": "A name"},
            "friends": {"type": "array", "items": {"$ref": "#/components/schemas/Name"}},
            "colours": {"type": "array", "items": {"type": "string", "examples": ["red", "blue"]}},
            "status": {"type": "string", "enum": ["on", "off"]},
            "choice": {"oneOf": [{"type": "integer", "examples": [1]}, {"type": "null"}]},
        }});
        let expected = json!({
            "name": "Ada", "friends": ["Ada"], "colours": ["red", "blue"], "status": "on", "choice": 1,
        });
        assert_eq!(example(&schema), Some(expected));
    }

    #[test]
    fn an_example_of_its_own_comes_first() {
        let schema =
            json!({"type": "object", "properties": {"a": {"type": "string"}}, "examples": [{"a": "x"}]});
        assert_eq!(example(&schema), Some(json!({"a": "x"})));
    }

    #[test]
    fn nothing_is_made_up() {
        assert_eq!(example(&json!({"type": "object", "properties": {"a": {"type": "string"}}})), None);
        assert_eq!(example(&json!({"$ref": "#/components/schemas/Missing"})), None);
    }
}
