//! What gets signed or hashed: a label that says what for, then fields, each behind its length, so
//! that no two different lists of fields give the same bytes.

/// Builds the bytes.
pub(crate) struct Transcript(Vec<u8>);

impl Transcript {
    /// `label` names the purpose and the version of the format.
    pub(crate) fn new(label: &str) -> Self {
        Self(Vec::new()).field(label.as_bytes())
    }

    /// Adds a field.
    pub(crate) fn field(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
        self.0.extend_from_slice(bytes);
        self
    }

    /// Adds how many fields follow, then the fields.
    pub(crate) fn list<'a>(self, items: impl ExactSizeIterator<Item = &'a [u8]>) -> Self {
        let counted = self.field(&(items.len() as u64).to_be_bytes());
        items.fold(counted, Self::field)
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boundaries_count() {
        let of = |a: &[u8], b: &[u8]| Transcript::new("test").field(a).field(b).finish();
        assert_ne!(of(b"ab", b"c"), of(b"a", b"bc"));
        let lists =
            |a: &[&[u8]], b: &[&[u8]]| Transcript::new("test").list(a.iter().copied()).list(b.iter().copied()).finish();
        assert_ne!(lists(&[b"a"], &[]), lists(&[], &[b"a"]));
    }
}
