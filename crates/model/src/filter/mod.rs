//! From the filter that a client sends to the query that the store answers (wire 5.6).
//!
//! Each class lists its filters as [`FilterDef`]s; composite filters are understood for every class.
//! The compiled query is pure data: it is not yet restricted to what the caller may read.

mod arguments;
mod scope;
#[cfg(test)]
mod tests;

use serde_json::Value;

pub(crate) use arguments::sorted;
pub use arguments::{Arguments, Bounds};
pub use scope::among;

use crate::Object;
use crate::access::Caller;
use crate::class::Class;
use crate::entity::index::intersection;
use crate::entity::{message, service};
use crate::error::FieldError;
use crate::query::{Query, Selection};

/// How deeply composite filters may nest.
pub const MAX_DEPTH: usize = 16;

/// How many filters one filter may be made of, itself included.
pub const MAX_PARTS: usize = 1000;

/// One kind of filter: its `$type` and how it compiles.
pub struct FilterDef {
    /// The `$type`, e.g. `ContactByHcPartyFilter`.
    pub name: &'static str,
    /// Reads the arguments and gives the set they mean.
    pub compile: fn(&Arguments<'_>) -> Result<Selection, FieldError>,
}

impl std::fmt::Debug for FilterDef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// Compiles a filter for the class `class`.
///
/// Composite filters (`UnionFilter`, `IntersectionFilter`, `ComplementFilter`) nest up to
/// [`MAX_DEPTH`] and are made of up to [`MAX_PARTS`]. An intersection and a complement keep the order
/// of their first filter, a union has none. The result is not yet restricted to what the caller may
/// read.
///
/// # Errors
/// The `$type` is unknown for the class, an argument is missing or of the wrong type, or the
/// filter nests too deeply. Paths start at `filter`.
pub fn compile(class: &Class, filter: &Value, caller: &Caller) -> Result<Selection, FieldError> {
    Compiler { filters: class.filters, caller, parts: 0 }.filter(filter, 0)
}

/// Compiles a filter on services. The result is about parts of contacts, not about contacts.
///
/// # Errors
/// As [`compile`].
pub fn compile_service(filter: &Value, caller: &Caller) -> Result<Selection, FieldError> {
    Compiler { filters: service::FILTERS, caller, parts: 0 }.filter(filter, 0)
}

/// How many of the first answers a filter keeps; `None` for all. Only the filter for the latest
/// message of a transport GUID keeps one, which no query can say, and only when it stands alone.
pub fn limit(filter: &Value) -> Option<usize> {
    let name = filter.get("$type").and_then(Value::as_str);
    (name == Some(message::LATEST_BY_TRANSPORT_GUID)).then_some(1)
}

/// The filter inside `{"filter": {…}, "predicate": null}`, the body of the `…/filter` endpoints and
/// of subscriptions. A `$type` of the wrapper is ignored.
///
/// What is found in the filter later should be reported under `filter` ([`FieldError::under`]).
///
/// # Errors
/// There is no wrapper, no filter in it, or a predicate.
pub fn from_chain(chain: &Value) -> Result<&Value, FieldError> {
    let chain = chain.as_object().ok_or_else(|| FieldError::new("", "an object with a filter"))?;
    match chain.get("predicate") {
        None | Some(Value::Null) => {}
        Some(_) => return Err(FieldError::new("predicate", "null: predicates are not supported")),
    }
    chain.get("filter").filter(|filter| !filter.is_null()).ok_or_else(|| FieldError::new("filter", "a filter"))
}

/// The query of a list-by-patient endpoint (wire 5.3, `POST {x}/byDataOwnerPatient…`): documents of
/// any of the patients with `secret_foreign_keys`, accessible through `data_owner`, ordered by date.
///
/// Dates are fuzzy or epoch milliseconds, as [`crate::class::ByPatient::fuzzy`] says.
///
/// # Errors
/// `data_owner` is absent and the caller is no data owner, or the class has no such endpoint.
pub fn by_patient(
    class: &Class,
    data_owner: Option<&str>,
    secret_foreign_keys: &[String],
    start: Option<i64>,
    end: Option<i64>,
    descending: bool,
    caller: &Caller,
) -> Result<Selection, FieldError> {
    let Some(list) = &class.by_patient else {
        return Err(FieldError::new("", "a class that is listed by patient"));
    };
    let bounds = if list.fuzzy { Bounds::fuzzy(start, end) } else { Bounds::instants(start, end) };
    let query = bounds.any_of(list.index, secret_foreign_keys);
    Ok(sorted(among(data_owner, "dataOwnerId", caller, vec![query])?, descending))
}

/// For `All…Filter`: every document of the class.
pub(crate) fn all(_: &Arguments<'_>) -> Result<Selection, FieldError> {
    Ok(Selection::unordered(Query::All))
}

/// For `…ByIdsFilter`: the documents with the given ids.
pub(crate) fn by_ids(arguments: &Arguments<'_>) -> Result<Selection, FieldError> {
    let ids = arguments.texts("ids")?.into_iter().map(str::to_owned).collect();
    Ok(Selection::unordered(Query::Ids(ids)))
}

/// One compilation: which filters there are, who asks, and how many filters were seen.
struct Compiler<'a> {
    filters: &'static [FilterDef],
    caller: &'a Caller,
    parts: usize,
}

impl Compiler<'_> {
    fn filter(&mut self, filter: &Value, depth: usize) -> Result<Selection, FieldError> {
        let object = filter.as_object().ok_or_else(|| FieldError::new("", "a filter: an object with a $type"))?;
        self.parts += 1;
        if self.parts > MAX_PARTS {
            return Err(FieldError::new("", format!("a filter made of at most {MAX_PARTS} filters")));
        }
        if depth >= MAX_DEPTH {
            return Err(FieldError::new("", format!("a filter nested at most {MAX_DEPTH} deep")));
        }
        let Some(name) = object.get("$type").and_then(Value::as_str) else {
            return Err(FieldError::new("$type", "the name of a filter"));
        };
        match name {
            "UnionFilter" => {
                let parts = self.parts(object, depth)?;
                Ok(Selection::unordered(Query::Union(parts.into_iter().map(|part| part.query).collect())))
            }
            "IntersectionFilter" => {
                let parts = self.parts(object, depth)?;
                let order = parts.first().ok_or_else(|| FieldError::new("filters", "at least one filter"))?.order;
                Ok(Selection { query: intersection(parts.into_iter().map(|part| part.query).collect()), order })
            }
            "ComplementFilter" => {
                let Selection { query: of, order } = self.part(object, "superSet", depth)?;
                let without = self.part(object, "subSet", depth)?.query;
                Ok(Selection { query: Query::Difference(Box::new(of), Box::new(without)), order })
            }
            name => {
                let known = self.filters.iter().find(|known| known.name == name);
                let known = known.ok_or_else(|| FieldError::new("$type", "a filter of this class"))?;
                (known.compile)(&Arguments { object, caller: self.caller })
            }
        }
    }

    fn parts(&mut self, object: &Object, depth: usize) -> Result<Vec<Selection>, FieldError> {
        let filters = match object.get("filters") {
            None | Some(Value::Null) => &[],
            Some(Value::Array(filters)) => filters.as_slice(),
            Some(_) => return Err(FieldError::new("filters", "an array of filters")),
        };
        let part = |(at, filter): (usize, &Value)| {
            self.filter(filter, depth + 1).map_err(|error| error.under(&format!("filters[{at}]")))
        };
        filters.iter().enumerate().map(part).collect()
    }

    fn part(&mut self, object: &Object, name: &str, depth: usize) -> Result<Selection, FieldError> {
        let filter = object.get(name).ok_or_else(|| FieldError::new(name, "a filter"))?;
        self.filter(filter, depth + 1).map_err(|error| error.under(name))
    }
}
