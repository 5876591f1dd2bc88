//! What the tests of every module need: the vectors, keys, and a random source that repeats itself.

pub(crate) mod vectors {
    //! `vectors/cardinal.json` at the root of the repository.

    use std::sync::LazyLock;

    use serde_json::Value;

    use crate::key::PrivateKey;

    pub(crate) static ALL: LazyLock<Value> = LazyLock::new(|| {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/cardinal.json");
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    });

    /// The private key `A`, `B`, `P`, `ORG`, `C`, `A2` or `P2`.
    pub(crate) fn private_key(name: &str) -> PrivateKey {
        let pkcs8 = ALL["testKeys"][name]["pkcs8Hex"].as_str().unwrap();
        PrivateKey::from_pkcs8(&hex::decode(pkcs8).unwrap()).unwrap_or_else(|_| panic!("key {name}"))
    }

    /// Another key with the fingerprints of `ORG`.
    pub(crate) fn colliding_key() -> PrivateKey {
        let pkcs8 = ALL["fingerprintCollision"]["collidingKey"]["pkcs8Hex"].as_str().unwrap();
        PrivateKey::from_pkcs8(&hex::decode(pkcs8).unwrap()).ok().unwrap()
    }
}
