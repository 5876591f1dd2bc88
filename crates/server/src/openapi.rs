//! The OpenAPI document, written from the routes and the field tables that the server checks with.

use std::sync::LazyLock;

use axum::response::Response;
use axum::routing::get;
use http::Method;
use keystead_model::error::ErrorCode;
use keystead_model::schema::{self, Element, Enum, Field, Table, Type};
use serde_json::{Map, Value, json};

use crate::http::{Access, Route, Shape, json_text};
use crate::portal;

/// The document for `routes`, as OpenAPI 3.1.
pub fn document(routes: &[Route]) -> Value {
    let mut paths = Map::new();
    for route in routes {
        // a parameter that takes slashes is written {*name} in the router only
        let path = paths.entry(route.path.replace("{*", "{")).or_insert_with(|| json!({}));
        if let Some(path) = path.as_object_mut() {
            path.insert(route.method.as_str().to_lowercase(), operation(route));
        }
    }
    let mut schemas: Map<String, Value> =
        schema::tables().map(|table| (table.name.to_string(), object(table))).collect();
    schemas.insert("Error".to_owned(), error());
    schemas.extend(portal::schemas().clone());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Keystead",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "A self-hosted home for end-to-end encrypted records. The official Cardinal clients speak this API.",
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": "http://127.0.0.1:16043"}],
        "tags": tags(routes),
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "custodian": {"type": "http", "scheme": "bearer", "description": "The API key of a custodian."},
                "client": {"type": "http", "scheme": "bearer", "description": "The API key or a session token of a client, or the bearer of a data owner."},
                "refresh": {"type": "apiKey", "in": "header", "name": "Refresh-Token"},
            },
            "responses": {"Error": failure("Error"), "PortalError": failure("PortalError")},
        },
    })
}

fn tag(route: &Route) -> &str {
    let path = route.path.trim_start_matches("/rest/v2/").trim_start_matches('/');
    path.split(['/', '{']).next().filter(|tag| !tag.is_empty()).unwrap_or("server")
}

fn tags(routes: &[Route]) -> Value {
    let mut tags: Vec<&str> = routes.iter().map(tag).collect();
    tags.sort_unstable();
    tags.dedup();
    tags.into_iter().map(|name| json!({"name": name})).collect()
}

fn operation(route: &Route) -> Value {
    let in_path = route
        .path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| name.trim_start_matches('*'));
    let mut parameters: Vec<Value> = in_path
        .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}))
        .collect();
    let text = json!({"type": "string"});
    parameters.extend(route.query.iter().map(|name| json!({"name": name, "in": "query", "schema": text})));
    if route.access == Access::Keys {
        parameters.push(json!({
            "name": "Icure-Access-Control-Keys", "in": "header", "schema": text,
            "description": "Base64 of the concatenated 16-byte access control keys of the caller.",
        }));
    }
    let failure = if portal::speaks(&route.path) { "PortalError" } else { "Error" };
    let failure = json!({"$ref": format!("#/components/responses/{failure}")});
    let status = route.status.to_string();
    let responses = match route.gives {
        Shape::Empty => json!({
            "200": {"description": "Done."}, "204": {"description": "Done."}, "default": failure,
        }),
        _ => json!({status: answer(&route.gives), "default": failure}),
    };
    let id = format!("{} {}", route.method, route.path).replace("/rest/v2", "").replace(['{', '}'], "");
    let id: Vec<&str> = id.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty()).collect();
    let mut operation = json!({
        "operationId": id.join("_").to_lowercase(),
        "summary": route.summary,
        "tags": [tag(route)],
        "parameters": parameters,
        "responses": responses,
        "security": match route.access {
            Access::Public => json!([]),
            Access::Session | Access::Keys => json!([{"bearer": []}]),
            Access::Custodian => json!([{"custodian": []}]),
            Access::Client => json!([{"client": []}]),
            Access::Refresh => json!([{"refresh": []}]),
        },
    });
    if route.takes != Shape::Empty
        && let Some(operation) = operation.as_object_mut()
    {
        operation.insert("requestBody".to_owned(), json!({"content": content(&route.takes)}));
    }
    operation
}

fn failure(schema: &str) -> Value {
    json!({
        "description": "What went wrong and what to change; nothing was stored.",
        "content": {"application/json": {"schema": reference(schema)}},
    })
}

fn answer(shape: &Shape) -> Value {
    json!({"description": "Done.", "content": content(shape)})
}

fn content(shape: &Shape) -> Value {
    let (kind, schema) = match shape {
        Shape::Empty => return json!({}),
        Shape::Object(name) | Shape::Named(name) => ("application/json", reference(name)),
        Shape::List(name) => ("application/json", json!({"type": "array", "items": reference(name)})),
        Shape::Page(name) => (
            "application/json",
            json!({
                "type": "object",
                "required": ["rows"],
                "properties": {
                    "rows": {"type": "array", "items": reference(name)},
                    "nextKeyPair": reference("PaginatedDocumentKeyIdPair"),
                },
            }),
        ),
        Shape::Strings => ("application/json", json!({"type": "array", "items": {"type": "string"}})),
        Shape::Filter => (
            "application/json",
            json!({"type": "object", "required": ["$type"], "properties": {"$type": {"type": "string"}}}),
        ),
        Shape::Json(description) => ("application/json", json!({"type": "object", "description": description})),
        Shape::Text => ("text/plain", json!({"type": "string"})),
        Shape::Metrics => ("application/openmetrics-text", json!({"type": "string"})),
        Shape::Octets => ("application/octet-stream", json!({"type": "string", "format": "binary"})),
    };
    json!({kind: {"schema": schema}})
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn object(table: &Table) -> Value {
    let properties: Map<String, Value> =
        table.fields().iter().map(|field| (field.name.to_string(), property(field))).collect();
    let required: Vec<&str> = table.fields().iter().filter(|field| field.required).map(|field| field.name).collect();
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

fn property(field: &Field) -> Value {
    nullable(of_type(&field.ty), field.nullable)
}

fn of_type(ty: &Type) -> Value {
    match ty {
        Type::Int32 => json!({"type": "integer", "format": "int32"}),
        Type::Int | Type::EpochMs => json!({"type": "integer", "format": "int64"}),
        Type::Num => json!({"type": "number"}),
        Type::Bool => json!({"type": "boolean"}),
        Type::Any => json!({}),
        Type::Id => json!({"type": "string", "minLength": 1, "maxLength": 255}),
        Type::B64 => json!({"type": "string", "contentEncoding": "base64"}),
        Type::Hex => pattern("([0-9a-fA-F]{2})*"),
        Type::SpkiHex => pattern("[0-9a-f]+"),
        Type::FpV1 => pattern("[0-9a-f]{22}0203010001"),
        Type::FpV2 => pattern("[0-9a-f]{22}"),
        Type::Sha256Hex => pattern("[0-9a-f]{64}"),
        Type::Hex32 => pattern("[0-9a-f]{32}"),
        Type::Enum(of) => one_of(of),
        Type::List(of) => json!({"type": "array", "items": element(of)}),
        Type::Map(key, of) => {
            json!({"type": "object", "propertyNames": of_type(key), "additionalProperties": element(of)})
        }
        Type::Object(of) => reference(of.name),
        _ => json!({"type": "string"}),
    }
}

/// A text that matches as a whole.
fn pattern(text: &str) -> Value {
    json!({"type": "string", "pattern": format!("^{text}$")})
}

fn element(of: &Element) -> Value {
    nullable(of_type(&of.ty), of.nullable)
}

fn nullable(schema: Value, nullable: bool) -> Value {
    if nullable { json!({"anyOf": [schema, {"type": "null"}]}) } else { schema }
}

fn one_of(of: &Enum) -> Value {
    json!({"type": "string", "enum": of.values})
}

fn error() -> Value {
    let codes: Vec<&str> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
    json!({
        "type": "object",
        "required": ["status", "error", "code", "message", "requestId"],
        "properties": {
            "status": {"type": "integer"},
            "error": {"type": "string", "description": "The HTTP reason phrase."},
            "code": {"type": "string", "enum": codes},
            "message": {"type": "string", "description": "What to change. Never contains what was sent."},
            "field": {"type": ["string", "null"], "description": "The wrong field, as a path from the root of the body."},
            "requestId": {"type": "string", "description": "Leads to the lines of the log."},
        },
    })
}

/// `GET /openapi.json`
pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::new(Method::GET, "/openapi.json", "This document", get(served))
            .access(Access::Public)
            .gives(Shape::Json("An OpenAPI 3.1 document")),
    ]
}

async fn served() -> Response {
    static TEXT: LazyLock<String> = LazyLock::new(|| document(&crate::routes()).to_string());
    json_text(TEXT.as_str())
}
