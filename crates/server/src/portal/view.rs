//! A wallet in the words of Portal (portal 1.1, 1.3): from our record of it to wallets, pairs and the statuses of both,
//! without a store or a clock.

use std::collections::BTreeMap;

use keystead_model::wallet::{
    BackupPairStatus, BackupSet, Curve, PairId, PairStatus, PerCurve, PublicStatus, SigningPairStatus, SigningSet,
    WalletState,
};
use keystead_mpc::address::{self, Network};
use serde_json::{Map, Value, json};

use super::point::affine;

/// What is known of a wallet.
pub(super) struct Facts<'a> {
    /// Its id; the two wallets that Portal sees, one for each curve, are named after it.
    pub(super) id: &'a str,
    /// When it was made.
    pub(super) created: i64,
    /// The rules' record of it.
    pub(super) state: &'a WalletState,
    /// The public keys, once there are any: compressed SEC 1, and RFC 8032.
    pub(super) keys: Option<&'a PerCurve<Vec<u8>>>,
    /// When pairs were made, by their ids.
    pub(super) made: &'a BTreeMap<PairId, i64>,
}

impl Facts<'_> {
    /// The id of the wallet of one curve.
    pub(super) fn wallet_id(&self, curve: Curve) -> String {
        format!("{}-{}", self.id, curve.as_str())
    }

    /// The curve of the wallet of this id.
    pub(super) fn curve_of(&self, wallet: &str) -> Option<Curve> {
        Curve::ALL.into_iter().find(|curve| self.wallet_id(*curve) == wallet)
    }

    /// The wallets of a client object: none before keys were made, then one for each curve.
    pub(super) fn wallets(&self) -> Vec<Value> {
        let Some(keys) = self.keys else { return Vec::new() };
        let wallets = keys.iter().map(|(curve, key)| {
            let mut wallet = json!({
                "id": self.wallet_id(curve),
                "createdAt": iso(self.created),
                "curve": curve.as_str(),
                "publicKey": affine(curve, key).map(|(x, y)| json!({"X": x, "Y": y}).to_string()),
                "signingSharePairs": self.signing_pairs(curve),
                "backupSharePairs": self.backup_pairs(curve),
            });
            if let (Some(until), Some(wallet)) = (self.state.ejectable_until(), wallet.as_object_mut()) {
                wallet.insert("ejectableUntil".to_owned(), json!(iso(signed(until))));
            }
            wallet
        });
        wallets.collect()
    }

    /// The signing pairs of one curve, those that are over left out.
    pub(super) fn signing_pairs(&self, curve: Curve) -> Vec<Value> {
        let pairs = self.current_signing().map(|set| {
            json!({
                "id": set.pairs.get(curve),
                "createdAt": self.made_at(*set.pairs.get(curve)),
                "status": PublicStatus::from(set.portal_status(curve)),
            })
        });
        pairs.collect()
    }

    /// The backup pairs of one curve, those that are over left out.
    pub(super) fn backup_pairs(&self, curve: Curve) -> Vec<Value> {
        let pairs = self.current_backups().map(|set| {
            json!({
                "id": set.pairs.get(curve),
                "backupMethod": set.method.portal_name(),
                "createdAt": self.made_at(*set.pairs.get(curve)),
                "status": PublicStatus::from(set.portal_status(curve)),
            })
        });
        pairs.collect()
    }

    /// How far the newest signing pair is, as version 1 of the list of clients has it.
    pub(super) fn newest_signing(&self) -> Option<SigningPairStatus> {
        let newest = self.current_signing().max_by_key(|set| set.generation)?;
        Curve::ALL.into_iter().map(|curve| newest.portal_status(curve)).min()
    }

    /// How far the newest backup pair is, likewise.
    pub(super) fn newest_backup(&self) -> Option<BackupPairStatus> {
        let newest = self.current_backups().max_by_key(|set| set.generation)?;
        Curve::ALL.into_iter().map(|curve| newest.portal_status(curve)).min()
    }

    /// The address on Ethereum, which is what version 1 calls the address.
    pub(super) fn address(&self) -> Option<String> {
        address::evm(&self.keys?.secp256k1).ok()
    }

    /// The addresses by namespace (portal 1.1).
    pub(super) fn namespaces(&self) -> Value {
        let Some(keys) = self.keys else { return json!({}) };
        let (secp256k1, ed25519) = (&keys.secp256k1, &keys.ed25519);
        let mut all = Map::new();
        let mut put = |name: &str, curve: Curve, address: Option<String>| {
            if let Some(address) = address {
                all.insert(name.to_owned(), json!({"address": address, "curve": curve.as_str()}));
            }
        };
        put("eip155", Curve::Secp256k1, address::evm(secp256k1).ok().map(|address| address.to_lowercase()));
        put("tron", Curve::Secp256k1, address::tron(secp256k1).ok());
        put("solana", Curve::Ed25519, address::solana(ed25519).ok());
        put("stellar", Curve::Ed25519, address::stellar(ed25519).ok());
        let bitcoin = |network| address::bitcoin(secp256k1, network).ok();
        if let (Some(main), Some(test)) = (bitcoin(Network::Main), bitcoin(Network::Test)) {
            let addresses = json!({"p2wpkh": {"mainnet": main, "testnet": test}});
            let entry = json!({"address": "", "curve": Curve::Secp256k1.as_str(), "bitcoin": addresses});
            all.insert("bip122".to_owned(), entry);
        }
        Value::Object(all)
    }

    fn current_signing(&self) -> impl Iterator<Item = &SigningSet> {
        self.state.signing_sets().iter().filter(|set| set.status != PairStatus::Retired)
    }

    fn current_backups(&self) -> impl Iterator<Item = &BackupSet> {
        self.state.backup_sets().iter().filter(|set| set.status != PairStatus::Retired)
    }

    fn made_at(&self, pair: PairId) -> String {
        iso(self.made.get(&pair).copied().unwrap_or(self.created))
    }
}

/// A moment as the wire has it: ISO 8601 with milliseconds, in UTC.
pub(super) fn iso(at: i64) -> String {
    let at = jiff::Timestamp::from_millisecond(at).unwrap_or_default();
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// Moments of the rules, as the rest of the server counts them.
pub(super) fn signed(at: u64) -> i64 {
    i64::try_from(at).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
