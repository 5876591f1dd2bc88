//! The pieces that every class builds its postings and its look-ups from.
//!
//! A posting and the look-up that is to find it name the same index and make their term with the
//! same function of this module.

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::Object;
use crate::fuzzy::first_instant;
use crate::query::{Posting, Query};

/// Stands between the parts of a term that is made of several.
pub(crate) const SEPARATOR: char = '\u{1f}';

/// The only term of an index that is there to order or range all documents of a class.
pub(crate) const EVERY: &str = "";

/// Terms longer than this (bytes) are looked up by their digest, so that an index row stays small.
const MAX_TERM: usize = 512;

/// Characters of a term that is looked up by its start that count.
const MAX_START: usize = 128;

/// The text in the field `key`.
pub(crate) fn text<'a>(object: &'a Object, key: &str) -> Option<&'a str> {
    object.get(key)?.as_str()
}

/// The integer in the field `key`.
pub(crate) fn integer(object: &Object, key: &str) -> Option<i64> {
    object.get(key)?.as_i64()
}

/// The fuzzy date in the field `key`, padded to 14 digits.
pub(crate) fn fuzzy(object: &Object, key: &str) -> Option<i64> {
    integer(object, key).map(first_instant)
}

/// The texts in the array `key`.
pub(crate) fn texts<'a>(object: &'a Object, key: &str) -> impl Iterator<Item = &'a str> {
    array(object, key).iter().filter_map(Value::as_str)
}

/// The objects in the array `key`.
pub(crate) fn objects<'a>(object: &'a Object, key: &str) -> impl Iterator<Item = &'a Object> {
    array(object, key).iter().filter_map(Value::as_object)
}

/// The members of the object `key`, which is used as a map.
pub(crate) fn members<'a>(object: &'a Object, key: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    object.get(key).and_then(Value::as_object).into_iter().flatten()
}

/// The term that is looked up for `text`.
pub(crate) fn exact(text: &str) -> String {
    let bytes = text.as_bytes();
    if bytes.len() <= MAX_TERM { text.to_owned() } else { format!("sha256{SEPARATOR}{}", hex::encode(Sha256::digest(bytes))) }
}

/// The term of a text that is looked up by its start, and the start that is looked up.
pub(crate) fn start(text: &str) -> String {
    text.chars().take(MAX_START).collect()
}

/// The term for two texts together.
pub(crate) fn pair(first: &str, second: &str) -> String {
    exact(&format!("{first}{SEPARATOR}{second}"))
}

/// The term for a tag or code of `kind`, or for any of that kind.
pub(crate) fn code(kind: &str, code: Option<&str>) -> String {
    code.map_or_else(|| exact(kind), |code| pair(kind, code))
}

/// The term for an identifier: the length of the system says where it ends and the value begins.
pub(crate) fn identifier(system: Option<&str>, value: &str) -> String {
    exact(&match system {
        Some(system) => format!("{}:{system}{value}", system.len()),
        None => format!(":{value}"),
    })
}

/// Documents with any of `terms` under `index`, made with [`exact`].
pub(crate) fn any_of<I>(index: &'static str, terms: I) -> Query
where
    I: IntoIterator,
    I::Item: AsRef<str>,
{
    let terms: Vec<String> = terms.into_iter().map(|term| exact(term.as_ref())).collect();
    if terms.is_empty() { Query::nothing() } else { Query::terms(index, terms) }
}

/// The documents in all of `parts`, without a needless nesting.
pub(crate) fn intersection(parts: Vec<Query>) -> Query {
    let mut flat = Vec::with_capacity(parts.len());
    for part in parts {
        match part {
            Query::Intersection(inner) => flat.extend(inner),
            other => flat.push(other),
        }
    }
    match flat.pop() {
        Some(only) if flat.is_empty() => only,
        Some(last) => {
            flat.push(last);
            Query::Intersection(flat)
        }
        None => Query::nothing(),
    }
}

/// What the search `text` finds among [`super::text::entries`] under `index`; `None` where it asks
/// for nothing in particular.
pub(crate) fn search(index: &'static str, text: &str) -> Option<Query> {
    let prefix = |prefix: String| Query::Prefix { index, prefix };
    let (whole, words) = super::text::search(text);
    match (whole.is_empty(), words.is_empty()) {
        (true, _) => None,
        (false, true) => Some(prefix(whole)),
        (false, false) => {
            let words = words.into_iter().map(prefix).collect();
            Some(Query::Union(vec![prefix(whole), Query::Intersection(words)]))
        }
    }
}

/// The postings of one document while they are gathered.
#[derive(Default)]
pub(crate) struct Postings(Vec<Posting>);

impl Postings {
    /// Adds `posting` as it is.
    pub(crate) fn add(&mut self, posting: Posting) {
        self.0.push(posting);
    }

    /// Adds `term` under `index` where there is one, made with [`exact`].
    pub(crate) fn term<'a>(&mut self, index: &'static str, term: impl Into<Option<&'a str>>) {
        if let Some(term) = term.into() {
            self.add(Posting::new(index, exact(term)));
        }
    }

    /// Adds each of `terms`, made with [`exact`], ordered by `sort`.
    pub(crate) fn sorted<I>(&mut self, index: &'static str, terms: I, sort: Option<i64>)
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let posting = |term: I::Item| Posting::new(index, exact(term.as_ref())).sorted(sort);
        self.0.extend(terms.into_iter().map(posting));
    }

    /// Adds the patients that a document belongs to (wire 4.1, `secretForeignKeys`), ordered by `sort`.
    pub(crate) fn patients(&mut self, index: &'static str, object: &Object, sort: Option<i64>) {
        self.sorted(index, texts(object, "secretForeignKeys"), sort);
    }

    /// Adds starts that are looked for, as they are; empty ones are left out.
    pub(crate) fn entries(&mut self, index: &'static str, entries: Vec<String>) {
        let entries = entries.into_iter().filter(|entry| !entry.is_empty());
        self.0.extend(entries.map(|entry| Posting::new(index, entry)));
    }

    /// Adds the tags or codes in the array `key`: each by its type alone and by type and code.
    pub(crate) fn codes(&mut self, index: &'static str, object: &Object, key: &str, sort: Option<i64>, part: &str) {
        for stub in objects(object, key) {
            let Some(kind) = text(stub, "type") else { continue };
            let posting = |of| Posting::new(index, code(kind, of)).sorted(sort).of_part(part);
            self.add(posting(None));
            if let Some(of) = text(stub, "code") {
                self.add(posting(Some(of)));
            }
        }
    }

    /// Adds the identifiers in the array `key`.
    pub(crate) fn identifiers(&mut self, index: &'static str, object: &Object, key: &str, part: &str) {
        for stub in objects(object, key) {
            if let Some(value) = text(stub, "value") {
                self.add(Posting::new(index, identifier(text(stub, "system"), value)).of_part(part));
            }
        }
    }

    /// Adds to whom a data owner has made legacy exchange keys (wire 6.1, `…/aesExchangeKeys`).
    pub(crate) fn legacy_exchange_keys(&mut self, index: &'static str, object: &Object) {
        for (_, delegates) in members(object, "aesExchangeKeys") {
            for delegate in delegates.as_object().into_iter().flat_map(Object::keys) {
                self.term(index, delegate.as_str());
            }
        }
    }

    /// The postings in a fixed order, each index, term and part once.
    pub(crate) fn finish(mut self) -> Vec<Posting> {
        self.0.sort_unstable_by(|a, b| key(a).cmp(&key(b)).then(a.sort.is_none().cmp(&b.sort.is_none())).then(a.sort.cmp(&b.sort)));
        self.0.dedup_by(|a, b| key(a) == key(b));
        self.0
    }
}

fn key(posting: &Posting) -> (&str, &str, &str) {
    (posting.index, &posting.term, &posting.part)
}

fn array<'a>(object: &'a Object, key: &str) -> &'a [Value] {
    object.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_never_collide() {
        let made = [
            identifier(Some("a"), "bc"),
            identifier(Some("ab"), "c"),
            identifier(Some(""), "abc"),
            identifier(None, "abc"),
            identifier(Some("1:a"), "bc"),
            identifier(None, "1:abc"),
        ];
        let different: std::collections::BTreeSet<_> = made.iter().collect();
        assert_eq!(different.len(), made.len(), "{made:?}");
    }

    #[test]
    fn long_terms_are_digests() {
        let (long, longer) = ("x".repeat(513), "x".repeat(514));
        assert_ne!(exact(&long), exact(&longer));
        assert!(exact(&longer).len() < 80);
        assert_eq!(exact(&"x".repeat(512)).len(), 512);
    }

    #[test]
    fn a_term_is_kept_once_with_its_smallest_sort() {
        let mut postings = Postings::default();
        for sort in [None, Some(2), Some(1)] {
            postings.sorted("i", ["a"], sort);
        }
        assert_eq!(postings.finish(), [Posting::new("i", "a").sorted(Some(1))]);
    }
}
