//! Kerberus: a proof of work instead of a captcha, verified by the server alone (wire 2.2).
//!
//! For each salt the client looks for a number `n` such that the first 16 octets of
//! `SHA-256(SHA-256(salt ‖ spec) ‖ n)` are among the highest `1/difficulty` of all values. A challenge
//! is not stored when it is given out: its id carries what is needed and is signed, and only a used
//! one is noted until it would have ended anyway.

use aws_lc_rs::constant_time;
use aws_lc_rs::digest::{SHA256, digest};
use serde::Serialize;

use crate::config::KerberusConfig;
use crate::keys::{Purpose, ServerKeys};
use crate::rng::Rng;

const VERSION: u8 = 1;
const NONCE: usize = 16;
/// Version, end, difficulty, number of salts, random octets.
const SIGNED: usize = 1 + 8 + 4 + 1 + NONCE;
const MAC: usize = 16;

/// A challenge, as the client reads it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Challenge {
    id: String,
    salts: Vec<String>,
    difficulty_factor: u32,
}

/// A challenge that was solved, to be noted as used.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SpentChallenge {
    /// The same for every spelling of the challenge's id.
    pub(super) key: String,
    /// When it would have ended.
    pub(super) expires: i64,
}

/// Makes a challenge for `spec`.
pub(super) fn challenge(keys: &ServerKeys, rng: &dyn Rng, config: &KerberusConfig, spec: &str, now: i64) -> Challenge {
    let expires = now.saturating_add(i64::from(config.seconds) * 1000);
    let content = Content { expires, difficulty: config.difficulty, salts: config.salts, nonce: rng.bytes() };
    let mut id = content.bytes();
    let mac = mac(keys, spec, &id);
    id.extend_from_slice(&mac);
    Challenge { id: hex::encode(id), salts: content.salts(keys), difficulty_factor: content.difficulty }
}

/// Verifies the nonces for the challenge `id`; `None` where it is not one of ours, has ended, or is
/// not solved.
pub(super) fn verify(keys: &ServerKeys, spec: &str, id: &str, nonces: &[String], now: i64) -> Option<SpentChallenge> {
    let bytes = hex::decode(id).ok()?;
    let (signed, signature) = bytes.split_at_checked(SIGNED)?;
    constant_time::verify_slices_are_equal(&mac(keys, spec, signed), signature).ok()?;
    let content = Content::read(signed)?;
    if now >= content.expires || nonces.len() != usize::from(content.salts) {
        return None;
    }
    let solved = |(salt, nonce): (&String, &String)| solves(salt, spec, nonce, content.difficulty);
    let all = content.salts(keys).iter().zip(nonces).all(solved);
    all.then(|| SpentChallenge { key: hex::encode(content.nonce), expires: content.expires })
}

/// Whether `nonce` solves `salt`.
fn solves(salt: &str, spec: &str, nonce: &str, difficulty: u32) -> bool {
    let prefix = digest(&SHA256, format!("{salt}{spec}").as_bytes());
    let hash = digest(&SHA256, &[prefix.as_ref(), nonce.as_bytes()].concat());
    let Some(first) = hash.as_ref().first_chunk::<16>() else { return false };
    u128::from_be_bytes(*first) >= u128::MAX - u128::MAX / u128::from(difficulty.max(1))
}

struct Content {
    expires: i64,
    difficulty: u32,
    salts: u8,
    nonce: [u8; NONCE],
}

impl Content {
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(SIGNED + MAC);
        bytes.push(VERSION);
        bytes.extend_from_slice(&self.expires.to_be_bytes());
        bytes.extend_from_slice(&self.difficulty.to_be_bytes());
        bytes.push(self.salts);
        bytes.extend_from_slice(&self.nonce);
        bytes
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (&[VERSION], rest) = bytes.split_first_chunk()? else { return None };
        let (expires, rest) = rest.split_first_chunk()?;
        let (difficulty, rest) = rest.split_first_chunk()?;
        let (&[salts], rest) = rest.split_first_chunk()?;
        let nonce = rest.try_into().ok()?;
        let (expires, difficulty) = (i64::from_be_bytes(*expires), u32::from_be_bytes(*difficulty));
        Some(Self { expires, difficulty, salts, nonce })
    }

    /// The salts follow from the rest, so they need not be kept.
    fn salts(&self, keys: &ServerKeys) -> Vec<String> {
        let salt = |index: u8| {
            let digest = keys.digest(Purpose::Challenge, &[b"salt", &self.nonce, &[index]]);
            hex::encode(digest.get(..16).unwrap_or(&digest))
        };
        (0..self.salts).map(salt).collect()
    }
}

fn mac(keys: &ServerKeys, spec: &str, signed: &[u8]) -> Vec<u8> {
    let mut mac = keys.digest(Purpose::Challenge, &[b"id", spec.as_bytes(), signed]);
    mac.truncate(MAC);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::SystemRng;

    const EASY: KerberusConfig = KerberusConfig { salts: 3, difficulty: 20, seconds: 60 };

    fn keys() -> ServerKeys {
        ServerKeys::derive(&[7; 32]).unwrap()
    }

    fn solve(challenge: &Challenge, spec: &str) -> Vec<String> {
        let first = |salt: &String| {
            (1..).map(|n: u32| n.to_string()).find(|n| solves(salt, spec, n, challenge.difficulty_factor)).unwrap()
        };
        challenge.salts.iter().map(first).collect()
    }

    /// Made with Python's hashlib: for each salt the lowest number that solves it.
    #[test]
    fn agrees_with_independent_vectors() {
        for (spec, salt, difficulty, lowest) in [
            ("dev", "salt-0", 200, 158),
            ("dev", "salt-1", 200, 353),
            ("dev", "salt-2", 200, 26),
            ("dev", "é", 200, 267),
            ("prod", "salt-0", 200, 36),
            ("prod", "salt-1", 200, 227),
            ("dev", "salt-0", 1, 1),
        ] {
            let found = (1..).find(|n: &u32| solves(salt, spec, &n.to_string(), difficulty));
            assert_eq!(found, Some(lowest), "{spec} {salt}");
        }
    }

    #[test]
    fn a_solved_challenge_is_accepted_until_it_ends() {
        let keys = keys();
        let challenge = challenge(&keys, &SystemRng::default(), &EASY, "dev", 1_000);
        let nonces = solve(&challenge, "dev");
        let spent = verify(&keys, "dev", &challenge.id, &nonces, 60_999).unwrap();
        assert_eq!(spent.expires, 61_000);
        assert_eq!(verify(&keys, "dev", &challenge.id, &nonces, 61_000), None);
        // another spelling of the id is the same challenge
        assert_eq!(verify(&keys, "dev", &challenge.id.to_uppercase(), &nonces, 1_000), Some(spent));
    }

    #[test]
    fn what_is_not_ours_or_not_solved_is_refused() {
        let keys = keys();
        let challenge = challenge(&keys, &SystemRng::default(), &EASY, "dev", 0);
        let nonces = solve(&challenge, "dev");
        let check = |spec: &str, id: &str, nonces: &[String]| verify(&keys, spec, id, nonces, 1).is_some();
        assert!(check("dev", &challenge.id, &nonces));
        assert!(!check("other", &challenge.id, &nonces));
        assert!(!check("dev", &challenge.id, &nonces[..2]));
        assert!(!check("dev", &challenge.id, &[&nonces[..], &nonces[..1]].concat()));
        assert!(!check("dev", &challenge.id, &vec!["0".to_owned(); 3]) || nonces.contains(&"0".to_owned()));
        assert!(!check("dev", "", &nonces));
        assert!(!check("dev", "zz", &nonces));
        assert!(!check("dev", &challenge.id[2..], &nonces));
        assert!(!check("dev", &format!("{}00", challenge.id), &nonces));
        for at in 0..challenge.id.len() {
            let mut id = challenge.id.clone().into_bytes();
            id[at] = if id[at] == b'0' { b'1' } else { b'0' };
            assert!(!check("dev", &String::from_utf8(id).unwrap(), &nonces), "{at}");
        }
        let others = ServerKeys::derive(&[8; 32]).unwrap();
        assert_eq!(verify(&others, "dev", &challenge.id, &nonces, 1), None);
    }
}
