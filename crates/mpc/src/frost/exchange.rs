//! Key generation and refresh: Pedersen's, with proofs of knowledge, in four messages.
//!
//! ```text
//! client                          server
//! hash of package              ->
//!                              <- package
//! package, share for server    ->
//!                              <- share for client
//! ```
//!
//! The hash keeps the server from choosing its package by the client's, and so from choosing the key.

use std::collections::BTreeMap;

use frost_ed25519::Identifier;
use frost_ed25519::keys::dkg::{self, round1, round2};
use frost_ed25519::keys::{KeyPackage, PublicKeyPackage, refresh};
use rand_core_06::OsRng;

use super::{failed, identifier};
use crate::backend::{Fresh, Stage};
use crate::error::{Malformed, MpcError};
use crate::hash::{equal, tagged};
use crate::ids::Party;
use crate::secret::SecretScalar;
use crate::session::turn::Turn;
use crate::wire::{decode, encode};

/// The client's second message.
type Third = (round1::Package, round2::Package);

pub(super) enum Flavour {
    Keygen,
    /// Of what we hold.
    Refresh(Box<(KeyPackage, PublicKeyPackage)>),
}

pub(super) fn exchange(stage: &Stage, flavour: Flavour) -> Result<Turn<Fresh>, MpcError> {
    let run = Run { us: stage.party, peer: identifier(stage.party.peer())?, session: stage.session, flavour };
    match stage.party {
        Party::Client => client(run),
        Party::Server => Ok(server(run)),
    }
}

fn client(run: Run) -> Result<Turn<Fresh>, MpcError> {
    let (secret, own) = run.part1()?;
    Ok(Turn::say(encode(&run.hash(&own)?)?, move |second| {
        let theirs: round1::Package = decode(second)?;
        let (secret, share, theirs) = run.part2(secret, &own, theirs)?;
        let third: Third = (own, share);
        Ok(Turn::say(encode(&third)?, move |fourth| Ok(Turn::done(run.part3(secret, &theirs, decode(fourth)?)?))))
    }))
}

fn server(run: Run) -> Turn<Fresh> {
    Turn::listen(move |first| {
        let hash: [u8; 32] = decode(first)?;
        let (secret, own) = run.part1()?;
        Ok(Turn::say(encode(&own)?, move |third| {
            let (theirs, share): Third = decode(third)?;
            if !equal(&run.hash(&theirs)?, &hash) {
                return Err(MpcError::Recoverable("commitment"));
            }
            let (secret, own_share, theirs) = run.part2(secret, &own, theirs)?;
            let fresh = run.part3(secret, &theirs, share)?;
            Ok(Turn::last(encode(&own_share)?, fresh))
        }))
    })
}

/// Packages of the peer, as the library takes them.
type Theirs = BTreeMap<Identifier, round1::Package>;

struct Run {
    us: Party,
    peer: Identifier,
    session: [u8; 32],
    flavour: Flavour,
}

impl Run {
    fn hash(&self, package: &round1::Package) -> Result<[u8; 32], MpcError> {
        Ok(tagged("frost package", &[&self.session, &encode(package)?]))
    }

    fn part1(&self) -> Result<(round1::SecretPackage, round1::Package), MpcError> {
        let us = identifier(self.us)?;
        match &self.flavour {
            Flavour::Keygen => dkg::part1(us, 2, 2, OsRng),
            Flavour::Refresh(_) => refresh::refresh_dkg_part1(us, 2, 2, OsRng),
        }
        .map_err(failed)
    }

    fn part2(
        &self,
        secret: round1::SecretPackage,
        own: &round1::Package,
        theirs: round1::Package,
    ) -> Result<(round2::SecretPackage, round2::Package, Theirs), MpcError> {
        if theirs.commitment() == own.commitment() || theirs.proof_of_knowledge() == own.proof_of_knowledge() {
            return Err(MpcError::Mirrored);
        }
        let theirs = BTreeMap::from([(self.peer, theirs)]);
        let (secret, shares) = match &self.flavour {
            Flavour::Keygen => dkg::part2(secret, &theirs),
            Flavour::Refresh(_) => refresh::refresh_dkg_part2(secret, &theirs),
        }
        .map_err(failed)?;
        let share = shares.into_values().next().ok_or(MpcError::Recoverable("no share"))?;
        Ok((secret, share, theirs))
    }

    fn part3(&self, secret: round2::SecretPackage, theirs: &Theirs, share: round2::Package) -> Result<Fresh, MpcError> {
        let shares = BTreeMap::from([(self.peer, share)]);
        let (key, public) = match &self.flavour {
            Flavour::Keygen => dkg::part3(&secret, theirs, &shares),
            Flavour::Refresh(old) => {
                let (key, public) = old.as_ref().clone();
                refresh::refresh_dkg_shares(&secret, theirs, &shares, public, key)
            }
        }
        .map_err(failed)?;
        self.fresh(&key, &public)
    }

    fn fresh(&self, key: &KeyPackage, public: &PublicKeyPackage) -> Result<Fresh, MpcError> {
        let point = |of: &PublicKeyPackage, party| {
            let point = of.verifying_shares().get(&identifier(party)?);
            point.and_then(|point| point.serialize().ok()).ok_or(MpcError::Recoverable("trivial value"))
        };
        let shares = [point(public, Party::Client)?, point(public, Party::Server)?];
        if let Flavour::Refresh(old) = &self.flavour {
            // a correction of zero refreshes nothing
            if point(&old.1, Party::Client)? == shares[0] || point(&old.1, Party::Server)? == shares[1] {
                return Err(MpcError::Recoverable("trivial value"));
            }
        }
        let secret = zeroize::Zeroizing::new(key.signing_share().serialize());
        Ok(Fresh {
            public_key: public.verifying_key().serialize().map_err(failed)?,
            shares,
            chain_code: None,
            secret: SecretScalar::new(*secret.as_array().ok_or(Malformed::Length)?),
            state: zeroize::Zeroizing::new(Vec::new()),
        })
    }
}
