//! How it is sealed: end-to-end encryption in the bytes of the official Cardinal (iCure) clients,
//! hardened where those bytes leave room.
//!
//! The server never links this crate. It knows no HTTP, no files, no clock and no threads: requests
//! and answers are JSON values, time and [randomness](random) come in as parameters, and RSA is behind
//! a [trait](provider) because browsers do it asynchronously. "Crypto 2.3" in comments is a section of
//! the page on the protocol, `cardinal-crypto.md`.
//!
//! # Who holds what
//!
//! ```text
//! RSA key pair of a data owner                          key, provider
//!   └ opens: exchange data between two data owners      exchange
//!       ├ exchange key ─ seals: delegations             delegation
//!       │                  └ entity key ─ seals: fields entity
//!       │                                 └ attachments attachment
//!       └ access control secret ─ derives: access control keys, for the server   access_control
//! ```
//!
//! # What each part is for
//!
//! | to | use |
//! |---|---|
//! | make, hold, publish and pin keys | [`key`]: [`KeyRing`](key::KeyRing), [`OwnerKeys`](key::OwnerKeys), [`Pins`](key::Pins) |
//! | share secrets with somebody, and know from whom they came | [`exchange`] |
//! | give access to a record | [`delegation`], [`access_control`] |
//! | seal and open a record | [`entity`], [`attachment`] |
//! | say who is behind an anonymous delegation | [`deanonymise`] |
//! | survive the loss of a key | [`recovery`], [`give_back`] |
//! | sign for a key, a sender, an approval | [`identity`] |
//! | store keys on a device | [`envelope`], [`key::import`] for those of official clients |
//! | read what clients of old wrote | [`legacy`] |
//!
//! # Trust
//!
//! What a server hands out is never trusted by itself. Three types say so:
//! [`ListedKey`](key::ListedKey) is a public key that a server lists; a
//! [`TrustedKey`](key::TrustedKey) is one that somebody answers for, and only such are encrypted for;
//! an [`ApprovedKey`](give_back::ApprovedKey) is one that a person let back in. What is opened comes
//! with what is known of it: [`FieldReport`](entity::FieldReport),
//! [`AttachmentStatus`](attachment::AttachmentStatus), [`SenderSignature`](exchange::SenderSignature).
//! `docs/topics/client-hardening.md` lists the attacks and what comes of each.
//!
//! # Names
//!
//! `make_` is random, `derive_` is not. `seal_` and `open_` are for content, `wrap_` for keys.
//! `expose_` hands out a secret. `dangerously_` is what it says. Types of secrets have no `Debug`, no
//! `Serialize`, are wiped on drop and compared in constant time.
//!
//! # Example
//!
//! ```
//! use keystead_crypto::access_control::EntityType;
//! use keystead_crypto::delegation::{
//!     DelegationContent, NewDelegation, Participant, Permission, SecurityMetadata, make_root_metadata,
//! };
//! use keystead_crypto::entity::{EntityRef, Manifests, open_entity, seal_entity};
//! use keystead_crypto::exchange::{Crypto, ExchangeIndex, NewExchangeData, make_exchange_data};
//! use keystead_crypto::key::{KeyRing, KeySize, KeyTrust, Oaep};
//! use keystead_crypto::provider::{CryptoProvider, NativeProvider, SystemRandom};
//! use keystead_crypto::secret::EntityKey;
//! use serde_json::json;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> { pollster::block_on(async {
//! // Ada's device: a key, and exchange data with herself.
//! let (provider, random, mut ring) = (NativeProvider, SystemRandom::default(), KeyRing::new());
//! let key = provider.make_private_key(KeySize::default()).await?;
//! ring.add(&provider, "ada", key, Oaep::Sha256, KeyTrust::Device).await?;
//! let crypto = Crypto { provider: &provider, random: &random, ring: &ring };
//! let new = NewExchangeData { delegator: "ada", delegate: "ada", delegate_keys: &[], signer: None };
//! let (data, open) = make_exchange_data(crypto, new).await?; // `data` goes to the server
//!
//! // A record: its key in a delegation, its secret fields in `encryptedSelf`.
//! let record = EntityRef { entity_type: EntityType::HealthElement, id: "he-1" };
//! let entity_key = EntityKey::make(&random);
//! let ada = Participant { id: "ada", anonymous: true };
//! let root = NewDelegation {
//!     entity: record,
//!     exchange_data: &open,
//!     delegator: ada,
//!     delegate: ada,
//!     content: DelegationContent { encryption_keys: &[&entity_key], ..DelegationContent::default() },
//!     permissions: Permission::Write,
//! };
//! let clear = json!({"id": "he-1", "openingDate": 20261120, "descr": "asthma"});
//! let clear = clear.as_object().ok_or("an object")?;
//! let metadata = make_root_metadata(clear, &root, &[])?;
//! let mut stored = seal_entity(&random, &Manifests::default(), record, &entity_key, clear)?;
//! stored.insert("securityMetadata".to_owned(), metadata.to_json());
//! assert!(!stored.contains_key("descr"));
//!
//! // Any device with the key, from what the server has.
//! let mut index = ExchangeIndex::new();
//! index.add(data.open(&ring).await?);
//! let delegations = SecurityMetadata::of(&stored)?.open_with(record, &index);
//! let keys: Vec<_> = delegations.iter().flat_map(|one| &one.encryption_keys).map(|key| &key.value).collect();
//! let opened = open_entity(&Manifests::default(), record, &keys, &stored)?;
//! assert_eq!(opened.body["descr"], "asthma");
//! assert!(opened.is_authenticated());
//! # Ok(()) }) }
//! ```

pub mod access_control;
pub mod attachment;
pub mod deanonymise;
pub mod delegation;
pub mod entity;
pub mod envelope;
pub mod exchange;
pub mod give_back;
mod hazmat;
pub mod identity;
pub mod key;
pub mod legacy;
pub mod provider;
pub mod random;
pub mod recovery;
pub mod secret;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod vectors;
