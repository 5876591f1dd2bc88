//! Everything that is derived from a document, in the form in which its row keeps it.
//!
//! The form begins with a version byte. Numbers of things and lengths of texts are LEB128, integers
//! are 8 bytes, little endian; grants come first because most readers want nothing else:
//!
//! ```text
//! 1, grants (key, level), services (id, version, contact modified), unique values,
//!    postings (index, term, sort value, part)
//! ```

use std::collections::{BTreeMap, HashSet};

use keystead_model::access::Level;

use crate::documents::Projection;
use crate::{Result, StoreError};

/// What stands for a missing sort value, so that it comes last in ascending order.
pub(crate) const UNSORTED: i64 = i64::MAX;

/// The only class whose documents hold services.
pub(crate) const CONTACT: &str = "Contact";

const VERSION: u8 = 1;

/// What is derived from a document. Every list is sorted and without duplicates.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts<'a> {
    pub(crate) grants: Vec<(&'a str, Level)>,
    pub(crate) services: Vec<Version<'a>>,
    pub(crate) unique: Vec<&'a str>,
    pub(crate) postings: Vec<Fact<'a>>,
}

/// A posting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fact<'a> {
    pub(crate) index: &'a str,
    pub(crate) term: &'a str,
    pub(crate) sort: i64,
    pub(crate) part: &'a str,
}

/// The version of a service that a contact holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version<'a> {
    pub(crate) service: &'a str,
    pub(crate) version: i64,
    pub(crate) contact_modified: i64,
}

impl<'a> Facts<'a> {
    /// What is derived from a document of the class `class`.
    pub(crate) fn new(class: &str, projection: &'a Projection) -> Self {
        let mut grants = BTreeMap::new();
        for grant in &projection.grants {
            let level = grants.entry(grant.key.as_str()).or_insert(grant.level);
            *level = grant.level.max(*level);
        }
        let mut services = BTreeMap::new();
        for held in projection.services.iter().filter(|_| class == CONTACT) {
            let version = (held.version, held.contact_modified);
            let newest = services.entry(held.service_id.as_str()).or_insert(version);
            *newest = version.max(*newest);
        }
        let mut facts = Self {
            grants: grants.into_iter().collect(),
            services: services
                .into_iter()
                .map(|(service, (version, contact_modified))| Version { service, version, contact_modified })
                .collect(),
            unique: projection.unique.iter().map(String::as_str).collect(),
            postings: projection
                .postings
                .iter()
                .map(|posting| Fact {
                    index: posting.index,
                    term: &posting.term,
                    sort: posting.sort.unwrap_or(UNSORTED),
                    part: &posting.part,
                })
                .collect(),
        };
        facts.unique.sort_unstable();
        facts.unique.dedup();
        facts.postings.sort_unstable();
        facts.postings.dedup();
        facts
    }

    /// Reads back what [`Facts::write`] wrote.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self> {
        let mut reader = Reader::new(bytes)?;
        Ok(Self {
            grants: reader.list(Reader::grant)?,
            services: reader.list(Reader::version)?,
            unique: reader.list(Reader::text)?,
            postings: reader.list(Reader::fact)?,
        })
    }

    pub(crate) fn write(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        write_length(&mut bytes, self.grants.len());
        for (key, level) in &self.grants {
            write_text(&mut bytes, key);
            bytes.push(number(*level));
        }
        write_length(&mut bytes, self.services.len());
        for held in &self.services {
            write_text(&mut bytes, held.service);
            bytes.extend(held.version.to_le_bytes());
            bytes.extend(held.contact_modified.to_le_bytes());
        }
        write_length(&mut bytes, self.unique.len());
        for value in &self.unique {
            write_text(&mut bytes, value);
        }
        write_length(&mut bytes, self.postings.len());
        for posting in &self.postings {
            write_text(&mut bytes, posting.index);
            write_text(&mut bytes, posting.term);
            bytes.extend(posting.sort.to_le_bytes());
            write_text(&mut bytes, posting.part);
        }
        bytes
    }

    /// The postings under an index.
    pub(crate) fn of_index(&self, index: &str) -> impl Iterator<Item = &Fact<'a>> {
        let from = self.postings.partition_point(|posting| posting.index < index);
        self.postings.iter().skip(from).take_while(move |posting| posting.index == index)
    }

    /// The version of a service, if it is held here.
    pub(crate) fn version(&self, service: &str) -> Option<&Version<'a>> {
        let place = self.services.binary_search_by_key(&service, |held| held.service).ok()?;
        self.services.get(place)
    }
}

/// What a search finds of a document: nothing once it is deleted.
pub(crate) fn derived(facts: Facts<'_>, deleted: bool) -> Facts<'_> {
    if deleted { Facts::default() } else { facts }
}

/// Access keys, to be looked for in the grants of documents. A caller may have thousands.
pub(crate) enum Keys<'a> {
    /// So few, or for so few documents, that a set would cost more than it saves.
    Few(&'a [String]),
    /// Many, for many documents.
    Many(HashSet<&'a str>),
}

impl<'a> Keys<'a> {
    pub(crate) fn for_many(keys: &'a [String]) -> Self {
        if keys.len() <= 8 { Self::Few(keys) } else { Self::Many(keys.iter().map(String::as_str).collect()) }
    }

    /// The highest level that any of the keys has by the grants of a document.
    pub(crate) fn level(&self, facts: &[u8]) -> Result<Option<Level>> {
        let mut reader = Reader::new(facts)?;
        let mut highest = None;
        for _ in 0..reader.length()? {
            let (key, level) = reader.grant()?;
            if highest < Some(level) && self.contain(key) {
                highest = Some(level);
            }
        }
        Ok(highest)
    }

    fn contain(&self, key: &str) -> bool {
        match self {
            Self::Few(keys) => keys.iter().any(|held| held == key),
            Self::Many(keys) => keys.contains(key),
        }
    }
}

/// How a level is stored. Never change one.
fn number(level: Level) -> u8 {
    match level {
        Level::Read => 1,
        Level::Write => 2,
    }
}

fn write_length(bytes: &mut Vec<u8>, mut length: usize) {
    while length >= 0x80 {
        bytes.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
}

fn write_text(bytes: &mut Vec<u8>, text: &str) {
    write_length(bytes, text.len());
    bytes.extend(text.as_bytes());
}

/// Reads the form from its beginning to its end.
struct Reader<'a> {
    rest: &'a [u8],
}

const UNREADABLE: StoreError = StoreError::Corrupt("the facts of a document");

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8]) -> Result<Self> {
        match bytes.split_first() {
            Some((&VERSION, rest)) => Ok(Self { rest }),
            _ => Err(UNREADABLE),
        }
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(UNREADABLE)?;
        self.rest = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8> {
        let (first, rest) = self.rest.split_first().ok_or(UNREADABLE)?;
        self.rest = rest;
        Ok(*first)
    }

    fn length(&mut self) -> Result<usize> {
        let mut length = 0;
        for shift in (0..usize::BITS).step_by(7) {
            let byte = self.byte()?;
            length |= usize::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(length);
            }
        }
        Err(UNREADABLE)
    }

    fn text(&mut self) -> Result<&'a str> {
        let length = self.length()?;
        std::str::from_utf8(self.take(length)?).map_err(|_| UNREADABLE)
    }

    fn integer(&mut self) -> Result<i64> {
        let bytes = self.take(8)?.try_into().map_err(|_| UNREADABLE)?;
        Ok(i64::from_le_bytes(bytes))
    }

    fn grant(&mut self) -> Result<(&'a str, Level)> {
        let key = self.text()?;
        match self.byte()? {
            1 => Ok((key, Level::Read)),
            2 => Ok((key, Level::Write)),
            _ => Err(UNREADABLE),
        }
    }

    fn version(&mut self) -> Result<Version<'a>> {
        Ok(Version { service: self.text()?, version: self.integer()?, contact_modified: self.integer()? })
    }

    fn fact(&mut self) -> Result<Fact<'a>> {
        Ok(Fact { index: self.text()?, term: self.text()?, sort: self.integer()?, part: self.text()? })
    }

    fn list<T>(&mut self, one: impl Fn(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let length = self.length()?;
        // A damaged length must not reserve memory: nothing is shorter than a byte.
        let mut list = Vec::with_capacity(length.min(self.rest.len()));
        for _ in 0..length {
            list.push(one(self)?);
        }
        Ok(list)
    }
}

#[cfg(test)]
mod tests {
    use keystead_model::access::Grant;
    use keystead_model::query::{Posting, ServiceVersion};

    use super::*;

    fn sample() -> Projection {
        Projection {
            postings: vec![
                Posting::new("contact.tag", "T/é").sorted(Some(-2)).of_part("s"),
                Posting::new("contact.by-key", "k".repeat(200)),
                Posting::new("contact.tag", "T/é").sorted(Some(-2)).of_part("s"),
            ],
            grants: vec![
                Grant { key: "w".to_owned(), level: Level::Read },
                Grant { key: "w".to_owned(), level: Level::Write },
                Grant { key: "r".to_owned(), level: Level::Read },
            ],
            services: vec![
                ServiceVersion { service_id: "s".to_owned(), version: 3, contact_modified: 4 },
                ServiceVersion { service_id: "s".to_owned(), version: 3, contact_modified: 5 },
            ],
            unique: vec!["login:x".to_owned()],
        }
    }

    #[test]
    fn come_back_as_they_were_written() {
        let projection = sample();
        let facts = Facts::new(CONTACT, &projection);
        let bytes = facts.write();
        assert_eq!(Facts::read(&bytes).unwrap(), facts);
        assert_eq!(facts.grants, [("r", Level::Read), ("w", Level::Write)]);
        assert_eq!(facts.services, [Version { service: "s", version: 3, contact_modified: 5 }]);
        assert_eq!(facts.postings.len(), 2);
        assert_eq!(facts.of_index("contact.tag").count(), 1);
        for (held, expected) in [("w", Some(Level::Write)), ("r", Some(Level::Read)), ("x", None)] {
            let mut keys = vec![held.to_owned()];
            assert_eq!(Keys::Few(&keys).level(&bytes).unwrap(), expected);
            keys.extend((0..20).map(|number| number.to_string()));
            assert_eq!(Keys::for_many(&keys).level(&bytes).unwrap(), expected);
        }
    }

    /// The stored form of version 1. It must be readable for ever.
    #[test]
    fn open_an_old_sample() {
        let frozen = "010201720101770201017303000000000000000500000000000000\
                      01076c6f67696e3a78010b636f6e746163742e74616704542fc3a9feffffffffffffff0173";
        let bytes: Vec<u8> =
            (0..frozen.len()).step_by(2).map(|at| u8::from_str_radix(&frozen[at..at + 2], 16).unwrap()).collect();
        let mut projection = sample();
        projection.postings.remove(1);
        assert_eq!(Facts::read(&bytes).unwrap(), Facts::new(CONTACT, &projection));
        assert_eq!(Facts::new(CONTACT, &projection).write(), bytes);
    }

    #[test]
    fn are_refused_when_damaged() {
        let projection = sample();
        let bytes = Facts::new(CONTACT, &projection).write();
        for length in 0..bytes.len() {
            assert!(Facts::read(&bytes[..length]).is_err(), "cut at {length}");
        }
        assert!(Facts::read(&[2, 0, 0, 0, 0]).is_err());
        assert!(Facts::read(&[1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]).is_err());
    }
}
