//! AES-CBC with PKCS#7 padding behind a 16-byte IV, in one go or in pieces (crypto 3.1).

use aes::cipher::{Array, Block, BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use aes::{Aes128, Aes256};
use zeroize::Zeroizing;

pub(crate) const BLOCK: usize = 16;

/// The bytes are not what this key sealed, or the key has no length that AES knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

/// Encrypts in pieces. The IV is not part of the output.
pub(crate) struct Encryptor {
    cipher: Encrypt,
    pending: Zeroizing<Vec<u8>>,
}

enum Encrypt {
    Aes128(Box<cbc::Encryptor<Aes128>>),
    Aes256(Box<cbc::Encryptor<Aes256>>),
}

impl Encryptor {
    /// `key` is 16 or 32 bytes.
    pub(crate) fn new(key: &[u8], iv: &[u8; BLOCK]) -> Result<Self, Malformed> {
        let cipher = match key.len() {
            16 => Encrypt::Aes128(Box::new(cbc::Encryptor::new_from_slices(key, iv).map_err(|_| Malformed)?)),
            32 => Encrypt::Aes256(Box::new(cbc::Encryptor::new_from_slices(key, iv).map_err(|_| Malformed)?)),
            _ => return Err(Malformed),
        };
        Ok(Self { cipher, pending: Zeroizing::new(Vec::with_capacity(2 * BLOCK)) })
    }

    /// Appends the ciphertext of all whole blocks so far.
    pub(crate) fn update(&mut self, input: &[u8], output: &mut Vec<u8>) {
        let start = output.len();
        output.extend_from_slice(&self.pending);
        output.extend_from_slice(input);
        let rest = (output.len() - start) % BLOCK;
        let whole = output.len() - rest;
        self.pending.clear();
        self.pending.extend(output.drain(whole..));
        if let Some(new) = output.get_mut(start..) {
            self.encrypt(new);
        }
    }

    /// Appends the last block, with the padding.
    pub(crate) fn finish(mut self, output: &mut Vec<u8>) {
        let missing = BLOCK - self.pending.len() % BLOCK;
        let padding = vec![u8::try_from(missing).unwrap_or_default(); missing];
        self.update(&padding, output);
    }

    fn encrypt(&mut self, bytes: &mut [u8]) {
        match &mut self.cipher {
            Encrypt::Aes128(cipher) => cipher.encrypt_blocks(blocks::<Aes128>(bytes)),
            Encrypt::Aes256(cipher) => cipher.encrypt_blocks(blocks::<Aes256>(bytes)),
        }
    }
}

/// Decrypts in pieces. The IV is not part of the input.
pub(crate) struct Decryptor {
    cipher: Decrypt,
    /// Always keeps a block back once there is one, because the last one carries the padding.
    pending: Vec<u8>,
}

enum Decrypt {
    Aes128(Box<cbc::Decryptor<Aes128>>),
    Aes256(Box<cbc::Decryptor<Aes256>>),
}

impl Decryptor {
    /// `key` is 16 or 32 bytes.
    pub(crate) fn new(key: &[u8], iv: &[u8; BLOCK]) -> Result<Self, Malformed> {
        let cipher = match key.len() {
            16 => Decrypt::Aes128(Box::new(cbc::Decryptor::new_from_slices(key, iv).map_err(|_| Malformed)?)),
            32 => Decrypt::Aes256(Box::new(cbc::Decryptor::new_from_slices(key, iv).map_err(|_| Malformed)?)),
            _ => return Err(Malformed),
        };
        Ok(Self { cipher, pending: Vec::with_capacity(2 * BLOCK) })
    }

    /// Appends the plaintext of all blocks that cannot be the last.
    pub(crate) fn update(&mut self, input: &[u8], output: &mut Vec<u8>) {
        let start = output.len();
        output.extend_from_slice(&self.pending);
        output.extend_from_slice(input);
        let new = output.len() - start;
        let kept = if new == 0 { 0 } else { (new - 1) % BLOCK + 1 };
        let whole = output.len() - kept;
        self.pending.clear();
        self.pending.extend(output.drain(whole..));
        if let Some(new) = output.get_mut(start..) {
            self.decrypt(new);
        }
    }

    /// Appends what the last block holds before its padding.
    pub(crate) fn finish(mut self, output: &mut Vec<u8>) -> Result<(), Malformed> {
        let mut last = Zeroizing::new(std::mem::take(&mut self.pending));
        if last.len() != BLOCK {
            return Err(Malformed);
        }
        self.decrypt(&mut last);
        let padding = usize::from(*last.last().ok_or(Malformed)?);
        if padding == 0 || padding > BLOCK {
            return Err(Malformed);
        }
        let (content, tail) = last.split_at_checked(BLOCK - padding).ok_or(Malformed)?;
        // every byte is looked at, wherever the first wrong one stands
        let wrong = tail.iter().fold(0, |wrong, byte| wrong | (usize::from(*byte) ^ padding));
        if wrong != 0 {
            return Err(Malformed);
        }
        output.extend_from_slice(content);
        Ok(())
    }

    fn decrypt(&mut self, bytes: &mut [u8]) {
        match &mut self.cipher {
            Decrypt::Aes128(cipher) => cipher.decrypt_blocks(blocks::<Aes128>(bytes)),
            Decrypt::Aes256(cipher) => cipher.decrypt_blocks(blocks::<Aes256>(bytes)),
        }
    }
}

fn blocks<C: aes::cipher::BlockSizeUser<BlockSize = aes::cipher::consts::U16>>(bytes: &mut [u8]) -> &mut [Block<C>] {
    Array::slice_as_chunks_mut(bytes).0
}

/// `iv || ciphertext`.
pub(crate) fn seal(key: &[u8], iv: &[u8; BLOCK], plaintext: &[u8]) -> Result<Vec<u8>, Malformed> {
    let mut sealed = Vec::with_capacity(plaintext.len() + 3 * BLOCK);
    sealed.extend_from_slice(iv);
    let mut encryptor = Encryptor::new(key, iv)?;
    encryptor.update(plaintext, &mut sealed);
    encryptor.finish(&mut sealed);
    Ok(sealed)
}

/// The plaintext of `iv || ciphertext`, with the IV that it had.
pub(crate) fn open(key: &[u8], sealed: &[u8]) -> Result<(Zeroizing<Vec<u8>>, [u8; BLOCK]), Malformed> {
    let (iv, ciphertext) = sealed.split_first_chunk::<BLOCK>().ok_or(Malformed)?;
    if ciphertext.is_empty() || ciphertext.len() % BLOCK != 0 {
        return Err(Malformed);
    }
    let mut decryptor = Decryptor::new(key, iv)?;
    let mut plaintext = Zeroizing::new(Vec::with_capacity(ciphertext.len() + BLOCK));
    decryptor.update(ciphertext, &mut plaintext);
    decryptor.finish(&mut plaintext)?;
    Ok((plaintext, *iv))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pieces_give_what_the_whole_gives(
            plaintext in proptest::collection::vec(any::<u8>(), 0..200),
            cuts in proptest::collection::vec(0_usize..50, 0..8),
            short in any::<bool>(),
        ) {
            let key = if short { vec![7; 16] } else { vec![9; 32] };
            let whole = seal(&key, &[3; 16], &plaintext).unwrap();
            let mut pieces = vec![3; 16];
            let mut encryptor = Encryptor::new(&key, &[3; 16]).unwrap();
            for piece in cut(&plaintext, &cuts) {
                encryptor.update(piece, &mut pieces);
            }
            encryptor.finish(&mut pieces);
            prop_assert_eq!(&pieces, &whole);

            let mut opened = Vec::new();
            let mut decryptor = Decryptor::new(&key, &[3; 16]).unwrap();
            for piece in cut(&whole[16..], &cuts) {
                decryptor.update(piece, &mut opened);
            }
            decryptor.finish(&mut opened).unwrap();
            prop_assert_eq!(&opened, &plaintext);
            prop_assert_eq!(&*open(&key, &whole).unwrap().0, &plaintext);
        }

        #[test]
        fn anything_else_is_refused_not_fatal(key in proptest::collection::vec(any::<u8>(), 0..40),
                                              sealed in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = open(&key, &sealed);
        }
    }

    fn cut<'a>(mut bytes: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
        let mut pieces = Vec::new();
        for cut in cuts {
            let (piece, rest) = bytes.split_at((*cut).min(bytes.len()));
            pieces.push(piece);
            bytes = rest;
        }
        pieces.push(bytes);
        pieces
    }

    #[test]
    fn truncated_is_refused() {
        let sealed = seal(&[1; 32], &[2; 16], &[0x55; 40]).unwrap();
        for length in 0..sealed.len() {
            // Whole blocks cut off leave a wrong padding here; in general that is what the tag is for.
            assert_eq!(open(&[1; 32], &sealed[..length]), Err(Malformed), "{length}");
        }
    }
}
