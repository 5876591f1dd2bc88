//! Arithmetic on secp256k1, in the encodings of our halves.

use k256::ecdsa::signature::hazmat::PrehashVerifier;
use k256::elliptic_curve::PrimeField;
use k256::elliptic_curve::sec1::ToSec1Point;
use k256::{AffinePoint, ProjectivePoint, PublicKey, Scalar};
use zeroize::Zeroizing;

use crate::backend::Challenge;
use crate::secret::SecretScalar;

/// The scalar, if it is canonical. Zero is.
pub(super) fn scalar(bytes: &[u8; 32]) -> Option<Zeroizing<Scalar>> {
    Scalar::from_repr((*bytes).into()).into_option().map(Zeroizing::new)
}

pub(super) fn secret_of(scalar: &Scalar) -> SecretScalar {
    SecretScalar::new(scalar.to_bytes().into())
}

/// The point, if it is compressed and not the identity.
pub(super) fn point(bytes: &[u8]) -> Option<AffinePoint> {
    let compressed = bytes.len() == 33;
    compressed.then(|| PublicKey::from_sec1_bytes(bytes).ok())?.map(|key| *key.as_affine())
}

pub(super) fn bytes_of(point: &AffinePoint) -> Vec<u8> {
    point.to_sec1_point(true).as_bytes().to_vec()
}

/// As [`bytes_of`], `None` for the identity.
pub(super) fn bytes_of_sum(point: ProjectivePoint) -> Option<Vec<u8>> {
    (point != ProjectivePoint::IDENTITY).then(|| bytes_of(&point.to_affine()))
}

pub(super) fn public_of(secret: &SecretScalar) -> Option<Vec<u8>> {
    bytes_of_sum(ProjectivePoint::GENERATOR * *scalar(secret.expose())?)
}

/// Lagrange at 0 of the points at 1 and 2: `2 a - b`.
pub(super) fn combine_points([first, second]: &[Vec<u8>; 2]) -> Option<Vec<u8>> {
    bytes_of_sum(ProjectivePoint::from(point(first)?).double() - point(second)?)
}

pub(super) fn combine([first, second]: [&SecretScalar; 2]) -> Option<SecretScalar> {
    let (first, second) = (scalar(first.expose())?, scalar(second.expose())?);
    Some(secret_of(&Zeroizing::new(*first + *first - *second)))
}

fn challenge_scalar(challenge: &Challenge) -> Option<Zeroizing<Scalar>> {
    let mut bytes = [0; 32];
    *bytes.last_chunk_mut()? = *challenge;
    scalar(&bytes)
}

pub(super) fn respond(nonce: &SecretScalar, challenge: &Challenge, secret: &SecretScalar) -> Option<[u8; 32]> {
    let (nonce, secret) = (scalar(nonce.expose())?, scalar(secret.expose())?);
    Some((*nonce + *challenge_scalar(challenge)? * *secret).to_bytes().into())
}

pub(super) fn responds(nonce: &[u8], challenge: &Challenge, public: &[u8], response: &[u8; 32]) -> Option<bool> {
    let claimed = ProjectivePoint::from(point(public)?) * *challenge_scalar(challenge)? + point(nonce)?;
    Some(ProjectivePoint::GENERATOR * *scalar(response)? == claimed)
}

pub(super) fn verify(public_key: &[u8], digest: &[u8], signature: &[u8; 64]) -> bool {
    let key = k256::ecdsa::VerifyingKey::from_sec1_bytes(public_key);
    let signature = k256::ecdsa::Signature::from_slice(signature);
    match (key, signature) {
        (Ok(key), Ok(signature)) => digest.len() == 32 && key.verify_prehash(digest, &signature).is_ok(),
        _ => false,
    }
}
