//! What the data owner argument of a filter covers (wire 4.5).

use crate::access::Caller;
use crate::entity::index::intersection;
use crate::error::FieldError;
use crate::query::Query;

/// The documents in all of `parts` that are accessible through the data owner `data_owner`, which
/// stands in the argument `name`.
///
/// The caller itself, which is meant where the argument is absent, stands for its own id and every
/// delegation key it presented, but not for its parents. Anybody else is looked up literally.
///
/// The result is never restricted to what the caller may read: the store does that for every query.
/// When the caller has no parents, "accessible through me" says the same as that restriction, so it
/// is left out beside other parts. (Every operator of [`Query`] commutes with the restriction, so
/// this holds wherever the result is used inside a composite.)
///
/// # Errors
/// `data_owner` is absent and the caller is no data owner.
pub fn among(
    data_owner: Option<&str>,
    name: &str,
    caller: &Caller,
    mut parts: Vec<Query>,
) -> Result<Query, FieldError> {
    let me = caller.data_owner.as_deref();
    let Some(data_owner) = data_owner.or(me) else {
        return Err(FieldError::new(name, "the id of a data owner, since the caller is none"));
    };
    if Some(data_owner) != me {
        parts.push(Query::AccessibleTo(vec![data_owner.to_owned()]));
    } else if parts.is_empty() || !caller.parents.is_empty() {
        let keys = me.into_iter().map(str::to_owned).chain(caller.delegation_keys.iter().cloned());
        parts.push(Query::AccessibleTo(keys.collect()));
    }
    Ok(intersection(parts))
}
