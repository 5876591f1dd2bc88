//! The check of a body against a table, at write time: what it lets through, the official client can
//! read back (wire 1.2, 8.7).

use serde_json::Value;

use super::text;
use super::{Element, Field, Table, Type};
use crate::Object;
use crate::error::FieldError;

/// Deepest nesting of lists and objects. Services nest in services (`compoundValue`), so the tables
/// alone set no bound; one such nesting takes four levels.
pub const MAX_DEPTH: usize = 100;

/// Hints about the class that older clients add to every object (wire 7.4).
const CLASS_HINTS: [&str; 2] = ["_type", "java_type"];

/// Checks an object against `table`, in one pass.
///
/// Two things are taken out of the body on the way: the class hints of older clients, and nulls where
/// null means absent. An entry of a map of keys whose own key is empty goes too (wire 7.4: older
/// clients write them, and RC.7 cannot read them). Nothing else changes.
///
/// # Errors
/// The first offence: its path and what was expected. An entry of a map is named by its position, as in
/// `delegations[0][2].key`, because keys of maps can be identifiers of people. A body refused may have
/// lost some hints and nulls.
pub fn check(table: &Table, body: &mut Object) -> Result<(), FieldError> {
    object(table, body, 0)
}

/// Checks a body that is one object, or a list of them (the `batch` endpoints).
///
/// # Errors
/// As [`check`]; paths into a list start with the position, as in `[3].tags[1].type`.
pub fn check_value(table: &Table, body: &mut Value) -> Result<(), FieldError> {
    match body {
        Value::Object(body) => object(table, body, 0),
        Value::Array(_) => check_batch(table, body),
        _ => Err(FieldError::new("", format!("{} or a list of them", object_of(table)))),
    }
}

/// Checks a body that is a list of objects.
///
/// # Errors
/// As [`check_value`].
pub fn check_batch(table: &Table, body: &mut Value) -> Result<(), FieldError> {
    let Value::Array(items) = body else {
        return Err(FieldError::new("", format!("a list, each element {}", object_of(table))));
    };
    for (position, item) in items.iter_mut().enumerate() {
        let Value::Object(item) = item else {
            return Err(FieldError::new(index(position), object_of(table)));
        };
        object(table, item, 1).map_err(|error| error.under(&index(position)))?;
    }
    Ok(())
}

/// Checks a body that is not an object of a table, such as a bare list of ids.
///
/// # Errors
/// As [`check`].
pub fn check_type(ty: &Type, body: &mut Value) -> Result<(), FieldError> {
    typed(ty, body, 0)
}

fn object(table: &Table, body: &mut Object, depth: usize) -> Result<(), FieldError> {
    let depth = deeper(depth)?;
    let mut required = 0;
    let mut superfluous = false;
    for (name, value) in body.iter_mut() {
        let Some(field) = table.field(name) else {
            if CLASS_HINTS.contains(&name.as_str()) {
                superfluous = true;
                continue;
            }
            return Err(FieldError::new(shown(name), format!("a known field of {}", table.name)));
        };
        if value.is_null() {
            match (field.nullable, field.required) {
                (false, _) => return Err(FieldError::new(field.name, format!("{}, not null", expected(&field.ty)))),
                (true, false) => superfluous = true,
                // Such a field has to be there, so its null stays.
                (true, true) => required += 1,
            }
            continue;
        }
        typed(&field.ty, value, depth).map_err(|error| error.under(field.name))?;
        if field.filled && is_empty(value) {
            return Err(FieldError::new(field.name, format!("{}, not empty", expected(&field.ty))));
        }
        required += usize::from(field.required);
    }
    if required < table.required() {
        return Err(missing(table, body));
    }
    if superfluous {
        body.retain(|name, value| table.field(name).is_some_and(|field| field.required || !value.is_null()));
    }
    Ok(())
}

fn missing(table: &Table, body: &Object) -> FieldError {
    let absent = |field: &&Field| field.required && !body.contains_key(field.name);
    match table.fields().iter().find(absent) {
        Some(field) => FieldError::new(field.name, format!("{}, which is required", expected(&field.ty))),
        None => FieldError::new("", object_of(table)),
    }
}

fn typed(ty: &Type, value: &mut Value, depth: usize) -> Result<(), FieldError> {
    let fits = match (ty, &mut *value) {
        (Type::Object(table), Value::Object(body)) => return object(table, body, depth),
        (Type::List(element), Value::Array(items)) => return list(element, items, depth),
        (Type::Map(key, element), Value::Object(entries)) => return map(key, element, entries, depth),
        (Type::Any, value) => return any(value, depth),
        (Type::Bool, Value::Bool(_)) | (Type::Num, Value::Number(_)) => true,
        // A number with a fraction or an exponent, `1.0` and `1e3` included, is not an `i64` here.
        (Type::Int | Type::EpochMs, Value::Number(number)) => number.as_i64().is_some(),
        (Type::Int32, Value::Number(number)) => number.as_i64().is_some_and(|int| i32::try_from(int).is_ok()),
        (ty, Value::String(text)) => is(ty, text),
        _ => false,
    };
    if fits { Ok(()) } else { Err(FieldError::new("", expected(ty))) }
}

/// Whether a text, or the key of a map, is of the type.
fn is(ty: &Type, value: &str) -> bool {
    match ty {
        Type::Str => true,
        Type::Id => text::is_id(value),
        Type::B64 => text::is_b64(value),
        Type::Hex => text::is_hex(value),
        Type::SpkiHex => text::is_spki(value),
        Type::FpV1 => text::is_fp_v1(value),
        Type::FpV2 => text::is_fp_v2(value),
        Type::Sha256Hex => text::is_sha256_hex(value),
        Type::Hex32 => text::is_hex32(value),
        Type::Enum(set) => set.values.contains(&value),
        _ => false,
    }
}

fn list(element: &Element, items: &mut [Value], depth: usize) -> Result<(), FieldError> {
    let depth = deeper(depth)?;
    for (position, item) in items.iter_mut().enumerate() {
        inner(element, item, depth).map_err(|error| error.under(&index(position)))?;
    }
    Ok(())
}

fn map(key: &Type, element: &Element, entries: &mut Object, depth: usize) -> Result<(), FieldError> {
    let depth = deeper(depth)?;
    let by_public_key = matches!(key, Type::SpkiHex | Type::FpV1);
    let mut superfluous = false;
    for (position, (name, value)) in entries.iter_mut().enumerate() {
        if by_public_key && name.is_empty() {
            superfluous = true;
            continue;
        }
        if !is(key, name) {
            return Err(FieldError::new(index(position), format!("a key that is {}", expected(key))));
        }
        inner(element, value, depth).map_err(|error| error.under(&index(position)))?;
    }
    if superfluous {
        entries.retain(|name, _| !name.is_empty());
    }
    Ok(())
}

fn inner(element: &Element, value: &mut Value, depth: usize) -> Result<(), FieldError> {
    match (value.is_null(), element.nullable) {
        (true, true) => Ok(()),
        (true, false) => Err(FieldError::new("", format!("{}, not null", expected(&element.ty)))),
        (false, _) => typed(&element.ty, value, depth),
    }
}

fn any(value: &Value, depth: usize) -> Result<(), FieldError> {
    match value {
        Value::Array(items) => {
            let depth = deeper(depth)?;
            items.iter().try_for_each(|item| any(item, depth))
        }
        Value::Object(entries) => {
            let depth = deeper(depth)?;
            entries.values().try_for_each(|entry| any(entry, depth))
        }
        _ => Ok(()),
    }
}

fn deeper(depth: usize) -> Result<usize, FieldError> {
    match depth < MAX_DEPTH {
        true => Ok(depth + 1),
        false => Err(FieldError::new("", format!("at most {MAX_DEPTH} levels of nesting"))),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(entries) => entries.is_empty(),
        _ => false,
    }
}

fn index(position: usize) -> String {
    format!("[{position}]")
}

/// An unknown field's name, if it looks like one; anything else could be somebody's data.
fn shown(name: &str) -> &str {
    let like_a_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$');
    if name.len() <= 64 && name.bytes().all(like_a_name) { name } else { "" }
}

fn object_of(table: &Table) -> String {
    format!("an object {}", table.name)
}

/// What was expected, in words.
fn expected(ty: &Type) -> String {
    let words = match ty {
        Type::Str => "a text",
        Type::Id => "an id of 1 to 255 characters",
        Type::Int => "an integer without fraction or exponent",
        Type::Int32 => "an integer of at most 32 bits without fraction or exponent",
        Type::EpochMs => "an instant in milliseconds, an integer without fraction or exponent",
        Type::Num => "a number",
        Type::Bool => "true or false",
        Type::B64 => "padded base64",
        Type::Hex => "bytes in hex",
        Type::SpkiHex => {
            "a public key: lower-case hex of an RSA SubjectPublicKeyInfo, 2048 or 4096 bits, exponent 65537"
        }
        Type::FpV1 => "the last 32 hex characters of a public key",
        Type::FpV2 => "the 22 hex characters before the exponent of a public key",
        Type::Sha256Hex => "64 lower-case hex characters",
        Type::Hex32 => "32 lower-case hex characters",
        Type::Any => "a value",
        Type::Enum(set) => return format!("one of {}", set.values.join(", ")),
        Type::List(element) => return format!("a list [{element}]"),
        Type::Map(..) => return format!("an object {ty}"),
        Type::Object(table) => return object_of(table),
    };
    words.to_owned()
}
