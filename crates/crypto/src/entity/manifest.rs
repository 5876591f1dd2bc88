//! Which fields of an entity are encrypted: lists of paths (crypto 3.7).

use std::collections::{BTreeMap, BTreeSet};

use super::ENCRYPTED_SELF;

/// Why a list of paths is not a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// A path does not follow the grammar.
    #[error("not a path of fields")]
    Path,
    /// A field is used in two ways: whole and in parts, or as a list and as an object.
    #[error("a field used in two ways")]
    Conflict,
}

/// How a path goes on behind a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// `name.rest`: the field holds an object.
    Object,
    /// `name.*.rest`: the field holds a map of objects.
    Values,
    /// `name[].rest`: the field holds a list of objects.
    Elements,
}

/// The encrypted fields of one kind of object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Manifest {
    pub(super) all: bool,
    pub(super) fields: BTreeSet<String>,
    pub(super) nested: BTreeMap<String, (Step, Manifest)>,
    /// The object is a service, whose `content` has a rule of its own (crypto 3.8).
    pub(super) service: bool,
}

impl Manifest {
    /// Reads paths: `name` is a whole field, `name.rest`, `name.*.rest` and `name[].rest` go on into an
    /// object, each value of a map, each element of a list; `*` as the last step is every field of that
    /// object; a JSON list of suffixes may stand for `rest`.
    ///
    /// # Errors
    /// See [`ManifestError`].
    pub fn parse<'a>(paths: impl IntoIterator<Item = &'a str>) -> Result<Self, ManifestError> {
        let mut manifest = Self::default();
        for path in paths {
            manifest.add(path)?;
        }
        Ok(manifest)
    }

    fn add(&mut self, path: &str) -> Result<(), ManifestError> {
        if path.starts_with('[') {
            let suffixes: Vec<String> = serde_json::from_str(path).map_err(|_| ManifestError::Path)?;
            return suffixes.iter().try_for_each(|suffix| self.add(suffix));
        }
        if path == "*" {
            self.all = true;
            return if self.fields.is_empty() && self.nested.is_empty() {
                Ok(())
            } else {
                Err(ManifestError::Conflict)
            };
        }
        let end = path.find(['.', '[']).unwrap_or(path.len());
        let (name, rest) = path.split_at_checked(end).ok_or(ManifestError::Path)?;
        let plain = name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        if name.is_empty() || !plain || name == ENCRYPTED_SELF {
            return Err(ManifestError::Path);
        }
        if self.all {
            return Err(ManifestError::Conflict);
        }
        let (step, rest) = if rest.is_empty() {
            self.fields.insert(name.to_owned());
            return if self.nested.contains_key(name) { Err(ManifestError::Conflict) } else { Ok(()) };
        } else if let Some(rest) = rest.strip_prefix("[].") {
            (Step::Elements, rest)
        } else if let Some(rest) = rest.strip_prefix(".*.") {
            (Step::Values, rest)
        } else if let Some(rest) = rest.strip_prefix('.') {
            (Step::Object, rest)
        } else {
            return Err(ManifestError::Path);
        };
        let (known_step, nested) = self.nested.entry(name.to_owned()).or_insert_with(|| (step, Self::default()));
        if *known_step != step || self.fields.contains(name) {
            return Err(ManifestError::Conflict);
        }
        nested.add(rest)
    }

    /// This manifest for services: `content` is encrypted whatever else is.
    pub(super) fn for_services(mut self) -> Self {
        self.service = true;
        self
    }

    /// Adds the rule for the list `name`.
    pub(super) fn with_elements(mut self, name: &str, elements: Self) -> Self {
        self.nested.insert(name.to_owned(), (Step::Elements, elements));
        self
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn grammar() {
        let manifest = Manifest::parse(["note", "a.b", "m.*.x", "l[].y", "l[].[\"z\", \"w.v\"]", "o.*"]).unwrap();
        assert!(manifest.fields.contains("note"));
        assert_eq!(manifest.nested["m"].0, Step::Values);
        let (step, elements) = &manifest.nested["l"];
        assert_eq!(*step, Step::Elements);
        assert_eq!(elements.fields.iter().collect::<Vec<_>>(), ["y", "z"]);
        assert!(elements.nested["w"].1.fields.contains("v"));
        assert!(manifest.nested["o"].1.all);
    }

    #[test]
    fn one_way_only() {
        for paths in [["a", "a.b"], ["a.b", "a"], ["a.b", "a[].b"], ["a.*.b", "a.b"], ["*", "a"], ["a", "*"]] {
            assert_eq!(Manifest::parse(paths), Err(ManifestError::Conflict), "{paths:?}");
        }
        for path in ["", ".", "a.", "a[]", "a[b]", "a..b", "[", "[1]", "é", "encryptedSelf", "a.encryptedSelf"] {
            assert_eq!(Manifest::parse([path]), Err(ManifestError::Path), "{path}");
        }
    }

    proptest! {
        #[test]
        fn parsing_anything(paths in proptest::collection::vec("[ab.*\\[\\]\"]{0,12}", 0..4)) {
            let _ = Manifest::parse(paths.iter().map(String::as_str));
        }
    }
}
