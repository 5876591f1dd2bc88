//! What the database has in place of octets that are elsewhere.

use super::Place;

/// Where octets are, and what they must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    pub(crate) place: Place,
    /// The name in the place: the group and a random id.
    pub(crate) name: String,
    pub(crate) length: u64,
    /// Their SHA-256.
    pub(crate) digest: [u8; 32],
}

impl Reference {
    /// As the id of an attachment whose octets are elsewhere. Ids of others are UUIDs.
    pub(crate) fn to_id(&self) -> String {
        let place = match self.place {
            Place::Directory => "directory",
            Place::S3 => "s3",
        };
        format!("{place}:{}:{}:{}", self.length, hex::encode(self.digest), self.name)
    }

    /// The reference in an id; `None` if the octets are in the database.
    pub(crate) fn of_id(id: &str) -> Option<Self> {
        let mut parts = id.splitn(4, ':');
        let place = match parts.next()? {
            "directory" => Place::Directory,
            "s3" => Place::S3,
            _ => return None,
        };
        let length = parts.next()?.parse().ok()?;
        let mut digest = [0; 32];
        hex::decode_to_slice(parts.next()?, &mut digest).ok()?;
        Some(Self { place, name: parts.next()?.to_owned(), length, digest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_holds_a_reference() {
        let reference = Reference { place: Place::S3, name: "group:with/colon".into(), length: 5, digest: [7; 32] };
        assert_eq!(Reference::of_id(&reference.to_id()), Some(reference));
        for other in ["", "2f0d8ab7-9b0a-4a5e-8f6e-0d8f4e0b7a11", "s3:1:00:x", "s3:x:", "tape:1:00:x"] {
            assert_eq!(Reference::of_id(other), None, "{other}");
        }
    }
}
