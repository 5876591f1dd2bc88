//! The server's own secret: what it seals, signs and keys its digests with.

use std::io;
use std::path::Path;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use aws_lc_rs::{constant_time, hkdf, hmac};
use keystead_mpc::channel::ChannelKey;
use zeroize::Zeroizing;

use crate::rng::Rng;

/// What a digest is for. Digests of different purposes never match each other.
#[derive(Debug, Clone, Copy)]
pub enum Purpose {
    /// One-time codes, bound to their request.
    Code,
    /// Authentication tokens of users.
    Token,
    /// Addresses and login names, where only equality matters.
    Address,
    /// Challenges of the proof of work.
    Challenge,
    /// Entries of the audit log.
    Audit,
    /// Challenges of restore drills of wallets.
    Drill,
}

impl Purpose {
    fn label(self) -> &'static [u8] {
        match self {
            Self::Code => b"code",
            Self::Token => b"token",
            Self::Address => b"address",
            Self::Challenge => b"challenge",
            Self::Audit => b"audit",
            Self::Drill => b"drill",
        }
    }
}

/// Keys derived from the server's master secret (HKDF-SHA-256, one per purpose).
pub struct ServerKeys {
    mac: hmac::Key,
    seal: LessSafeKey,
    token: Zeroizing<Vec<u8>>,
    identity: Ed25519KeyPair,
    channel: ChannelKey,
}

impl ServerKeys {
    /// Derives the keys from a master secret of 32 bytes.
    ///
    /// # Errors
    /// The derivation fails, which means that the cryptographic library is broken.
    pub fn derive(master: &[u8; 32]) -> io::Result<Self> {
        let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, b"keystead server 1").extract(master);
        let derive = |label: &'static [u8]| -> io::Result<Zeroizing<Vec<u8>>> {
            let mut key = Zeroizing::new(vec![0; 32]);
            prk.expand(&[label], hkdf::HKDF_SHA256)
                .and_then(|okm| okm.fill(&mut key))
                .map_err(|_| io::Error::other("key derivation failed"))?;
            Ok(key)
        };
        let seal = UnboundKey::new(&AES_256_GCM, &derive(b"seal")?).map_err(|_| io::Error::other("bad key"))?;
        Ok(Self {
            mac: hmac::Key::new(hmac::HMAC_SHA256, &derive(b"mac")?),
            seal: LessSafeKey::new(seal),
            token: derive(b"token")?,
            identity: Ed25519KeyPair::from_seed_unchecked(&derive(b"identity")?)
                .map_err(|_| io::Error::other("bad key"))?,
            channel: ChannelKey::new(
                derive(b"wallet channel")?.first_chunk().ok_or_else(|| io::Error::other("bad key"))?,
            ),
        })
    }

    /// Reads the master secret from `secret.key` in `data`, or makes it there on first use.
    ///
    /// # Errors
    /// The file cannot be read or made, or does not hold 64 hexadecimal digits.
    pub fn load_or_make(data: &Path, rng: &dyn Rng) -> io::Result<Self> {
        let path = data.join("secret.key");
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => Zeroizing::new(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let text = Zeroizing::new(hex::encode(rng.bytes::<32>()));
                match write_secret(&path, &text) {
                    // another process was faster: its secret counts
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                        Zeroizing::new(std::fs::read_to_string(&path)?)
                    }
                    written => written.map(|()| text)?,
                }
            }
            Err(error) => return Err(error),
        };
        Self::read(&text)
    }

    /// Reads a master secret of 64 hexadecimal digits.
    ///
    /// # Errors
    /// It is something else.
    pub fn read(text: &str) -> io::Result<Self> {
        let mut master = Zeroizing::new([0; 32]);
        hex::decode_to_slice(text.trim(), &mut *master)
            .map_err(|_| io::Error::other("the secret must be 64 hexadecimal digits"))?;
        Self::derive(&master)
    }

    /// What tells secrets apart without telling anything of them.
    pub fn fingerprint(&self) -> Vec<u8> {
        self.digest(Purpose::Token, &[b"fingerprint"])
    }

    /// A keyed digest of `parts`, which cannot be told apart by moving a boundary between them.
    pub fn digest(&self, purpose: Purpose, parts: &[&[u8]]) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&self.mac);
        for part in std::iter::once(&purpose.label()).chain(parts) {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        context.sign().as_ref().to_vec()
    }

    /// Whether `digest` is the digest of `parts`, in constant time.
    pub fn verify(&self, purpose: Purpose, parts: &[&[u8]], digest: &[u8]) -> bool {
        constant_time::verify_slices_are_equal(&self.digest(purpose, parts), digest).is_ok()
    }

    /// Seals `plain` for storage, bound to `context`.
    pub fn seal(&self, rng: &dyn Rng, context: &str, plain: &[u8]) -> Vec<u8> {
        let nonce = rng.bytes::<NONCE_LEN>();
        let mut sealed = plain.to_vec();
        let aad = Aad::from(context.as_bytes());
        match self.seal.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut sealed) {
            Ok(()) => [&nonce[..], &sealed].concat(),
            // only for plain texts of many gigabytes; what cannot be opened is safe to store
            Err(_) => Vec::new(),
        }
    }

    /// Opens what [`Self::seal`] made for the same `context`; `None` where it did not.
    pub fn open(&self, context: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let mut plain = Zeroizing::new(sealed.to_vec());
        let opened = self
            .seal
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(context.as_bytes()), &mut plain)
            .ok()?
            .len();
        plain.truncate(opened);
        Some(plain)
    }

    /// Signs what anybody may check with [`Self::public_key`] (Ed25519). Signatures of one context are none of
    /// another.
    pub fn sign(&self, context: &str, message: &[u8]) -> Vec<u8> {
        let signed = [b"keystead ".as_slice(), context.as_bytes(), b"\0", message].concat();
        self.identity.sign(&signed).as_ref().to_vec()
    }

    /// The key that [`Self::sign`]'s signatures are of; the same as long as the server's secret is.
    pub fn public_key(&self) -> &[u8] {
        self.identity.public_key().as_ref()
    }

    /// Our key of the channels that wallets travel in; the same as long as the server's secret is.
    pub fn channel(&self) -> &ChannelKey {
        &self.channel
    }

    /// The key that access and refresh tokens are signed with.
    pub(crate) fn token_key(&self) -> &[u8] {
        &self.token
    }
}

fn write_secret(path: &Path, text: &str) -> io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    // written beside and linked into place, so that no other process reads half of it
    let beside = path.with_extension(format!("key.{}", std::process::id()));
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    let linked = std::fs::hard_link(&beside, path);
    std::fs::remove_file(&beside)?;
    linked
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::SystemRng;

    #[test]
    fn opens_only_in_the_same_context() {
        let keys = ServerKeys::derive(&[1; 32]).unwrap();
        let sealed = keys.seal(&SystemRng::default(), "job", b"hello");
        assert_eq!(keys.open("job", &sealed).unwrap().as_slice(), b"hello");
        assert!(keys.open("request", &sealed).is_none());
        let mut flipped = sealed;
        *flipped.last_mut().unwrap() ^= 1;
        assert!(keys.open("job", &flipped).is_none());
        assert!(keys.open("job", b"short").is_none());
    }

    #[test]
    fn digests_tell_boundaries_and_purposes_apart() {
        let keys = ServerKeys::derive(&[1; 32]).unwrap();
        let digest = keys.digest(Purpose::Code, &[b"ab", b"c"]);
        assert!(keys.verify(Purpose::Code, &[b"ab", b"c"], &digest));
        assert!(!keys.verify(Purpose::Code, &[b"a", b"bc"], &digest));
        assert!(!keys.verify(Purpose::Token, &[b"ab", b"c"], &digest));
    }

    #[test]
    fn the_master_secret_is_made_once_and_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let first = ServerKeys::load_or_make(dir.path(), &SystemRng::default()).unwrap();
        let second = ServerKeys::load_or_make(dir.path(), &SystemRng::default()).unwrap();
        assert_eq!(first.token_key(), second.token_key());
        let mode = std::fs::metadata(dir.path().join("secret.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
