//! Random documents that a table allows, and every place in them, for property tests.

use serde_json::{Map, Number, Value};

use super::{Element, Field, Table, Type};
use crate::Object;

/// A small deterministic generator (SplitMix64), so that a seed is a document.
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A number below `sides`.
    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        (self.bits() % sides as u64) as usize
    }

    pub(crate) fn one_in(&mut self, sides: usize) -> bool {
        self.roll(sides) == 0
    }

    pub(crate) fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.roll(of.len())]
    }

    pub(crate) fn hex(&mut self, digits: usize) -> String {
        (0..digits).map(|_| char::from_digit(self.roll(16) as u32, 16).unwrap()).collect()
    }
}

/// A document that `check` lets through unchanged.
pub(crate) fn document(dice: &mut Dice, table: &Table, levels: usize) -> Object {
    let mut body = Object::new();
    for field in table.fields() {
        if !field.required && (levels == 0 || !dice.one_in(2 + table.fields().len() / 8)) {
            continue;
        }
        let value = match field.required && field.nullable && dice.one_in(4) {
            true => Value::Null,
            false => value(dice, &field.ty, levels.saturating_sub(1), usize::from(field.filled)),
        };
        body.insert(field.name.to_owned(), value);
    }
    body
}

fn value(dice: &mut Dice, ty: &Type, levels: usize, at_least: usize) -> Value {
    let count = |dice: &mut Dice| at_least + if levels == 0 { 0 } else { dice.roll(3) };
    match ty {
        Type::Int | Type::EpochMs => match dice.roll(4) {
            0 => i64::MIN.into(),
            1 => i64::MAX.into(),
            _ => (dice.bits() as i64 >> dice.roll(60)).into(),
        },
        Type::Int32 => (dice.bits() as i32).into(),
        Type::Num if dice.one_in(2) => (dice.bits() as i64).into(),
        Type::Num => Number::from_f64(dice.roll(1 << 30) as f64 / 1024.0).unwrap().into(),
        Type::Bool => dice.one_in(2).into(),
        Type::Any => [Value::Bool(true), 0.into(), Value::Array(vec![Value::Null])][dice.roll(3)].clone(),
        Type::List(element) => {
            let count = count(dice);
            Value::Array((0..count).map(|_| inner(dice, element, levels.saturating_sub(1))).collect())
        }
        Type::Map(key, element) => {
            let count = count(dice);
            let mut entries = Map::new();
            while entries.len() < count {
                let Value::String(key) = value(dice, key, 0, 0) else { unreachable!("keys are texts") };
                let entry = inner(dice, element, levels.saturating_sub(1));
                if entries.insert(key, entry).is_some() {
                    break;
                }
            }
            Value::Object(entries)
        }
        Type::Object(table) => Value::Object(document(dice, table, levels)),
        text_type => Value::String(text(dice, text_type, at_least)),
    }
}

fn inner(dice: &mut Dice, element: &Element, levels: usize) -> Value {
    match element.nullable && dice.one_in(3) {
        true => Value::Null,
        false => value(dice, &element.ty, levels, 0),
    }
}

fn text(dice: &mut Dice, ty: &Type, at_least: usize) -> String {
    match ty {
        Type::Str => ["", "a", "Daenerys", "ü\u{1f409}", "null", "a\nb \"c\""][dice.roll(6)].to_owned() + &dice.hex(3),
        Type::Id => format!("{}-{}", dice.hex(8), dice.hex(4)),
        Type::B64 => {
            use base64::Engine as _;
            let bytes = (0..at_least + dice.roll(40)).map(|_| dice.bits() as u8).collect::<Vec<_>>();
            base64::engine::general_purpose::STANDARD.encode(bytes)
        }
        Type::Hex => {
            let bytes = dice.roll(20);
            dice.hex(2 * bytes)
        }
        Type::SpkiHex => spki(dice),
        Type::FpV1 => dice.hex(22) + "0203010001",
        Type::FpV2 => dice.hex(22),
        Type::Sha256Hex => dice.hex(64),
        Type::Hex32 => dice.hex(32),
        Type::Enum(set) => (*dice.pick(&set.values)).to_owned(),
        other => unreachable!("{other} is not a text"),
    }
}

/// Something that looks like a public key of 2048 or 4096 bits.
pub(crate) fn spki(dice: &mut Dice) -> String {
    let (prefix, digits) = match dice.one_in(3) {
        true => ("30820222300d06092a864886f70d01010105000382020f003082020a0282020100", 1024),
        false => ("30820122300d06092a864886f70d01010105000382010f003082010a0282010100", 512),
    };
    format!("{prefix}{}0203010001", dice.hex(digits))
}

/// A step from a value to one inside it.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Key(String),
    Position(usize),
}

/// A place in a document: how to get there, how an error names it, and what the table says of it.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    pub(crate) steps: Vec<Step>,
    pub(crate) path: String,
    pub(crate) ty: Type,
    pub(crate) nullable: bool,
    pub(crate) filled: bool,
}

/// Every place in a document, the root first.
pub(crate) fn sites(table: &'static Table, body: &Object) -> Vec<Site> {
    let root = Site { steps: Vec::new(), path: String::new(), ty: Type::Object(table), nullable: false, filled: false };
    let mut found = vec![root];
    let mut next = 0;
    while let Some(site) = found.get(next).cloned() {
        next += 1;
        let Some(value) = at(body, &site.steps) else { continue };
        match (&site.ty, value) {
            (Type::Object(table), Value::Object(body)) => {
                let present = |field: &&Field| body.contains_key(field.name);
                for field in table.fields().iter().filter(present) {
                    let dot = if site.path.is_empty() { "" } else { "." };
                    found.push(Site {
                        steps: with(&site.steps, Step::Key(field.name.to_owned())),
                        path: format!("{}{dot}{}", site.path, field.name),
                        ty: field.ty.clone(),
                        nullable: field.nullable,
                        filled: field.filled,
                    });
                }
            }
            (Type::List(element), Value::Array(items)) => {
                for position in 0..items.len() {
                    found.push(within(&site, element, Step::Position(position), position));
                }
            }
            (Type::Map(_, element), Value::Object(entries)) => {
                for (position, key) in entries.keys().enumerate() {
                    found.push(within(&site, element, Step::Key(key.clone()), position));
                }
            }
            _ => {}
        }
    }
    found
}

fn within(site: &Site, element: &Element, step: Step, position: usize) -> Site {
    Site {
        steps: with(&site.steps, step),
        path: format!("{}[{position}]", site.path),
        ty: element.ty.clone(),
        nullable: element.nullable,
        filled: false,
    }
}

fn with(steps: &[Step], step: Step) -> Vec<Step> {
    steps.iter().cloned().chain([step]).collect()
}

fn at(body: &Object, steps: &[Step]) -> Option<Value> {
    let mut value = Value::Object(body.clone());
    Some(go(&mut value, steps)?.clone())
}

/// The value at a place.
pub(crate) fn go<'a>(value: &'a mut Value, steps: &[Step]) -> Option<&'a mut Value> {
    steps.iter().try_fold(value, |value, step| match step {
        Step::Key(key) => value.get_mut(key),
        Step::Position(position) => value.get_mut(*position),
    })
}
