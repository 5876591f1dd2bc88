//! Short notations for the table tests of the classes.

use serde_json::Value;

use crate::access::Caller;
use crate::class::Class;
use crate::error::FieldError;
use crate::filter;
use crate::query::{Order, Posting, Query, Selection};

/// The data owner `me` with the delegation key `k` and no parents.
pub(crate) fn me() -> Caller {
    Caller { data_owner: Some("me".into()), parents: vec![], delegation_keys: vec!["k".into()] }
}

/// The postings of `document` as `index term @sort #part`, the separator shown as `/`.
pub(crate) fn postings(class: &Class, document: &Value) -> Vec<String> {
    (class.postings)(document.as_object().unwrap()).iter().map(show_posting).collect()
}

/// Checks that each filter, with its `$type` first, compiles to what stands beside it.
pub(crate) fn check(class: &Class, table: &[(&str, Value, &str)]) {
    check_with(|filter| filter::compile(class, filter, &me()), table);
}

/// As [`check`], for filters on services.
pub(crate) fn check_service(table: &[(&str, Value, &str)]) {
    check_with(|filter| filter::compile_service(filter, &me()), table);
}

fn check_with(compile: impl Fn(&Value) -> Result<Selection, FieldError>, table: &[(&str, Value, &str)]) {
    for (name, arguments, expected) in table {
        let mut filter = arguments.clone();
        filter["$type"] = (*name).into();
        let got = match compile(&filter) {
            Ok(selection) => show_selection(&selection),
            Err(error) => format!("! {error}"),
        };
        assert_eq!(got, *expected, "{filter}");
    }
}

/// `asc`, `desc` or nothing, then the query.
pub(crate) fn show_selection(selection: &Selection) -> String {
    let order = match selection.order {
        Order::Id => "",
        Order::Ascending => "asc ",
        Order::Descending => "desc ",
    };
    format!("{order}{}", show(&selection.query))
}

/// A query in a notation that fits on a line.
pub(crate) fn show(query: &Query) -> String {
    let bound = |bound: &Option<i64>| bound.map(|bound| bound.to_string()).unwrap_or_default();
    let term = |term: &Option<String>| term.as_deref().map(plain).unwrap_or_default();
    let list = |parts: &[Query], operator: &str| match parts {
        [] => "nothing".to_owned(),
        parts => format!("({})", parts.iter().map(show).collect::<Vec<_>>().join(operator)),
    };
    match query {
        Query::All => "all".into(),
        Query::Ids(ids) => format!("ids({})", ids.join(",")),
        Query::Term { index, terms, from, to } => {
            let terms = terms.iter().map(|term| plain(term)).collect::<Vec<_>>().join("|");
            match (from, to) {
                (None, None) => format!("{index}={terms}"),
                _ => format!("{index}={terms}[{}..{}]", bound(from), bound(to)),
            }
        }
        Query::Prefix { index, prefix } => format!("{index}~{}", plain(prefix)),
        Query::TermRange { index, from, to } => format!("{index}=[{}..{}]", term(from), term(to)),
        Query::AccessibleTo(keys) => format!("to({})", keys.join(",")),
        Query::Union(parts) => list(parts, " + "),
        Query::Intersection(parts) => list(parts, " & "),
        Query::Difference(of, without) => format!("({} - {})", show(of), show(without)),
    }
}

fn show_posting(posting: &Posting) -> String {
    let sort = posting.sort.map(|sort| format!(" @{sort}")).unwrap_or_default();
    let part = if posting.part.is_empty() { String::new() } else { format!(" #{}", posting.part) };
    format!("{} {}{sort}{part}", posting.index, plain(&posting.term))
}

fn plain(term: &str) -> String {
    term.replace(super::index::SEPARATOR, "/")
}
