//! From the filter that a client sends to the query that the store answers (wire 5.6).

use crate::Object;
use crate::access::Caller;
use crate::class::Class;
use crate::error::FieldError;
use crate::query::Selection;

/// One kind of filter: its `$type` and how it compiles.
pub struct FilterDef {
    /// The `$type`, e.g. `ContactByHcPartyFilter`.
    pub name: &'static str,
    /// Reads the arguments and gives the set they mean.
    pub compile: fn(&Arguments<'_>) -> Result<Selection, FieldError>,
}

/// The arguments of one filter, with who asks.
pub struct Arguments<'a> {
    /// The filter object, `$type` included.
    pub object: &'a Object,
    /// Who asks: decides what "accessible to me" means (wire 4.5).
    pub caller: &'a Caller,
}

/// Compiles a filter for the class `class`.
///
/// Composite filters (`UnionFilter`, `IntersectionFilter`, `ComplementFilter`) nest up to a fixed
/// depth and number of parts. The result is not yet restricted to what the caller may read.
///
/// # Errors
/// The `$type` is unknown for the class, an argument is missing or of the wrong type, or the
/// filter nests too deeply.
pub fn compile(class: &Class, filter: &serde_json::Value, caller: &Caller) -> Result<Selection, FieldError> {
    let _ = (class, filter, caller);
    Err(FieldError::new("$type", "a known filter"))
}
