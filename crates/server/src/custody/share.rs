//! What a half looks like on its way to a custodian and back: a string that holds JSON, which a custodian keeps as it is
//! (portal 3.1, 7.3).
//!
//! A custodian with one slot gets one share that holds the halves of both curves.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keystead_model::wallet::{BackupMethod, Curve, Generation, PairId, PerCurve};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use zeroize::Zeroizing;

/// The most entries of an answer that are looked at.
const MOST: usize = 1_000;

/// Halves to give.
pub(crate) struct Given {
    /// Whose they are.
    pub(crate) client: String,
    pub(crate) generation: Generation,
    pub(crate) method: BackupMethod,
    pub(crate) halves: PerCurve<(PairId, Zeroizing<Vec<u8>>)>,
}

/// A half that is shown.
pub(crate) struct Shown {
    pub(crate) pair: PairId,
    pub(crate) half: Zeroizing<Vec<u8>>,
}

/// A share on the wire.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Share {
    backup_share_pair_id: PairId,
    client_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    curve: Option<Curve>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    generation: Option<Generation>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    share: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    shares: Vec<Share>,
}

/// The body of a `/backup`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Backup<'a> {
    client_id: &'a str,
    backup_method: String,
    pub(super) backup_share_pair_id: PairId,
    share: String,
}

impl Backup<'_> {
    pub(super) fn method(&self) -> &str {
        &self.backup_method
    }
}

impl Given {
    fn share(&self, curve: Curve) -> Share {
        let (pair, half) = self.halves.get(curve);
        Share {
            backup_share_pair_id: *pair,
            client_id: self.client.clone(),
            curve: Some(curve),
            generation: Some(self.generation),
            share: Some(STANDARD.encode(&**half)),
            shares: Vec::new(),
        }
    }

    fn body(&self, backup_method: String, share: &Share) -> Option<Backup<'_>> {
        let backup_share_pair_id = share.backup_share_pair_id;
        let share = serde_json::to_string(share).ok()?;
        Some(Backup { client_id: &self.client, backup_method, backup_share_pair_id, share })
    }

    /// One call for each curve.
    pub(super) fn apart(&self) -> Vec<Backup<'_>> {
        let curves = Curve::ALL.into_iter();
        curves.filter_map(|curve| self.body(self.method.webhook_name(curve), &self.share(curve))).collect()
    }

    /// One call for both.
    pub(super) fn together(&self) -> Vec<Backup<'_>> {
        let share = Share {
            curve: None,
            share: None,
            shares: Curve::ALL.map(|curve| self.share(curve)).into(),
            ..self.share(Curve::Secp256k1)
        };
        self.body(self.method.portal_name().to_owned(), &share).into_iter().collect()
    }
}

/// What a custodian answers to a `/backup/fetch`.
pub(super) struct Answer {
    pub(super) shown: Vec<Shown>,
    /// Whether it answers as one that keeps one share of each client.
    pub(super) has_one_slot: bool,
}

/// Reads an answer; `None` if it is no answer. Entries that cannot be read, or are of somebody else, are passed over.
pub(super) fn read(body: &[u8], client: &str) -> Option<Answer> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Some(Answer { shown: Vec::new(), has_one_slot: false });
    }
    let Value::Object(answer) = serde_json::from_slice(body).ok()? else { return None };
    let several = answer.get("backupShares").and_then(Value::as_array);
    let one = answer.get("backupShare");
    let mut shown = Vec::new();
    for text in several.into_iter().flatten().chain(one).filter_map(Value::as_str).take(MOST) {
        let Ok(mut share) = serde_json::from_str::<Share>(text) else { continue };
        let parts = std::mem::take(&mut share.shares);
        shown.extend(parts.into_iter().chain([share]).filter_map(|share| share.shown(client)));
    }
    Some(Answer { shown, has_one_slot: one.is_some() && several.is_none() })
}

impl Share {
    /// The half in it, if it is of this client.
    fn shown(self, client: &str) -> Option<Shown> {
        let half = self.share.filter(|_| self.client_id == client)?;
        let half = Zeroizing::new(STANDARD.decode(half).ok()?);
        Some(Shown { pair: self.backup_share_pair_id, half })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given() -> Given {
        let half = |number: u8| (PairId([number; 16]), Zeroizing::new(vec![number; 3]));
        Given {
            client: "daenerys".to_owned(),
            generation: Generation(2),
            method: BackupMethod::Gdrive,
            halves: PerCurve { secp256k1: half(1), ed25519: half(2) },
        }
    }

    fn shown(answer: &Value) -> (Vec<(u8, usize)>, bool) {
        let answer = read(answer.to_string().as_bytes(), "daenerys").unwrap();
        let halves = answer.shown.iter().map(|shown| (shown.pair.0[0], shown.half.len())).collect();
        (halves, answer.has_one_slot)
    }

    #[test]
    fn what_is_given_is_read_back_in_every_shape() {
        let given = given();
        let bodies: Vec<Value> = given.apart().iter().map(|body| serde_json::to_value(body).unwrap()).collect();
        let methods: Vec<_> = bodies.iter().map(|body| body["backupMethod"].as_str().unwrap()).collect();
        assert_eq!(methods, ["GDRIVE-SECP256K1", "GDRIVE-ED25519"]);
        for body in &bodies {
            let share: Value = serde_json::from_str(body["share"].as_str().unwrap()).unwrap();
            assert_eq!(
                (&share["backupSharePairId"], &share["clientId"]),
                (&body["backupSharePairId"], &body["clientId"])
            );
        }
        let shares: Vec<&Value> = bodies.iter().map(|body| &body["share"]).collect();
        assert_eq!(shown(&serde_json::json!({ "backupShares": shares })), (vec![(1, 3), (2, 3)], false));
        assert_eq!(shown(&serde_json::json!({ "backupShare": shares[1] })), (vec![(2, 3)], true));

        let bodies: Vec<Value> = given.together().iter().map(|body| serde_json::to_value(body).unwrap()).collect();
        assert_eq!((bodies.len(), &bodies[0]["backupMethod"]), (1, &"GDRIVE".into()));
        let answer = serde_json::json!({ "backupShare": bodies[0]["share"] });
        assert_eq!(shown(&answer), (vec![(1, 3), (2, 3)], true));
    }

    #[test]
    fn what_cannot_be_read_or_is_of_others_is_passed_over() {
        let pair = PairId([3; 16]);
        let share = |client: &str, half: &str| {
            serde_json::json!({ "backupSharePairId": pair, "clientId": client, "share": half }).to_string()
        };
        let entries = serde_json::json!([
            "",
            "{",
            7,
            null,
            {},
            "[object Object]",
            share("viserys", "AAAA"),
            share("daenerys", "!"),
            serde_json::json!({ "backupSharePairId": null, "clientId": "daenerys", "share": "AAAA" }).to_string(),
            share("daenerys", "AAAA"),
            share("daenerys", "AAAA"),
        ]);
        assert_eq!(shown(&serde_json::json!({ "backupShares": entries })), (vec![(3, 3), (3, 3)], false));
        assert_eq!(shown(&serde_json::json!({ "backupShare": null })), (vec![], true));
        assert_eq!(shown(&serde_json::json!({})), (vec![], false));
        assert!(read(b"<html>", "daenerys").is_none() && read(b"[]", "daenerys").is_none());
        assert!(read(b" \n", "daenerys").unwrap().shown.is_empty());
    }
}
