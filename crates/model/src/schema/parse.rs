//! Reads the notation of the tables.
//!
//! A paragraph is a class or an enumeration; lines that start with `#` are comments:
//!
//! ```text
//! # Wire 8.1
//! Contact: id!:id, rev:str?, tags:[CodeStub], participants:{ParticipantType→str}
//!
//! enum ParticipantType: admitter, attender
//! ```
//!
//! After a field's name `!` means that it must be present. After its type `?` means that null is as
//! good as absent, and `+` that it may not be empty.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::{Element, Enum, Field, Fields, Registry, Table, Type};

/// The simple types and their names.
const SIMPLE: [(&str, Type); 15] = [
    ("str", Type::Str),
    ("id", Type::Id),
    ("int", Type::Int),
    ("int32", Type::Int32),
    ("epochMs", Type::EpochMs),
    ("num", Type::Num),
    ("bool", Type::Bool),
    ("b64", Type::B64),
    ("hex", Type::Hex),
    ("spkiHex", Type::SpkiHex),
    ("fpV1", Type::FpV1),
    ("fpV2", Type::FpV2),
    ("sha256hex", Type::Sha256Hex),
    ("hex32", Type::Hex32),
    ("any", Type::Any),
];

/// The name of a simple type; empty for the others.
pub(super) fn name_of(ty: &Type) -> &'static str {
    let same = |known: &Type| std::mem::discriminant(known) == std::mem::discriminant(ty);
    SIMPLE.iter().find(|(_, known)| same(known)).map_or("", |(name, _)| name)
}

/// Reads the sources and joins the references between them.
pub(super) fn parse(sources: &[&'static str]) -> Registry {
    let mut defects = Vec::new();
    let mut enums = Vec::new();
    let mut bodies = Vec::new();
    for paragraph in sources.iter().flat_map(|source| source.split("\n\n")) {
        let text = without_comments(paragraph);
        let Some((head, body)) = text.split_once(':') else {
            if !text.trim().is_empty() {
                defects.push(format!("neither a class nor an enumeration: {text}"));
            }
            continue;
        };
        match head.trim().strip_prefix("enum ") {
            Some(name) => enums.push(Enum { name, values: body.split(',').map(str::trim).collect() }),
            None => bodies.push((head.trim(), body)),
        }
    }

    // Tables and enumerations refer to each other for the whole life of the process.
    let enums: &'static [Enum] = Box::leak(enums.into_boxed_slice());
    let tables: &'static [Table] =
        Box::leak(bodies.iter().map(|(name, _)| Table { name, fields: OnceLock::new() }).collect());
    let names = Names::new(tables, enums, &mut defects);
    for (table, (_, body)) in tables.iter().zip(bodies) {
        let mut in_order = Vec::new();
        for text in body.split(',').map(str::trim).filter(|text| !text.is_empty()) {
            match names.field(text) {
                Ok(field) => in_order.push(field),
                Err(defect) => defects.push(format!("{}: {defect}: {text}", table.name)),
            }
        }
        // Cannot have been set before: each table is visited once.
        let _ = table.fields.set(Fields::new(in_order));
    }
    let by_name = tables.iter().enumerate().map(|(position, table)| (table.name, position)).collect();
    Registry { tables, enums, by_name, defects }
}

fn without_comments(mut paragraph: &'static str) -> &'static str {
    loop {
        paragraph = paragraph.trim_start();
        match paragraph.starts_with('#') {
            true => paragraph = paragraph.split_once('\n').map_or("", |(_, rest)| rest),
            false => return paragraph,
        }
    }
}

impl Fields {
    fn new(in_order: Vec<Field>) -> Self {
        let mut by_name: Vec<_> = in_order.iter().enumerate().map(|(position, field)| (field.name, position)).collect();
        by_name.sort_by_key(|(name, _)| (name.len(), *name));
        let required = in_order.iter().filter(|field| field.required).count();
        Self { in_order, by_name, required }
    }
}

/// What a name in a type stands for.
struct Names(HashMap<&'static str, Type>);

impl Names {
    fn new(tables: &'static [Table], enums: &'static [Enum], defects: &mut Vec<String>) -> Self {
        let mut names: HashMap<_, _> = SIMPLE.into_iter().collect();
        let tables = tables.iter().map(|table| (table.name, Type::Object(table)));
        for (name, ty) in tables.chain(enums.iter().map(|set| (set.name, Type::Enum(set)))) {
            if names.insert(name, ty).is_some() {
                defects.push(format!("defined twice: {name}"));
            }
        }
        Self(names)
    }

    fn field(&self, text: &'static str) -> Result<Field, &'static str> {
        let (name, ty) = text.split_once(':').ok_or("a field without a type")?;
        let (name, required) = marked(name, '!');
        let (ty, nullable) = marked(ty, '?');
        let (ty, filled) = marked(ty, '+');
        Ok(Field { name, required, nullable, filled, ty: self.ty(ty)? })
    }

    fn ty(&self, text: &'static str) -> Result<Type, &'static str> {
        let within = |open, close| text.strip_prefix(open).and_then(|rest: &'static str| rest.strip_suffix(close));
        if let Some(element) = within('[', ']') {
            return Ok(Type::List(Box::new(self.element(element)?)));
        }
        if let Some(entry) = within('{', '}') {
            let (key, value) = entry.split_once('→').ok_or("a map without an arrow")?;
            return Ok(Type::Map(Box::new(self.ty(key)?), Box::new(self.element(value)?)));
        }
        self.0.get(text).cloned().ok_or("unknown type")
    }

    fn element(&self, text: &'static str) -> Result<Element, &'static str> {
        let (ty, nullable) = marked(text, '?');
        Ok(Element { ty: self.ty(ty)?, nullable })
    }
}

fn marked(text: &'static str, mark: char) -> (&'static str, bool) {
    match text.strip_suffix(mark) {
        Some(rest) => (rest, true),
        None => (text, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_mark() {
        let registry =
            parse(&["# A comment.\nThing: id!:id, kind:Kind?,\n  things:{Kind→[Thing?]}+\n\nenum Kind: a, b\n"]);
        assert_eq!(registry.defects, Vec::<String>::new());
        let fields: Vec<_> = registry.tables[0].fields().iter().map(ToString::to_string).collect();
        assert_eq!(fields, ["id!:id", "kind:Kind?", "things:{Kind→[Thing?]}+"]);
    }

    #[test]
    fn notices_what_it_cannot_read() {
        for source in ["Thing", "Thing: id", "Thing: a:Nothing", "Thing: a:{str,str}", "Thing: a:str\n\nThing: b:str"] {
            let registry = parse(&[source]);
            assert!(!registry.defects.is_empty(), "{source}");
        }
    }
}
