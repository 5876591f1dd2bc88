//! Halves: what one party holds of a pair.
//!
//! A half carries all that is public of its pair, and is checked against it whenever it is read: a half that
//! is damaged, or put together from two, is refused before it is used.

pub(crate) mod codec;
mod commitments;

use zeroize::Zeroizing;

use crate::backend::{Fresh, Stage, backend};
use crate::error::Malformed;
use crate::ids::{Curve, PairKind, Party};
use crate::secret::SecretScalar;
use codec::{Reader, Writer};
pub use commitments::PairCommitments;

/// A Shamir share, of which the public point is known.
#[derive(Clone)]
pub struct Share {
    commitments: PairCommitments,
    party: Party,
    secret: SecretScalar,
}

impl Share {
    fn new(commitments: PairCommitments, party: Party, secret: SecretScalar) -> Result<Self, Malformed> {
        let share = Self { commitments, party, secret };
        if share.matches(&share.commitments) { Ok(share) } else { Err(Malformed::Inconsistent) }
    }

    /// What is public of its pair.
    pub fn commitments(&self) -> &PairCommitments {
        &self.commitments
    }

    /// Whose it is.
    pub fn party(&self) -> Party {
        self.party
    }

    /// The scalar itself.
    pub fn secret(&self) -> &SecretScalar {
        &self.secret
    }

    fn matches(&self, commitments: &PairCommitments) -> bool {
        self.commitments == *commitments
            && backend(commitments.curve())
                .public_of(&self.secret)
                .is_some_and(|point| point == commitments.share(self.party))
    }

    fn write(&self, writer: &mut Writer) {
        writer.put(&[self.party.index()]);
        writer.put(self.secret.expose());
    }

    fn read(reader: &mut Reader<'_>, kind: PairKind) -> Result<Self, Malformed> {
        let commitments = read_commitments(reader, kind)?;
        let [party] = reader.array()?;
        let party = Party::from_index(party).ok_or(Malformed::Value)?;
        Self::new(commitments, party, SecretScalar::new(reader.array()?))
    }
}

fn read_commitments(reader: &mut Reader<'_>, kind: PairKind) -> Result<PairCommitments, Malformed> {
    let commitments = PairCommitments::read(reader)?;
    if commitments.kind() == kind { Ok(commitments) } else { Err(Malformed::Value) }
}

/// What halves of either kind have.
pub trait Half: Sized {
    /// Which kind.
    const KIND: PairKind;

    /// What is public of its pair.
    fn commitments(&self) -> &PairCommitments;

    /// For the store, which seals it.
    fn to_bytes(&self) -> Zeroizing<Vec<u8>>;

    /// From the store.
    ///
    /// # Errors
    /// [`Malformed`]: damaged, of another kind, or not one thing.
    fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed>;
}

/// What halves of either kind tell.
macro_rules! half {
    ($name:ident, $kind:expr) => {
        impl $name {
            /// What is public of its pair.
            pub fn commitments(&self) -> &PairCommitments {
                &self.share.commitments
            }

            /// Whose it is.
            pub fn party(&self) -> Party {
                self.share.party
            }

            /// The curve.
            pub fn curve(&self) -> Curve {
                self.share.commitments.curve()
            }

            /// The share.
            pub fn share(&self) -> &Share {
                &self.share
            }

            /// Whether it is one of the two halves of that pair: nothing is sent, nothing is used up. A
            /// restore drill asks this of a half that it decrypted.
            pub fn matches(&self, commitments: &PairCommitments) -> bool {
                self.share.matches(commitments)
            }
        }

        impl Half for $name {
            const KIND: PairKind = $kind;

            fn commitments(&self) -> &PairCommitments {
                &self.share.commitments
            }

            fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
                self.to_bytes()
            }

            fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
                Self::from_bytes(bytes)
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.debug_struct(stringify!($name))
                    .field("curve", &self.curve())
                    .field("party", &self.party())
                    .field("generation", &self.commitments().generation())
                    .finish_non_exhaustive()
            }
        }
    };
}

/// Half of a pair that signs. Zeroized on drop.
#[derive(Clone)]
pub struct SigningHalf {
    share: Share,
    state: Zeroizing<Vec<u8>>,
}

half!(SigningHalf, PairKind::Signing);

impl SigningHalf {
    pub(crate) fn of(stage: &Stage, curve: Curve, fresh: Fresh) -> Result<Self, Malformed> {
        let commitments = PairCommitments::of(stage, PairKind::Signing, curve, &fresh)?;
        let share = Share::new(commitments, stage.party, fresh.secret)?;
        backend(curve).check_state(&share, &fresh.state)?;
        Ok(Self { share, state: fresh.state })
    }

    /// What the library needs beside the share.
    pub fn state(&self) -> &[u8] {
        &self.state
    }

    /// For the store, which seals it: 53 kB on secp256k1, 200 bytes on Ed25519.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut writer = Writer::with_room(512 + self.state.len());
        self.share.commitments.write(&mut writer);
        self.share.write(&mut writer);
        writer.put(&self.state);
        writer.finish()
    }

    /// From the store.
    ///
    /// # Errors
    /// [`Malformed`]: damaged, of another kind, or not one thing.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes)?;
        let share = Share::read(&mut reader, PairKind::Signing)?;
        let state = Zeroizing::new(reader.rest().to_vec());
        backend(share.commitments.curve()).check_state(&share, &state)?;
        Ok(Self { share, state })
    }
}

/// Half of a backup pair, which cannot sign. Zeroized on drop.
#[derive(Clone)]
pub struct BackupHalf {
    share: Share,
}

half!(BackupHalf, PairKind::Backup);

impl BackupHalf {
    /// What the library needs to sign is dropped here: only the share is left.
    pub(crate) fn of(stage: &Stage, curve: Curve, fresh: Fresh) -> Result<Self, Malformed> {
        let commitments = PairCommitments::of(stage, PairKind::Backup, curve, &fresh)?;
        Ok(Self { share: Share::new(commitments, stage.party, fresh.secret)? })
    }

    /// For the store, which seals it: 219 bytes on secp256k1, 184 on Ed25519.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut writer = Writer::with_room(512);
        self.share.commitments.write(&mut writer);
        self.share.write(&mut writer);
        writer.finish()
    }

    /// From the store.
    ///
    /// # Errors
    /// [`Malformed`]: damaged, of another kind, or not one thing.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes)?;
        let share = Share::read(&mut reader, PairKind::Backup)?;
        reader.end()?;
        Ok(Self { share })
    }
}
