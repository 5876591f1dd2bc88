//! What a search asks of a document, in the document's own row.
//!
//! A posting and a holder of access are each one key there: 16 octets of a digest, whatever the length of their texts, in
//! an inverted index over all documents. Writing a document adds to that index once, not once for each of its terms, and
//! whether a document is in a set is answered by its row.

use std::fmt::Write as _;

use keystead_model::query::is_looked_up_whole;
use sha2::{Digest as _, Sha256};

use super::text::escape;
use crate::facts::{Fact, Facts};

/// Octets of a key: enough that nobody finds two texts with the same one.
const KEY: usize = 16;

/// The columns `keys`, `sorts` and `parts`. The first keys are those of postings, each with its sort value and part at
/// the same place.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) keys: Vec<Vec<u8>>,
    pub(super) sorts: Vec<i64>,
    pub(super) parts: Vec<String>,
}

impl Held {
    pub(super) fn of(group: &str, class: &str, facts: &Facts<'_>) -> Self {
        let postings = facts.postings.iter().map(|fact| posting(group, fact.index, fact.term));
        let holders = facts.grants.iter().map(|(holder, _)| access(group, class, holder));
        Self {
            keys: postings.chain(holders).collect(),
            sorts: facts.postings.iter().map(|fact| fact.sort).collect(),
            parts: facts.postings.iter().map(|fact| escape(fact.part).into_owned()).collect(),
        }
    }

    /// The three as PostgreSQL writes arrays, for a statement that takes many documents.
    pub(super) fn literals(&self) -> [String; 3] {
        [
            literal(self.keys.iter().map(|key| quoted(&octets(key)))),
            literal(self.sorts.iter().map(i64::to_string)),
            literal(self.parts.iter().map(|part| quoted(part))),
        ]
    }
}

/// Whether a posting has a row of its own too, because it is looked up in some order.
pub(super) fn is_ordered(fact: &Fact<'_>) -> bool {
    fact.term.is_empty() || !is_looked_up_whole(fact.index)
}

/// The key of a posting.
pub(super) fn posting(group: &str, index: &str, term: &str) -> Vec<u8> {
    key(["posting", group, index, term])
}

/// The key of who may reach a document.
pub(super) fn access(group: &str, class: &str, holder: &str) -> Vec<u8> {
    key(["access", group, class, holder])
}

/// Stored: never change it.
fn key(texts: [&str; 4]) -> Vec<u8> {
    let mut digest = Sha256::new();
    for text in texts {
        digest.update((text.len() as u64).to_be_bytes());
        digest.update(text);
    }
    digest.finalize().into_iter().take(KEY).collect()
}

/// Octets as PostgreSQL writes them.
fn octets(octets: &[u8]) -> String {
    let mut text = String::with_capacity(2 + 2 * octets.len());
    text.push_str("\\x");
    octets.iter().for_each(|octet| _ = write!(text, "{octet:02x}"));
    text
}

/// An array of what needs no quotes, or has them.
pub(super) fn literal(elements: impl Iterator<Item = String>) -> String {
    let elements: Vec<String> = elements.collect();
    format!("{{{}}}", elements.join(","))
}

/// A text within an array.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use keystead_model::access::{Grant, Level};
    use keystead_model::query::Posting;

    use super::*;
    use crate::documents::Projection;
    use crate::facts::UNSORTED;

    #[test]
    fn a_key_is_of_one_kind_group_and_text() {
        let keys = [
            posting("g", "i", "t"),
            posting("g", "it", ""),
            posting("gi", "", "t"),
            posting("g", "", "it"),
            access("g", "i", "t"),
        ];
        for (at, key) in keys.iter().enumerate() {
            assert!(!keys[..at].contains(key), "{at}");
        }
    }

    /// Stored keys must be found for ever.
    #[test]
    fn a_key_is_what_it_was() {
        assert_eq!(octets(&posting("g", "contact.tag", "T")), "\\xfebc99e95feec7484f99e9e7f498014d");
        assert_eq!(octets(&access("g", "Contact", "h")), "\\xc06d7140fed24f94f48a2e3cb35ec8a0");
    }

    #[test]
    fn postings_come_first_with_their_sort_values_and_parts() {
        let projection = Projection {
            postings: vec![
                Posting::new("contact.tag", "T").sorted(Some(3)),
                Posting::new("contact.opening", "").of_part("a \"\\ b"),
            ],
            grants: vec![Grant { key: "h".to_owned(), level: Level::Read }],
            ..Projection::default()
        };
        let facts = Facts::new("Contact", &projection);
        let held = Held::of("g", "Contact", &facts);
        assert_eq!(
            held.keys,
            [posting("g", "contact.opening", ""), posting("g", "contact.tag", "T"), access("g", "Contact", "h")]
        );
        assert_eq!(held.sorts, [UNSORTED, 3]);
        assert_eq!(held.parts, ["a \"\\ b", ""]);
        let [keys, sorts, parts] = held.literals();
        assert_eq!(keys.matches(r#""\\x"#).count(), 3, "{keys}");
        assert_eq!(sorts, "{9223372036854775807,3}");
        assert_eq!(parts, r#"{"a \"\\ b",""}"#);
        assert_eq!(facts.postings.iter().map(is_ordered).collect::<Vec<_>>(), [true, false]);
    }
}
