//! The synthetic IV: an authentication tag where the format only has room for an IV (crypto 6, item 4).
//!
//! `mac key = HMAC-SHA-256(key, "icr/siv-cbc/v1/mac")`,
//! `IV = first 16 bytes of HMAC-SHA-256(mac key, u64be(length of binding) || binding || plaintext)`.

use zeroize::Zeroizing;

use super::aes_cbc::{self, BLOCK, Malformed};
use super::hash::{HmacSha256, equal, hmac_sha256};

const LABEL: &[u8] = b"icr/siv-cbc/v1/mac";

/// Computes the synthetic IV of a plaintext that comes in pieces.
pub(crate) struct Tagger(HmacSha256);

impl Tagger {
    pub(crate) fn new(key: &[u8], binding: &[u8]) -> Self {
        let mac_key = Zeroizing::new(hmac_sha256(key, &[LABEL]));
        let mut mac = HmacSha256::new(&*mac_key);
        mac.update(&(binding.len() as u64).to_be_bytes());
        mac.update(binding);
        Self(mac)
    }

    pub(crate) fn update(&mut self, plaintext: &[u8]) {
        self.0.update(plaintext);
    }

    pub(crate) fn finish(self) -> [u8; BLOCK] {
        self.0.finish().first_chunk().copied().unwrap_or_default()
    }
}

fn derive_iv(key: &[u8], binding: &[u8], plaintext: &[u8]) -> [u8; BLOCK] {
    let mut tagger = Tagger::new(key, binding);
    tagger.update(plaintext);
    tagger.finish()
}

/// Seals so that `binding` and the plaintext are authenticated. Equal inputs give equal outputs.
pub(crate) fn seal(key: &[u8], binding: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, Malformed> {
    aes_cbc::seal(key, &derive_iv(key, binding, plaintext), plaintext)
}

/// Opens whatever `key` sealed, and says whether it carries the tag for `binding`.
pub(crate) fn open(key: &[u8], binding: &[u8], sealed: &[u8]) -> Result<(Zeroizing<Vec<u8>>, bool), Malformed> {
    let (plaintext, iv) = aes_cbc::open(key, sealed)?;
    let authentic = equal(&derive_iv(key, binding, &plaintext), &iv);
    Ok((plaintext, authentic))
}
