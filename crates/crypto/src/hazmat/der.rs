//! As much DER as two structures need: `SubjectPublicKeyInfo` and `PrivateKeyInfo` of an RSA key.
//! What is read must be what would be written; so a key has one encoding, and one identity.

use zeroize::Zeroizing;

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const SEQUENCE: u8 = 0x30;
/// `rsaEncryption` with its NULL parameters.
const RSA_ENCRYPTION: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
/// 65537, the only exponent that the format allows.
pub(crate) const EXPONENT: &[u8] = &[1, 0, 1];

/// The bytes are not the canonical encoding of the structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

/// The numbers of an RSA private key (RFC 8017, A.1.2), big-endian without leading zeros.
#[derive(Default)]
pub(crate) struct RsaNumbers<'a> {
    pub(crate) modulus: &'a [u8],
    pub(crate) exponent: &'a [u8],
    /// d, p, q, d mod p-1, d mod q-1, q^-1 mod p.
    pub(crate) secrets: [&'a [u8]; 6],
}

/// Modulus and exponent of a `SubjectPublicKeyInfo`.
pub(crate) fn read_spki(spki: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    let mut outer = Reader::only(spki, SEQUENCE)?;
    if outer.read(SEQUENCE)? != RSA_ENCRYPTION {
        return Err(Malformed);
    }
    let (unused_bits, key) = outer.read(BIT_STRING)?.split_first().ok_or(Malformed)?;
    outer.end()?;
    let mut key = Reader::only(key, SEQUENCE)?;
    let (modulus, exponent) = (key.number()?, key.number()?);
    key.end()?;
    if *unused_bits != 0 || write_spki(modulus, exponent) != spki {
        return Err(Malformed);
    }
    Ok((modulus, exponent))
}

/// The `SubjectPublicKeyInfo` of an RSA key.
pub(crate) fn write_spki(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    let numbers = [number(modulus), number(exponent)].map(|number| number.to_vec());
    let key = wrap(SEQUENCE, &[&numbers.concat()]);
    wrap(SEQUENCE, &[&wrap(SEQUENCE, &[RSA_ENCRYPTION]), &wrap(BIT_STRING, &[&[0], &key])]).to_vec()
}

/// The numbers of a `PrivateKeyInfo` (PKCS#8, version 1, without attributes).
pub(crate) fn read_pkcs8(pkcs8: &[u8]) -> Result<RsaNumbers<'_>, Malformed> {
    let mut outer = Reader::only(pkcs8, SEQUENCE)?;
    let version = outer.number()?;
    let algorithm = outer.read(SEQUENCE)?;
    let key = outer.read(OCTET_STRING)?;
    outer.end()?;
    let mut key = Reader::only(key, SEQUENCE)?;
    let inner_version = key.number()?;
    let mut numbers = RsaNumbers { modulus: key.number()?, exponent: key.number()?, ..RsaNumbers::default() };
    for secret in &mut numbers.secrets {
        *secret = key.number()?;
    }
    key.end()?;
    let plain = version.is_empty() && inner_version.is_empty() && algorithm == RSA_ENCRYPTION;
    if !plain || *write_pkcs8(&numbers) != pkcs8 {
        return Err(Malformed);
    }
    Ok(numbers)
}

/// The `PrivateKeyInfo` of an RSA key.
pub(crate) fn write_pkcs8(numbers: &RsaNumbers<'_>) -> Zeroizing<Vec<u8>> {
    let mut fields = Zeroizing::new(number(&[]).to_vec());
    for field in [numbers.modulus, numbers.exponent].into_iter().chain(numbers.secrets) {
        fields.extend_from_slice(&number(field));
    }
    let key = wrap(SEQUENCE, &[&fields]);
    wrap(SEQUENCE, &[&number(&[]), &wrap(SEQUENCE, &[RSA_ENCRYPTION]), &wrap(OCTET_STRING, &[&key])])
}

/// Drops leading zeros.
pub(crate) fn trim(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

/// An INTEGER that is not negative.
fn number(magnitude: &[u8]) -> Zeroizing<Vec<u8>> {
    let sign: &[u8] = if magnitude.first().is_none_or(|first| first & 0x80 != 0) { &[0] } else { &[] };
    wrap(INTEGER, &[sign, magnitude])
}

fn wrap(tag: u8, parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    // reserved once, so that no copy of a secret is left behind by growing
    let mut wrapped = Zeroizing::new(Vec::with_capacity(length + 1 + 9));
    wrapped.push(tag);
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => wrapped.push(short),
        _ => {
            let bytes = length.to_be_bytes();
            let bytes = trim(&bytes);
            wrapped.push(0x80 | bytes.len() as u8);
            wrapped.extend_from_slice(bytes);
        }
    }
    parts.iter().for_each(|part| wrapped.extend_from_slice(part));
    wrapped
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// The content of the one element that `bytes` are.
    fn only(bytes: &'a [u8], tag: u8) -> Result<Self, Malformed> {
        let mut outer = Self(bytes);
        let content = outer.read(tag)?;
        outer.end()?;
        Ok(Self(content))
    }

    fn read(&mut self, tag: u8) -> Result<&'a [u8], Malformed> {
        let [found, first, rest @ ..] = self.0 else { return Err(Malformed) };
        if *found != tag {
            return Err(Malformed);
        }
        let (length, rest) = if *first < 0x80 {
            (usize::from(*first), rest)
        } else {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f)).ok_or(Malformed)?;
            if bytes.len() > 4 {
                return Err(Malformed);
            }
            (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        };
        let (content, rest) = rest.split_at_checked(length).ok_or(Malformed)?;
        self.0 = rest;
        Ok(content)
    }

    /// A number that is not negative, without leading zeros.
    fn number(&mut self) -> Result<&'a [u8], Malformed> {
        let content = self.read(INTEGER)?;
        match content.first() {
            None => Err(Malformed),
            Some(first) if first & 0x80 != 0 => Err(Malformed),
            Some(_) => Ok(trim(content)),
        }
    }

    fn end(&self) -> Result<(), Malformed> {
        if self.0.is_empty() { Ok(()) } else { Err(Malformed) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn round_trip(modulus in proptest::collection::vec(any::<u8>(), 0..300), secret in proptest::collection::vec(any::<u8>(), 0..9)) {
            let (modulus, secret) = (trim(&modulus), trim(&secret));
            let spki = write_spki(modulus, EXPONENT);
            prop_assert_eq!(read_spki(&spki), Ok((modulus, EXPONENT)));
            let pkcs8 = write_pkcs8(&RsaNumbers { modulus, exponent: EXPONENT, secrets: [secret; 6] });
            let read = read_pkcs8(&pkcs8).ok().unwrap();
            prop_assert_eq!((read.modulus, read.exponent, read.secrets[5]), (modulus, EXPONENT, secret));
        }

        #[test]
        fn reading_anything(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = read_spki(&bytes);
            let _ = read_pkcs8(&bytes);
        }

        #[test]
        fn one_encoding_only(at in 0_usize..60, byte in any::<u8>()) {
            let spki = write_spki(&[0xc1; 20], EXPONENT);
            let mut other = spki.clone();
            let at = at.min(spki.len() - 1);
            other[at] = byte;
            if let Ok((modulus, exponent)) = read_spki(&other) {
                prop_assert_eq!(write_spki(modulus, exponent), other);
            }
        }
    }

    #[test]
    fn a_longer_form_of_a_length_is_refused() {
        let spki = write_spki(&[0x41; 8], EXPONENT);
        let mut other = vec![0x30, 0x81];
        other.extend_from_slice(&spki[1..]);
        assert_eq!(read_spki(&other), Err(Malformed));
        assert_eq!(read_spki(&[&spki[..], &[0]].concat()), Err(Malformed));
    }
}
