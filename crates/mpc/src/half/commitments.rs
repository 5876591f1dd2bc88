//! What is public of a pair: its public key and the public points of its two shares.

use crate::backend::{Fresh, Stage, backend};
use crate::error::Malformed;
use crate::half::codec::{Reader, Writer};
use crate::hash::tagged;
use crate::ids::{Curve, PairId, PairKind, Party, WalletId};

/// What is public of a pair. Both sides have the same; either half can be checked against it. It opens
/// nothing, but with the chain code it tells all child keys, so it is not for everybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairCommitments {
    wallet: WalletId,
    pair: PairId,
    kind: PairKind,
    curve: Curve,
    generation: u32,
    public_key: Vec<u8>,
    shares: [Vec<u8>; 2],
    chain_code: Option<[u8; 32]>,
}

impl PairCommitments {
    /// Those of a pair that was just made.
    pub(crate) fn of(stage: &Stage, kind: PairKind, curve: Curve, fresh: &Fresh) -> Result<Self, Malformed> {
        let mut made = Self {
            wallet: stage.wallet,
            pair: PairId([0; 16]),
            kind,
            curve,
            generation: stage.generation,
            public_key: fresh.public_key.clone(),
            shares: fresh.shares.clone(),
            chain_code: fresh.chain_code,
        };
        let id = crate::hash::tagged_short("pair", &[&stage.session, &made.to_bytes()]);
        made.pair = PairId(id);
        made.check()?;
        Ok(made)
    }

    /// The wallet.
    pub fn wallet(&self) -> WalletId {
        self.wallet
    }

    /// The pair.
    pub fn pair(&self) -> PairId {
        self.pair
    }

    /// What the pair can do.
    pub fn kind(&self) -> PairKind {
        self.kind
    }

    /// The curve.
    pub fn curve(&self) -> Curve {
        self.curve
    }

    /// The generation of the wallet for which the pair was made.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// The public key: compressed SEC 1 (33 bytes) on secp256k1, RFC 8032 (32 bytes) on Ed25519.
    pub fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    /// The public point of the share of `party`.
    pub fn share(&self, party: Party) -> &[u8] {
        party.of(&self.shares).as_slice()
    }

    /// The chain code (BIP-32), on secp256k1. Whoever has it and one child's private key has all of them.
    pub fn chain_code(&self) -> Option<&[u8; 32]> {
        self.chain_code.as_ref()
    }

    /// What both sides of a new pair compare: the public key, both points, the chain code, and the rest.
    pub fn digest(&self) -> [u8; 32] {
        tagged("commitments", &[&self.to_bytes()])
    }

    /// Points of the right curve, that make the public key.
    fn check(&self) -> Result<(), Malformed> {
        let backend = backend(self.curve);
        let [first, second] = &self.shares;
        let consistent = first != second
            && self.chain_code.is_some() == backend.has_chain_code()
            && backend.combine_points(&self.shares).is_some_and(|key| key == self.public_key);
        if consistent { Ok(()) } else { Err(Malformed::Inconsistent) }
    }

    /// For the store.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        self.write(&mut writer);
        writer.finish().to_vec()
    }

    /// From the store.
    ///
    /// # Errors
    /// [`Malformed`]: not what [`to_bytes`](Self::to_bytes) wrote.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes)?;
        let read = Self::read(&mut reader)?;
        reader.end()?;
        Ok(read)
    }

    pub(crate) fn write(&self, writer: &mut Writer) {
        writer.put(&[self.kind.to_byte(), self.curve.to_byte()]);
        writer.put(&self.wallet.0);
        writer.put(&self.pair.0);
        writer.put(&self.generation.to_be_bytes());
        for point in [&self.public_key].into_iter().chain(&self.shares) {
            writer.put(point);
        }
        if let Some(chain_code) = &self.chain_code {
            writer.put(chain_code);
        }
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let [kind, curve] = reader.array()?;
        let kind = PairKind::from_byte(kind).ok_or(Malformed::Value)?;
        let curve = Curve::from_byte(curve).ok_or(Malformed::Value)?;
        let wallet = WalletId(reader.array()?);
        let pair = PairId(reader.array()?);
        let generation = u32::from_be_bytes(reader.array()?);
        let mut point = || Ok::<_, Malformed>(reader.take(curve.point_length())?.to_vec());
        let (public_key, shares) = (point()?, [point()?, point()?]);
        let chain_code = if backend(curve).has_chain_code() { Some(reader.array()?) } else { None };
        let read = Self { wallet, pair, kind, curve, generation, public_key, shares, chain_code };
        read.check()?;
        Ok(read)
    }
}
