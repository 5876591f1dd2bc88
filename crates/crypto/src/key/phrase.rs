//! What two people read to each other to make sure that they see the same key (crypto 6, items 2 and 5).

use std::fmt;

use super::words::WORDS;
use super::{KeyId, PublicKey};
use crate::hazmat::hash::sha256;
use crate::hazmat::transcript::Transcript;

/// How many words a phrase has, of ten bits each.
pub const PHRASE_WORDS: usize = 7;

/// Hashes per phrase: makes each try of somebody who looks for a second key with the same phrase
/// cost 2^17 hashes, so that 70 bits of words cost about as much as 87 bits would.
const ROUNDS: usize = 1 << 17;

/// Seven words that stand for one whole key of one data owner. Not a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phrase([&'static str; PHRASE_WORDS]);

/// The phrase of a key, from its whole public half and the id of its owner: two keys with one
/// fingerprint have two phrases. Takes some hundredth of a second, on purpose.
pub fn derive_phrase(owner: &str, key: &PublicKey) -> Phrase {
    let start = Transcript::new("keystead/phrase/v1").field(owner.as_bytes()).field(key.spki()).finish();
    let hash = (0..ROUNDS).fold(sha256(&[&start]), |hash, _| sha256(&[&hash]));
    Phrase(std::array::from_fn(|position| word(&hash, position)))
}

/// The word for ten bits of `hash`.
fn word(hash: &[u8; 32], position: usize) -> &'static str {
    let bit = |at: usize| hash.get(at / 8).map_or(0, |byte| usize::from(byte >> (7 - at % 8) & 1));
    let index = (position * 10..position * 10 + 10).fold(0, |index, at| index << 1 | bit(at));
    WORDS.get(index).copied().unwrap_or_default()
}

impl Phrase {
    /// The words.
    pub fn words(&self) -> &[&'static str; PHRASE_WORDS] {
        &self.0
    }

    /// Whether somebody typed this phrase: case and what stands between the words do not matter, and
    /// four letters of a word are enough.
    pub fn matches(&self, typed: &str) -> bool {
        let mut typed = typed.split(|letter: char| !letter.is_alphabetic()).filter(|word| !word.is_empty());
        let all = self.0.iter().all(|word| {
            typed.next().is_some_and(|typed| {
                let typed = typed.to_lowercase();
                typed.len() >= 4 && word.starts_with(&typed)
            })
        });
        all && typed.next().is_none()
    }
}

impl fmt::Display for Phrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

const CLAIM: &str = "keystead:key:1:";

/// What a QR code shows instead of the phrase: the owner and the whole identity of the key.
pub fn key_claim(owner: &str, key: &PublicKey) -> String {
    format!("{CLAIM}{}:{owner}", key.id())
}

/// Reads a scanned [`key_claim`]: owner and key.
pub fn read_key_claim(text: &str) -> Option<(&str, KeyId)> {
    let (id, owner) = text.strip_prefix(CLAIM)?.split_once(':')?;
    Some((owner, id.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::vectors;

    #[test]
    fn colliding_keys_have_different_phrases() {
        let victim = vectors::private_key("ORG");
        let forged = vectors::colliding_key();
        assert_eq!(victim.public().fingerprint(), forged.public().fingerprint());
        let phrase = derive_phrase("hcp-org", victim.public());
        assert_ne!(phrase, derive_phrase("hcp-org", forged.public()));
        assert_ne!(phrase, derive_phrase("hcp-b", victim.public()));
    }

    #[test]
    fn typing_is_forgiving_about_form_only() {
        let phrase = derive_phrase("hcp-a", vectors::private_key("A").public());
        let text = phrase.to_string();
        assert!(phrase.matches(&text));
        assert!(phrase.matches(&format!("  {} ", text.to_uppercase().replace(' ', " - "))));
        let short: Vec<_> = phrase.words().iter().map(|word| &word[..4]).collect();
        assert!(phrase.matches(&short.join(" ")));
        assert!(!phrase.matches(&phrase.words()[..6].join(" ")));
        assert!(!phrase.matches(&format!("{text} {}", WORDS[0])));
        assert!(!phrase.matches(""));
        let mut swapped = *phrase.words();
        swapped.swap(0, 1);
        assert!(!phrase.matches(&swapped.join(" ")));
    }

    proptest! {
        #[test]
        fn claims_read_back(owner in ".{0,20}") {
            let key = vectors::private_key("A");
            let claim = key_claim(&owner, key.public());
            prop_assert_eq!(read_key_claim(&claim), Some((owner.as_str(), key.public().id())));
        }

        #[test]
        fn reading_any_claim(text in ".{0,90}") {
            let _ = read_key_claim(&text);
            let _ = read_key_claim(&format!("{CLAIM}{text}"));
        }
    }
}
