//! Reads the arguments of one filter, each checked for its type (wire 5.6).
//!
//! An argument that is null counts as absent, as does one that the client left out because it has
//! its default value (wire 1.1). What else stands in the object is ignored.

use serde_json::Value;

use crate::Object;
use crate::access::Caller;
use crate::entity::index;
use crate::error::FieldError;
use crate::fuzzy::{first_instant, last_instant};
use crate::query::{Order, Query, Selection};

/// The arguments of one filter, with who asks.
pub struct Arguments<'a> {
    /// The filter object, `$type` included.
    pub object: &'a Object,
    /// Who asks: decides what "accessible to me" means (wire 4.5).
    pub caller: &'a Caller,
}

/// A range of sort values, both ends inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bounds {
    /// The smallest.
    pub from: Option<i64>,
    /// The largest.
    pub to: Option<i64>,
}

impl Bounds {
    /// From one fuzzy date to another; a day as the end includes all of it (wire 5.6, notes).
    pub fn fuzzy(start: Option<i64>, end: Option<i64>) -> Self {
        match (start, end) {
            (Some(a), Some(b)) if first_instant(a) > last_instant(b) => Self::fuzzy(end, start),
            _ => Self { from: start.map(first_instant), to: end.map(last_instant) },
        }
    }

    /// From one instant to another (epoch milliseconds).
    ///
    /// A range that ends before it starts is read the other way round, here and in [`Bounds::fuzzy`]:
    /// RC.7 sends the two ends of its ranges swapped for contacts, services, documents and calendar
    /// items.
    pub fn instants(start: Option<i64>, end: Option<i64>) -> Self {
        match (start, end) {
            (Some(a), Some(b)) if a > b => Self { from: end, to: start },
            _ => Self { from: start, to: end },
        }
    }

    /// Documents with any of `terms` under `index`, their sort value within these bounds.
    pub fn any_of<I>(self, index: &'static str, terms: I) -> Query
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        match index::any_of(index, terms) {
            Query::Term { index, terms, .. } => Query::Term { index, terms, from: self.from, to: self.to },
            other => other,
        }
    }

    /// All documents that are ordered by `index`, their sort value within these bounds.
    pub(crate) fn every(self, index: &'static str) -> Query {
        self.any_of(index, [index::EVERY])
    }
}

impl<'a> Arguments<'a> {
    /// A text that must be there.
    ///
    /// # Errors
    /// It is absent or no text.
    pub fn text(&self, name: &str) -> Result<&'a str, FieldError> {
        self.optional_text(name)?.ok_or_else(|| FieldError::new(name, "a string"))
    }

    /// A text.
    ///
    /// # Errors
    /// It is there and no text.
    pub fn optional_text(&self, name: &str) -> Result<Option<&'a str>, FieldError> {
        self.read(name, "a string", Value::as_str)
    }

    /// An integer that must be there.
    ///
    /// # Errors
    /// It is absent or no integer.
    pub fn integer(&self, name: &str) -> Result<i64, FieldError> {
        self.optional_integer(name)?.ok_or_else(|| FieldError::new(name, "an integer"))
    }

    /// An integer.
    ///
    /// # Errors
    /// It is there and no integer.
    pub fn optional_integer(&self, name: &str) -> Result<Option<i64>, FieldError> {
        self.read(name, "an integer", Value::as_i64)
    }

    /// A boolean, false where it is absent.
    ///
    /// # Errors
    /// It is there and no boolean.
    pub fn flag(&self, name: &str) -> Result<bool, FieldError> {
        Ok(self.read(name, "true or false", Value::as_bool)?.unwrap_or(false))
    }

    /// An array of texts that must be there.
    ///
    /// # Errors
    /// It is absent or no array, or an element is no text.
    pub fn texts(&self, name: &str) -> Result<Vec<&'a str>, FieldError> {
        self.optional_texts(name)?.ok_or_else(|| FieldError::new(name, "an array of strings"))
    }

    /// An array of texts.
    ///
    /// # Errors
    /// It is there and no array, or an element is no text.
    pub fn optional_texts(&self, name: &str) -> Result<Option<Vec<&'a str>>, FieldError> {
        let Some(elements) = self.read(name, "an array of strings", Value::as_array)? else { return Ok(None) };
        let text = |(at, element): (usize, &'a Value)| {
            element.as_str().ok_or_else(|| FieldError::new(format!("{name}[{at}]"), "a string"))
        };
        elements.iter().enumerate().map(text).collect::<Result<_, _>>().map(Some)
    }

    /// The terms of an array of identifiers, empty where it is absent. Only system and value count.
    ///
    /// # Errors
    /// It is there and no array, or an element is no identifier with a value.
    pub fn identifiers(&self, name: &str) -> Result<Vec<String>, FieldError> {
        let elements = self.read(name, "an array of identifiers", Value::as_array)?;
        let term = |(at, element): (usize, &Value)| {
            let object = element.as_object().ok_or_else(|| FieldError::new("", "an identifier"));
            let term = object.and_then(|object| {
                let stub = Arguments { object, caller: self.caller };
                Ok(index::identifier(stub.optional_text("system")?, stub.text("value")?))
            });
            term.map_err(|error| error.under(&format!("{name}[{at}]")))
        };
        elements.into_iter().flatten().enumerate().map(term).collect()
    }

    /// The term of a tag or code: by its type alone or by type and code; `None` where neither is asked.
    ///
    /// # Errors
    /// One is no text, or there is a code without a type.
    pub fn code(&self, kind: &str, code: &str) -> Result<Option<String>, FieldError> {
        match (self.optional_text(kind)?, self.optional_text(code)?) {
            (None, Some(_)) => Err(FieldError::new(kind, format!("a string, since {code} is given"))),
            (kind, code) => Ok(kind.map(|kind| index::code(kind, code))),
        }
    }

    /// A range of fuzzy dates.
    ///
    /// # Errors
    /// One is no integer.
    pub fn fuzzy(&self, start: &str, end: &str) -> Result<Bounds, FieldError> {
        Ok(Bounds::fuzzy(self.optional_integer(start)?, self.optional_integer(end)?))
    }

    /// A range of instants (epoch milliseconds).
    ///
    /// # Errors
    /// One is no integer.
    pub fn instants(&self, start: &str, end: &str) -> Result<Bounds, FieldError> {
        Ok(Bounds::instants(self.optional_integer(start)?, self.optional_integer(end)?))
    }

    /// The documents in all of `parts` that the data owner argument `name` covers (wire 4.5).
    ///
    /// # Errors
    /// It is no text, or absent though the caller is no data owner.
    pub fn among(&self, name: &str, parts: Vec<Query>) -> Result<Query, FieldError> {
        super::scope::among(self.optional_text(name)?, name, self.caller, parts)
    }

    /// A selection by `query` in the order of its first term, which `descending` turns around.
    ///
    /// # Errors
    /// `descending` is no boolean.
    pub fn sorted(&self, query: Query) -> Result<Selection, FieldError> {
        Ok(sorted(query, self.flag("descending")?))
    }

    fn read<T>(&self, name: &str, expected: &str, read: fn(&'a Value) -> Option<T>) -> Result<Option<T>, FieldError> {
        match self.object.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => read(value).map(Some).ok_or_else(|| FieldError::new(name, expected)),
        }
    }
}

/// A selection by `query` in the order of its first term; of nothing if it is empty anyway.
pub(crate) fn sorted(query: Query, descending: bool) -> Selection {
    let order = match first_leaf(&query) {
        Some(Query::Term { .. }) if descending => Order::Descending,
        Some(Query::Term { .. }) => Order::Ascending,
        _ => Order::Id,
    };
    Selection { query, order }
}

/// The first set that is not made of others.
fn first_leaf(query: &Query) -> Option<&Query> {
    match query {
        Query::Union(parts) | Query::Intersection(parts) => first_leaf(parts.first()?),
        Query::Difference(of, _) => first_leaf(of),
        leaf => Some(leaf),
    }
}
