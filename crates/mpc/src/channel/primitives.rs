//! What Noise stands on, of crates that are here anyway; and every key is wiped.

use chacha20poly1305::aead::AeadInOut as _;
use chacha20poly1305::{ChaCha20Poly1305, KeyInit as _};
use curve25519_dalek::MontgomeryPoint;
use rand_core_06::{OsRng, RngCore as _};
use sha2::{Digest as _, Sha256};
use snow::Error;
use snow::params::{CipherChoice, DHChoice, HashChoice};
use snow::resolvers::CryptoResolver;
use snow::types::{Cipher, Dh, Hash, Random};
use zeroize::Zeroizing;

use super::TAG;

/// X25519, ChaCha20-Poly1305, SHA-256, and the operating system's randomness.
pub(super) struct Primitives;

impl CryptoResolver for Primitives {
    fn resolve_rng(&self) -> Option<Box<dyn Random>> {
        Some(Box::new(Os))
    }

    fn resolve_dh(&self, choice: &DHChoice) -> Option<Box<dyn Dh>> {
        matches!(choice, DHChoice::Curve25519).then(|| Box::new(X25519::default()) as _)
    }

    fn resolve_hash(&self, choice: &HashChoice) -> Option<Box<dyn Hash>> {
        matches!(choice, HashChoice::SHA256).then(|| Box::new(Sha(Sha256::new())) as _)
    }

    fn resolve_cipher(&self, choice: &CipherChoice) -> Option<Box<dyn Cipher>> {
        matches!(choice, CipherChoice::ChaChaPoly).then(|| Box::new(ChaChaPoly::default()) as _)
    }
}

struct Os;

impl Random for Os {
    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Error> {
        OsRng.try_fill_bytes(out).map_err(|_| Error::Rng)
    }
}

/// The public key of a secret one.
pub(super) fn public_of(secret: &[u8; 32]) -> [u8; 32] {
    MontgomeryPoint::mul_base_clamped(*secret).to_bytes()
}

#[derive(Default)]
struct X25519 {
    secret: Zeroizing<[u8; 32]>,
    public: [u8; 32],
}

impl Dh for X25519 {
    fn name(&self) -> &'static str {
        "25519"
    }

    fn pub_len(&self) -> usize {
        32
    }

    fn priv_len(&self) -> usize {
        32
    }

    fn set(&mut self, secret: &[u8]) {
        // of another length: a key that nobody has, and the handshake fails
        self.secret = Zeroizing::new(secret.try_into().unwrap_or_default());
        self.public = public_of(&self.secret);
    }

    fn generate(&mut self, random: &mut dyn Random) -> Result<(), Error> {
        random.try_fill_bytes(&mut *self.secret)?;
        self.public = public_of(&self.secret);
        Ok(())
    }

    fn pubkey(&self) -> &[u8] {
        &self.public
    }

    fn privkey(&self) -> &[u8] {
        &*self.secret
    }

    fn dh(&self, public: &[u8], out: &mut [u8]) -> Result<(), Error> {
        let point = public.first_chunk::<32>().copied().ok_or(Error::Dh)?;
        let shared = Zeroizing::new(MontgomeryPoint(point).mul_clamped(*self.secret).to_bytes());
        // a point of small order: everybody would know what is shared
        if crate::hash::equal(&*shared, &[0; 32]) {
            return Err(Error::Dh);
        }
        out.first_chunk_mut::<32>().ok_or(Error::Dh)?.copy_from_slice(&*shared);
        Ok(())
    }
}

struct Sha(Sha256);

impl Hash for Sha {
    fn name(&self) -> &'static str {
        "SHA256"
    }

    fn block_len(&self) -> usize {
        64
    }

    fn hash_len(&self) -> usize {
        32
    }

    fn reset(&mut self) {
        self.0.reset();
    }

    fn input(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    fn result(&mut self, out: &mut [u8]) {
        let digest = self.0.finalize_reset();
        out.iter_mut().zip(digest).for_each(|(out, byte)| *out = byte);
    }
}

#[derive(Default)]
struct ChaChaPoly(Zeroizing<[u8; 32]>);

impl ChaChaPoly {
    fn aead(&self) -> ChaCha20Poly1305 {
        ChaCha20Poly1305::new(&(*self.0).into())
    }
}

/// Four octets of zero, then the number, little-endian (Noise, 12).
fn nonce(number: u64) -> [u8; 12] {
    let mut nonce = [0; 12];
    let (_, end) = nonce.split_at_mut(4);
    end.copy_from_slice(&number.to_le_bytes());
    nonce
}

impl Cipher for ChaChaPoly {
    fn name(&self) -> &'static str {
        "ChaChaPoly"
    }

    fn set(&mut self, key: &[u8; 32]) {
        self.0 = Zeroizing::new(*key);
    }

    /// The length of what is in `out`; where something is wrong, a length that fits nothing, and zeros.
    fn encrypt(&self, number: u64, authtext: &[u8], plain: &[u8], out: &mut [u8]) -> usize {
        let Some((text, rest)) = out.split_at_mut_checked(plain.len()) else { return 0 };
        text.copy_from_slice(plain);
        let sealed = self.aead().encrypt_inout_detached(&nonce(number).into(), authtext, text.into());
        match (sealed, rest.first_chunk_mut::<TAG>()) {
            (Ok(tag), Some(end)) => {
                end.copy_from_slice(&tag);
                plain.len() + TAG
            }
            _ => {
                // of many gigabytes, or without room for the seal: nothing readable leaves
                text.fill(0);
                0
            }
        }
    }

    fn decrypt(&self, number: u64, authtext: &[u8], sealed: &[u8], out: &mut [u8]) -> Result<usize, Error> {
        let (text, tag) = sealed.split_last_chunk::<TAG>().ok_or(Error::Decrypt)?;
        let out = out.get_mut(..text.len()).ok_or(Error::Decrypt)?;
        out.copy_from_slice(text);
        let opened =
            self.aead().decrypt_inout_detached(&nonce(number).into(), authtext, (&mut *out).into(), &(*tag).into());
        opened.map_err(|_| Error::Decrypt)?;
        Ok(text.len())
    }
}
