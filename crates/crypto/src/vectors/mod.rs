//! Every group of `vectors/cardinal.json`, one test each, named by the group.
#![expect(non_snake_case, reason = "tests are named by their group")]

mod entities;
mod exchange;
mod hardening;
mod keys;
mod legacy;
mod recovery;

use serde_json::Value;

use crate::entity::Object;
use crate::key::{KeyRing, KeyTrust, Oaep};
use crate::provider::NativeProvider;
use crate::testing::vectors;

fn group(name: &str) -> &'static Value {
    &vectors::ALL[name]
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(text(value)).unwrap()
}

fn object(value: &Value) -> &Object {
    value.as_object().unwrap()
}

/// A ring with the named keys of `hcp-a`.
fn ring(keys: &[(&str, &str, Oaep)]) -> KeyRing {
    let mut ring = KeyRing::new();
    for (name, owner, padding) in keys {
        let added = ring.add(&NativeProvider, owner, vectors::private_key(name), *padding, KeyTrust::Device);
        pollster::block_on(added).unwrap();
    }
    ring
}

#[test]
fn every_group_has_a_test() {
    let sources = [
        include_str!("entities.rs"),
        include_str!("exchange.rs"),
        include_str!("hardening.rs"),
        include_str!("keys.rs"),
        include_str!("legacy.rs"),
        include_str!("recovery.rs"),
    ];
    let groups = vectors::ALL.as_object().unwrap().keys();
    let groups: Vec<_> =
        groups.filter(|name| !name.starts_with('_') && !["testKeys", "unverified"].contains(&name.as_str())).collect();
    assert_eq!(groups.len(), 21);
    for name in groups {
        assert!(sources.iter().any(|source| source.contains(&format!("fn {name}()"))), "{name}");
    }
}
