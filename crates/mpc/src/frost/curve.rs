//! Arithmetic on Ed25519, in the encodings of our halves.

use frost_ed25519::keys::{SigningShare, VerifyingShare};
use frost_ed25519::{Ciphersuite, Ed25519Sha512, Field, Group, Signature, VerifyingKey};

use crate::backend::Challenge;
use crate::secret::SecretScalar;

type Points = <Ed25519Sha512 as Ciphersuite>::Group;
type Scalars = <Points as Group>::Field;

fn point(bytes: &[u8]) -> Option<<Points as Group>::Element> {
    Points::deserialize(bytes.as_array::<32>()?).ok()
}

/// A point of prime order that is not the identity.
pub(super) fn verifying_key(bytes: &[u8]) -> Option<VerifyingKey> {
    VerifyingKey::deserialize(bytes).ok()
}

pub(crate) fn public_of(secret: &SecretScalar) -> Option<Vec<u8>> {
    // the identity does not serialize
    VerifyingShare::from(SigningShare::deserialize(secret.expose()).ok()?).serialize().ok()
}

/// Lagrange at 0 of the points at 1 and 2: `2 a - b`.
pub(super) fn combine_points([first, second]: &[Vec<u8>; 2]) -> Option<Vec<u8>> {
    let first = point(first)?;
    Points::serialize(&(first + first - point(second)?)).ok().map(|bytes| bytes.to_vec())
}

pub(super) fn combine([first, second]: [&SecretScalar; 2]) -> Option<SecretScalar> {
    let first = Scalars::deserialize(first.expose()).ok()?;
    let second = Scalars::deserialize(second.expose()).ok()?;
    Some(SecretScalar::new(Scalars::serialize(&(first + first - second))))
}

fn scalar(challenge: &Challenge) -> Option<<Scalars as Field>::Scalar> {
    let mut bytes = [0; 32];
    for (to, from) in bytes.iter_mut().zip(challenge.iter().rev()) {
        *to = *from;
    }
    Scalars::deserialize(&bytes).ok()
}

pub(super) fn respond(nonce: &SecretScalar, challenge: &Challenge, secret: &SecretScalar) -> Option<[u8; 32]> {
    let nonce = Scalars::deserialize(nonce.expose()).ok()?;
    let secret = Scalars::deserialize(secret.expose()).ok()?;
    Some(Scalars::serialize(&(nonce + scalar(challenge)? * secret)))
}

pub(super) fn responds(nonce: &[u8], challenge: &Challenge, public: &[u8], response: &[u8; 32]) -> Option<bool> {
    let response = Scalars::deserialize(response).ok()?;
    Some(Points::generator() * response == point(nonce)? + point(public)? * scalar(challenge)?)
}

pub(super) fn verify(public_key: &[u8], message: &[u8], signature: &[u8; 64]) -> bool {
    let signature = Signature::deserialize(signature);
    verifying_key(public_key)
        .is_some_and(|key| signature.is_ok_and(|signature| key.verify(message, &signature).is_ok()))
}
