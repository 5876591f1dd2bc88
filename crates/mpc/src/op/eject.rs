//! Eject: two halves of a backup pair become the private key.

use zeroize::Zeroizing;

use crate::backend::backend;
use crate::dkls::derive_secret;
use crate::error::{Malformed, MpcError};
use crate::half::{BackupHalf, PairCommitments};
use crate::ids::{Curve, WalletId};
use crate::scalar_key::ScalarKey;
use crate::secret::SecretScalar;

/// A whole private key. Zeroized on drop; its `Debug` says nothing of it.
///
/// **Ed25519**: this is a scalar, not a seed of RFC 8032. A wallet that takes seeds makes another key of it,
/// and one that takes expanded keys may "clamp" them, which makes another key, too. Use
/// [`expanded`](Self::expanded) where it is taken as it is, or sign with [`scalar_key`](Self::scalar_key) what sends the
/// funds to a new wallet.
///
/// **secp256k1**: whoever has a child's private key and the chain code has the whole tree: whatever was
/// ejected, all of it is.
pub struct EjectedKey {
    commitments: PairCommitments,
    secret: SecretScalar,
}

impl EjectedKey {
    /// The curve.
    pub fn curve(&self) -> Curve {
        self.commitments.curve()
    }

    /// The public key, which never changed.
    pub fn public_key(&self) -> &[u8] {
        self.commitments.public_key()
    }

    /// The private key: a scalar, big-endian on secp256k1, little-endian on Ed25519.
    pub fn secret(&self) -> &SecretScalar {
        &self.secret
    }

    /// The private key of the child at a path of non-hardened indices, on secp256k1.
    ///
    /// # Errors
    /// [`MpcError::Request`]: no such child.
    pub fn child(&self, path: &[u32]) -> Result<SecretScalar, MpcError> {
        derive_secret(&self.commitments, &self.secret, path)
    }

    /// On Ed25519, the key that signs.
    pub fn scalar_key(&self) -> Option<ScalarKey> {
        if self.curve() == Curve::Ed25519 { ScalarKey::from_scalar(self.secret.expose()) } else { None }
    }

    /// On Ed25519, the scalar and a prefix for nonces derived from it: an expanded key, **not clamped**.
    pub fn expanded(&self) -> Option<Zeroizing<[u8; 64]>> {
        self.scalar_key().map(|key| key.expanded())
    }
}

impl core::fmt::Debug for EjectedKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("EjectedKey").field("curve", &self.curve()).finish_non_exhaustive()
    }
}

/// The private key of the two halves of a backup pair, checked against the public key. Before: step-up
/// authentication, and somebody who allows it. After: the server marks the wallet as ejected.
///
/// # Errors
/// [`MpcError::RefreshMismatch`]: not the two halves of one pair of `wallet`.
pub fn eject(wallet: WalletId, own: &BackupHalf, peer: &BackupHalf) -> Result<EjectedKey, MpcError> {
    let commitments = own.commitments();
    if commitments != peer.commitments() || own.party() == peer.party() || commitments.wallet() != wallet {
        return Err(MpcError::RefreshMismatch);
    }
    let mut halves = [own, peer];
    halves.sort_by_key(|half| half.party());
    let backend = backend(own.curve());
    let secret = backend.combine(halves.map(|half| half.share().secret())).ok_or(Malformed::Inconsistent)?;
    if backend.public_of(&secret).as_deref() != Some(commitments.public_key()) {
        return Err(Malformed::Inconsistent.into());
    }
    Ok(EjectedKey { commitments: commitments.clone(), secret })
}
