//! Shares of a legacy key among notaries, in the form of official clients (crypto 4.6): only the key
//! in `publicKey`, without any check of a share. New shares: [`super::split_key`].

use zeroize::Zeroizing;

use super::ShareError;
use crate::hazmat::{gf256, siv};
use crate::key::PrivateKey;
use crate::random::Random;
use crate::secret::ExchangeKey;

/// What every share starts with: `f`, and 8 bits per group.
const MARK: u8 = 0xf8;

/// The share of one notary: a point of the polynomials, or with a single notary the key itself.
pub struct LegacyShare(Zeroizing<Vec<u8>>);

impl LegacyShare {
    /// Opens an entry of `privateKeyShamirPartitions` with the exchange key from the owner to the notary.
    pub fn open(partition: &str, exchange_key: &ExchangeKey) -> Option<Self> {
        let sealed = hex::decode(partition).ok()?;
        let (share, _) = siv::open(exchange_key.expose(), &[], &sealed).ok()?;
        Some(Self(share))
    }

    /// The entry of `privateKeyShamirPartitions` for the notary.
    pub fn seal(&self, exchange_key: &ExchangeKey) -> Option<String> {
        Some(hex::encode(siv::seal(exchange_key.expose(), b"LegacyShare", &self.0).ok()?))
    }

    /// Reads the bytes of an opened share.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(bytes.to_vec()))
    }

    /// The bytes, for those who show them to somebody.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Where the share was taken, and its values.
    fn point(&self) -> Option<(u8, &[u8])> {
        match self.0.as_slice() {
            [MARK, index, values @ ..] if *index > 0 && !values.is_empty() => Some((*index, values)),
            _ => None,
        }
    }
}

/// Puts shares together. Nothing says how many are needed: with too few, no key comes out.
///
/// # Errors
/// [`ShareError::TooFew`]: no key comes out, because there are too few, or one is wrong.
pub fn combine_legacy_shares(shares: &[LegacyShare]) -> Result<PrivateKey, ShareError> {
    if let [LegacyShare(only)] = shares
        && let Ok(key) = PrivateKey::from_pkcs8(only)
    {
        return Ok(key);
    }
    let points: Vec<_> = shares.iter().filter_map(LegacyShare::point).collect();
    let secret = gf256::interpolate(&points).ok_or(ShareError::TooFew)?;
    // in front of the key stands one bit, which marks where it begins
    let start = secret.iter().position(|byte| *byte != 0).ok_or(ShareError::TooFew)?;
    match secret.get(start..) {
        Some([1, key @ ..]) => PrivateKey::from_pkcs8(key).map_err(|_| ShareError::TooFew),
        _ => Err(ShareError::TooFew),
    }
}

/// Splits a legacy key so that official clients can put it together again. Prefer [`super::split_key`].
///
/// # Errors
/// [`ShareError::Threshold`]: not `2 <= threshold <= count`, except for a single notary.
pub fn split_legacy_key(
    random: &dyn Random,
    key: &PrivateKey,
    threshold: u8,
    count: u8,
) -> Result<Vec<LegacyShare>, ShareError> {
    if (threshold, count) == (1, 1) {
        return Ok(vec![LegacyShare(Zeroizing::new(key.expose_pkcs8().to_vec()))]);
    }
    if threshold < 2 || threshold > count {
        return Err(ShareError::Threshold);
    }
    let mut secret = Zeroizing::new(vec![1]);
    secret.extend_from_slice(key.expose_pkcs8());
    let coefficients: Vec<_> = (1..threshold).map(|_| nonzero(random, secret.len())).collect();
    let share = |index| {
        let mut share = Zeroizing::new(vec![MARK, index]);
        share.extend_from_slice(&gf256::evaluate(&secret, &coefficients, index));
        LegacyShare(share)
    };
    Ok((1..=count).map(share).collect())
}

/// Random bytes other than zero, as official clients draw coefficients.
fn nonzero(random: &dyn Random, length: usize) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(vec![0; length]);
    random.fill(&mut bytes);
    for byte in bytes.iter_mut() {
        while *byte == 0 {
            random.fill(std::slice::from_mut(byte));
        }
    }
    bytes
}
