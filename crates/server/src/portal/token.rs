//! What a key looks like: `kc_GROUP.ID.SECRET`, where the first letters say what it is for. The group says where it is
//! kept, so that no key is ever looked for among those of another tenant.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::rng::Rng;

/// The longest text that is taken for a key.
const MAX_TOKEN: usize = 1024;

/// What a key is for (portal 1.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Kind {
    /// A custodian's, for one environment.
    Custodian,
    /// A client's, without an end.
    Client,
    /// A client's, for a while.
    Session,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Custodian, Self::Client, Self::Session];

    const fn prefix(self) -> &'static str {
        match self {
            Self::Custodian => "kc_",
            Self::Client => "ka_",
            Self::Session => "ks_",
        }
    }
}

/// A key as it is sent.
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) group: String,
    pub(super) id: String,
    pub(super) secret: Zeroizing<String>,
}

impl Token {
    /// A new key of a group.
    pub(super) fn random(rng: &dyn Rng, kind: Kind, group: &str) -> Self {
        let id = hex::encode(rng.bytes::<16>());
        let secret = Zeroizing::new(URL_SAFE_NO_PAD.encode(Zeroizing::new(rng.bytes::<32>()).as_slice()));
        Self { kind, group: group.to_owned(), id, secret }
    }

    /// Whether the text says that it is a key of this API.
    pub(super) fn is_one(text: &str) -> bool {
        Kind::ALL.iter().any(|kind| text.starts_with(kind.prefix()))
    }

    /// Reads a key.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_TOKEN {
            return None;
        }
        let (kind, rest) = Kind::ALL.into_iter().find_map(|kind| Some((kind, text.strip_prefix(kind.prefix())?)))?;
        let (group, rest) = rest.split_once('.')?;
        let (id, secret) = rest.split_once('.')?;
        let group = String::from_utf8(URL_SAFE_NO_PAD.decode(group).ok()?).ok()?;
        let valid = id.len() == 32 && id.bytes().all(|digit| digit.is_ascii_hexdigit()) && !secret.is_empty();
        valid.then(|| Self { kind, group, id: id.to_owned(), secret: Zeroizing::new(secret.to_owned()) })
    }

    /// The text that is given out, once.
    pub(super) fn print(&self) -> String {
        let Self { kind, group, id, secret } = self;
        format!("{}{}.{id}.{}", kind.prefix(), URL_SAFE_NO_PAD.encode(group), secret.as_str())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("kind", &self.kind).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::SystemRng;

    #[test]
    fn keys_are_read_back_and_tell_nothing_when_they_are_shown() {
        for kind in Kind::ALL {
            let token = Token::random(&SystemRng::default(), kind, "a group/with.dots");
            let text = token.print();
            let read = Token::parse(&text).unwrap();
            assert_eq!((read.kind, read.group.as_str(), &read.id), (kind, "a group/with.dots", &token.id));
            assert_eq!(read.secret, token.secret);
            assert!(Token::is_one(&text));
            assert!(!format!("{token:?}").contains(token.secret.as_str()));
        }
    }

    #[test]
    fn what_is_no_key_is_not_read() {
        let long = format!("kc_{}", "a".repeat(2_000));
        let id = "0".repeat(32);
        for text in [
            "",
            "kc_",
            "kc_.",
            "kc_Zw.",
            "kc_Zw.x.y",
            &format!("kx_Zw.{id}.y"),
            &format!("kc_Zw.{id}."),
            &format!("kc_/w.{id}.y"),
            &format!("kc__w.{id}.y"),
            &long,
        ] {
            assert!(Token::parse(text).is_none(), "{text}");
        }
        assert!(Token::parse(&format!("kc_Zw.{id}.y")).is_some());
    }
}
