//! Shares of any key among notaries, each verifiable (crypto 6, item 6).
//!
//! The private key is sealed with a random key of 32 bytes, and that is split. Every share carries
//! the sealed private key, hashes of all shares and a signature of the owner over both, so that a
//! notary sees at once whether a share is good, and whoever puts them together sees which is not.

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit};
use zeroize::Zeroizing;

use crate::hazmat::gf256;
use crate::hazmat::hash::{equal, sha256};
use crate::hazmat::transcript::Transcript;
use crate::identity::{IdentityCertificate, IdentityError, Parts, SignerIdentity};
use crate::key::{KeyId, Oaep, OwnKey, PrivateKey, PublicKey};
use crate::provider::CryptoProvider;
use crate::random::{self, Random};

const VERSION: u8 = 1;

/// Why shares do not give a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ShareError {
    /// Not `2 <= threshold <= count`.
    #[error("a threshold that makes no sense")]
    Threshold,
    /// Not the encoding of a share, or of a version that we do not know.
    #[error("unreadable share")]
    Unreadable,
    /// More shares are needed.
    #[error("too few shares")]
    TooFew,
    /// The shares were not made together.
    #[error("shares of different sets")]
    DifferentSets,
    /// Shares that were changed: see [`Self::culprits`].
    #[error("wrong shares")]
    Wrong(Vec<u8>),
    /// The owner did not sign this share.
    #[error(transparent)]
    Signature(#[from] IdentityError),
}

impl ShareError {
    /// The indices of the shares that are wrong.
    pub fn culprits(&self) -> &[u8] {
        match self {
            Self::Wrong(indices) => indices,
            Self::Threshold | Self::Unreadable | Self::TooFew | Self::DifferentSets | Self::Signature(_) => &[],
        }
    }
}

/// What all shares of a set have in common.
#[derive(Clone, PartialEq, Eq)]
struct Common {
    owner: String,
    key: KeyId,
    padding: Oaep,
    set: [u8; 16],
    threshold: u8,
    /// One per share, in order of the index.
    commitments: Vec<[u8; 32]>,
    sealed: Vec<u8>,
    certificate: Vec<u8>,
    signature: [u8; 64],
}

/// The share of one notary. Seal it for the notary, as any secret.
pub struct KeyShare {
    common: Common,
    index: u8,
    share: Zeroizing<Vec<u8>>,
}

impl Common {
    fn padding_code(&self) -> u8 {
        match self.padding {
            Oaep::Sha1 => 1,
            Oaep::Sha256 => 2,
        }
    }

    /// What the private key is sealed with in front of: the seal holds for nothing else.
    fn header(&self) -> Vec<u8> {
        Transcript::new("keystead/key-share/v1")
            .field(self.owner.as_bytes())
            .field(self.key.as_bytes())
            .field(&[self.padding_code(), self.threshold])
            .field(&self.set)
            .finish()
    }

    fn statement(&self) -> Vec<u8> {
        Transcript::new("keystead/key-share-set/v1")
            .field(&self.header())
            .list(self.commitments.iter().map(<[u8; 32]>::as_slice))
            .field(&self.sealed)
            .finish()
    }
}

fn commitment(set: &[u8; 16], index: u8, share: &[u8]) -> [u8; 32] {
    sha256(&[&Transcript::new("keystead/key-share-commitment/v1").field(set).field(&[index]).field(share).finish()])
}

/// Splits a key so that any `threshold` of `count` shares give it back.
///
/// # Errors
/// [`ShareError::Threshold`].
pub fn split_key(
    random: &dyn Random,
    signer: &SignerIdentity,
    own: &OwnKey,
    threshold: u8,
    count: u8,
) -> Result<Vec<KeyShare>, ShareError> {
    if threshold < 2 || threshold > count {
        return Err(ShareError::Threshold);
    }
    let secret = draw(random);
    let coefficients: Vec<_> = (1..threshold).map(|_| draw(random)).collect();
    let set = random::bytes(random);
    let shares: Vec<_> = (1..=count).map(|index| (index, gf256::evaluate(&secret, &coefficients, index))).collect();
    let mut common = Common {
        owner: own.owner().to_owned(),
        key: own.public().id(),
        padding: own.padding(),
        set,
        threshold,
        commitments: shares.iter().map(|(index, share)| commitment(&set, *index, share)).collect(),
        sealed: Vec::new(),
        certificate: signer.certificate().to_bytes(),
        signature: [0; 64],
    };
    let header = common.header();
    let payload = Payload { msg: own.private().expose_pkcs8(), aad: &header };
    // the key is used once, so any nonce will do
    let sealed = cipher(&secret).and_then(|cipher| cipher.encrypt(&[0; 12].into(), payload).ok());
    common.sealed = sealed.ok_or(ShareError::Unreadable)?;
    common.signature = signer.sign(&common.statement());
    Ok(shares.into_iter().map(|(index, share)| KeyShare { common: common.clone(), index, share }).collect())
}

fn draw(random: &dyn Random) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(vec![0; 32]);
    random.fill(&mut bytes);
    bytes
}

fn cipher(secret: &[u8]) -> Option<Aes256Gcm> {
    Aes256Gcm::new_from_slice(secret).ok()
}

/// Puts shares together.
///
/// # Errors
/// [`ShareError::TooFew`], [`ShareError::DifferentSets`]; [`ShareError::Wrong`] with the indices of
/// shares that were changed: leave them out and try again.
pub fn combine_shares(shares: &[KeyShare]) -> Result<(PrivateKey, Oaep), ShareError> {
    let common = &shares.first().ok_or(ShareError::TooFew)?.common;
    if shares.iter().any(|share| share.common != *common) {
        return Err(ShareError::DifferentSets);
    }
    let wrong: Vec<_> = shares.iter().filter(|share| !share.is_intact()).map(|share| share.index).collect();
    if !wrong.is_empty() {
        return Err(ShareError::Wrong(wrong));
    }
    let mut points: Vec<(u8, &[u8])> = shares.iter().map(|share| (share.index, share.share.as_slice())).collect();
    points.sort_unstable_by_key(|(index, _)| *index);
    points.dedup_by_key(|(index, _)| *index);
    if points.len() < usize::from(common.threshold) {
        return Err(ShareError::TooFew);
    }
    let secret = gf256::interpolate(&points).ok_or(ShareError::TooFew)?;
    let header = common.header();
    let payload = Payload { msg: &common.sealed, aad: &header };
    let opened = cipher(&secret).and_then(|cipher| cipher.decrypt(&[0; 12].into(), payload).ok());
    let pkcs8 = Zeroizing::new(opened.ok_or(ShareError::DifferentSets)?);
    let key = PrivateKey::from_pkcs8(&pkcs8).map_err(|_| ShareError::DifferentSets)?;
    if key.public().id() != common.key {
        return Err(ShareError::DifferentSets);
    }
    Ok((key, common.padding))
}

impl KeyShare {
    /// Whose key it is a share of, by its own account.
    pub fn owner(&self) -> &str {
        &self.common.owner
    }

    /// Which key it is a share of.
    pub fn key(&self) -> KeyId {
        self.common.key
    }

    /// Its number, from 1.
    pub fn index(&self) -> u8 {
        self.index
    }

    /// How many shares give the key back.
    pub fn threshold(&self) -> u8 {
        self.common.threshold
    }

    fn is_intact(&self) -> bool {
        let position = usize::from(self.index).checked_sub(1);
        let expected = position.and_then(|position| self.common.commitments.get(position));
        expected.is_some_and(|expected| equal(&commitment(&self.common.set, self.index, &self.share), expected))
    }

    /// Checks, as a notary, that the share is good and that `key`, a trusted key of the owner, stands
    /// behind it.
    ///
    /// # Errors
    /// [`ShareError::Wrong`], [`ShareError::Signature`].
    pub async fn verify(&self, provider: &dyn CryptoProvider, key: &PublicKey) -> Result<(), ShareError> {
        if !self.is_intact() {
            return Err(ShareError::Wrong(vec![self.index]));
        }
        let certificate = IdentityCertificate::from_bytes(&self.common.certificate)?;
        let identity = certificate.verify(provider, &self.common.owner, key).await?;
        Ok(identity.identity().verify(&self.common.statement(), &self.common.signature)?)
    }

    /// Version 1: the version, the common part, the index, the share.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let Common { owner, key, set, threshold, commitments, sealed, certificate, signature, .. } = &self.common;
        let length = |bytes: &[u8]| u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_be_bytes();
        let count = u8::try_from(commitments.len()).unwrap_or(u8::MAX);
        let mut bytes = Zeroizing::new(Vec::with_capacity(8192));
        bytes.push(VERSION);
        for part in [owner.as_bytes(), sealed, certificate] {
            bytes.extend_from_slice(&length(part));
            bytes.extend_from_slice(part);
        }
        bytes.extend_from_slice(key.as_bytes());
        bytes.extend_from_slice(set);
        bytes.extend_from_slice(&[self.common.padding_code(), *threshold, count]);
        commitments.iter().for_each(|commitment| bytes.extend_from_slice(commitment));
        bytes.extend_from_slice(signature);
        bytes.push(self.index);
        bytes.extend_from_slice(&length(&self.share));
        bytes.extend_from_slice(&self.share);
        bytes
    }

    /// Reads [`Self::to_bytes`].
    ///
    /// # Errors
    /// [`ShareError::Unreadable`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ShareError> {
        Self::read(bytes).map_err(|_| ShareError::Unreadable)
    }

    fn read(bytes: &[u8]) -> Result<Self, IdentityError> {
        let mut parts = Parts::of_version(bytes, VERSION)?;
        let owner = parts.text()?.to_owned();
        let (sealed, certificate) = (parts.bytes()?.to_vec(), parts.bytes()?.to_vec());
        let (key, set) = (KeyId::from_bytes(parts.array()?), parts.array()?);
        let [padding, threshold, count] = parts.array()?;
        let padding = match padding {
            1 => Oaep::Sha1,
            2 => Oaep::Sha256,
            _ => return Err(IdentityError::Unreadable),
        };
        let commitments: Result<_, IdentityError> = (0..count).map(|_| parts.array()).collect();
        let commitments = commitments?;
        let signature = parts.array()?;
        let [index] = parts.array()?;
        let share = Zeroizing::new(parts.bytes()?.to_vec());
        parts.end()?;
        let common = Common { owner, key, padding, set, threshold, commitments, sealed, certificate, signature };
        Ok(Self { common, index, share })
    }
}
