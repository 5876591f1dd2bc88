//! Which transfer keys to make, so that whoever holds one verified key of a data owner can reach the
//! others (crypto 4.4).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::entity::Object;
use crate::key::{Fingerprint, KeyId, OwnerKeys};

/// A transfer key to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TransferEdge {
    /// The key that opens it.
    pub source: KeyId,
    /// The key that is in it.
    pub target: KeyId,
}

/// The transfer keys that are missing, as few as a greedy choice finds.
///
/// `verified` are keys that may open others, `available` those whose private half is at hand. Before
/// sealing, the self exchange data must have an entry for each source.
pub fn plan_transfer_keys(
    owner: &Object,
    listed: &OwnerKeys,
    verified: &BTreeSet<KeyId>,
    available: &BTreeSet<KeyId>,
) -> Vec<TransferEdge> {
    let mut graph = existing(owner, listed);
    let mut plan = Vec::new();
    for target in available {
        let lost: Vec<_> = verified.iter().copied().filter(|source| !reaches(&graph, *source, *target)).collect();
        for source in &lost {
            if reaches(&graph, *source, *target) {
                continue; // through an edge just added
            }
            // an edge from as far along as possible serves all before it
            let last = furthest(&graph, *source, &lost);
            graph.entry(last).or_default().insert(*target);
            plan.push(TransferEdge { source: last, target: *target });
        }
    }
    plan
}

type Graph = BTreeMap<KeyId, BTreeSet<KeyId>>;

/// The edges that are there, for names that are fingerprints of listed keys.
fn existing(owner: &Object, listed: &OwnerKeys) -> Graph {
    let key = |name: &str| Some(listed.with_fingerprint(Fingerprint::parse(name)?)?.key.id());
    let mut graph = Graph::new();
    let outer = owner.get("transferKeys").and_then(Value::as_object).into_iter().flatten();
    for (source, targets) in outer {
        let Some(source) = key(source) else { continue };
        let targets = targets.as_object().into_iter().flatten().filter_map(|(target, _)| key(target));
        graph.entry(source).or_default().extend(targets);
    }
    graph
}

fn reaches(graph: &Graph, from: KeyId, to: KeyId) -> bool {
    reachable(graph, from).contains(&to)
}

fn reachable(graph: &Graph, from: KeyId) -> BTreeSet<KeyId> {
    let mut seen = BTreeSet::from([from]);
    let mut to_visit = vec![from];
    while let Some(at) = to_visit.pop() {
        for next in graph.get(&at).into_iter().flatten() {
            if seen.insert(*next) {
                to_visit.push(*next);
            }
        }
    }
    seen
}

/// Of `lost`, one that `from` reaches and that reaches no other but those that reach it back.
fn furthest(graph: &Graph, from: KeyId, lost: &[KeyId]) -> KeyId {
    let ahead: Vec<_> = lost.iter().copied().filter(|other| reaches(graph, from, *other)).collect();
    let is_last = |at: &KeyId| ahead.iter().all(|other| !reaches(graph, *at, *other) || reaches(graph, *other, *at));
    ahead.iter().copied().find(is_last).unwrap_or(from)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::testing::vectors;

    const NAMES: [&str; 6] = ["A", "B", "P", "ORG", "C", "A2"];

    proptest! {
        #[test]
        fn afterwards_every_verified_key_reaches_every_available_one(
            edges in proptest::collection::vec((0_usize..6, 0_usize..6), 0..8), verified: [bool; 6], available: [bool; 6],
        ) {
            let keys = NAMES.map(|name| vectors::private_key(name).public().clone());
            let spki: Vec<_> = keys.iter().map(|key| key.to_spki_hex()).collect();
            let mut transfer = serde_json::Map::new();
            for (from, to) in edges {
                let [from, to] = [from, to].map(|at| keys[at].fingerprint().v1());
                transfer.entry(from).or_insert_with(|| json!({}))[to] = json!("00");
            }
            let owner = json!({"publicKeysForOaepWithSha256": spki, "transferKeys": transfer});
            let owner = owner.as_object().unwrap();
            let listed = OwnerKeys::of(owner).unwrap();
            let pick = |chosen: [bool; 6]| -> BTreeSet<KeyId> {
                keys.iter().zip(chosen).filter(|(_, chosen)| *chosen).map(|(key, _)| key.id()).collect()
            };
            let (verified, available) = (pick(verified), pick(available));
            let plan = plan_transfer_keys(owner, &listed, &verified, &available);

            let mut graph = existing(owner, &listed);
            for edge in &plan {
                prop_assert!(verified.contains(&edge.source) && available.contains(&edge.target));
                prop_assert_ne!(edge.source, edge.target);
                graph.entry(edge.source).or_default().insert(edge.target);
            }
            for source in &verified {
                prop_assert!(available.iter().all(|target| reaches(&graph, *source, *target)));
            }
        }
    }
}
