//! What bodies of this interface look like, for the OpenAPI document. Fields that are not named here are ignored in what
//! is taken, as SDKs send more than the documentation has.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use super::error::ErrorId;

static SCHEMAS: LazyLock<Map<String, Value>> = LazyLock::new(|| {
    let mut all: Map<String, Value> = serde_json::from_str(include_str!("schemas.json")).unwrap_or_default();
    all.insert(
        "PortalError".to_owned(),
        json!({
            "type": "object",
            "required": ["error", "id", "message", "requestId"],
            "properties": {
                "error": {"type": "string", "description": "What to change. Never contains what was sent."},
                "id": {"type": "string", "enum": ErrorId::ALL},
                "message": {"type": "string", "description": "The same as error."},
                "field": {"type": "string", "description": "The wrong field."},
                "requestId": {"type": "string", "description": "Leads to the lines of the log."},
            },
        }),
    );
    all
});

/// The schemas by name.
pub(crate) fn schemas() -> &'static Map<String, Value> {
    &SCHEMAS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Shape;

    #[test]
    fn every_shape_that_a_route_names_is_described() {
        let names: Vec<&str> = super::super::routes()
            .iter()
            .flat_map(|route| [route.takes.clone(), route.gives.clone()])
            .filter_map(|shape| if let Shape::Named(name) = shape { Some(name) } else { None })
            .collect();
        assert!(names.len() > 10);
        for name in names {
            assert!(schemas().contains_key(name), "{name}");
        }
    }
}
