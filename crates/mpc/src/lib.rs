//! How two parties sign: a client and a server hold half a key each, and nobody ever holds the whole.
//!
//! ECDSA on secp256k1 is done by DKLs23, Ed25519 by FROST. This crate knows no network, no store and no
//! clock: an operation is a [`Session`] on each side, which takes messages and gives messages. What the two
//! libraries leave to their callers is done here, the same way for both (`spec/wallet.md` 4).
//!
//! # What there is
//!
//! | to | use | needs | gives |
//! |---|---|---|---|
//! | make a key | [`keygen`], [`create_wallet`] | | [`SigningHalf`] |
//! | sign | [`sign`] | [`SigningHalf`] | [`Signed`] |
//! | back up | [`back_up`], [`back_up_wallet`] | [`SigningHalf`] | [`BackupHalf`] |
//! | recover | [`recover`], [`recover_wallet`] | [`BackupHalf`] | both |
//! | renew a signing pair only | [`renew`], [`renew_wallet`], [`refresh`] | either | [`SigningHalf`] |
//! | check a stored pair | [`test_sign`], [`BackupHalf::matches`] | | |
//! | show that a half is at hand | [`prove_share`], [`verify_share`] | [`BackupHalf`] | |
//! | have the key | [`eject`] | two [`BackupHalf`] | [`EjectedKey`] |
//! | sign with an ejected key on Ed25519 | [`ScalarKey`] | [`EjectedKey`] | |
//! | tell addresses | [`address`], [`derive_public`] | a public key | text |
//!
//! # What comes out is sound
//!
//! A session that makes a pair ends on neither side before both compared hashes of all that is public of it,
//! and a signing pair has signed something meaningless that was verified. A half is checked against what is
//! public of its pair whenever it is read. Halves of two pairs, or of two generations, are refused:
//! [`MpcError::SignShareMismatch`], [`MpcError::RefreshMismatch`].
//!
//! # What the caller does
//!
//! * Messages travel in a channel that is authenticated and secret end to end, [`channel`]: they tell how new
//!   shares differ from old ones. Each of them names [`Session::id`].
//! * A response that was lost is sent again from a cache, never computed again.
//! * Halves are stored sealed, with wallet, pair and generation as associated data. Nothing old is deleted
//!   before all that is new is durable on both sides.
//! * One signing session per pair at a time. An error for which [`MpcError::is_ban`] says so is recorded in a
//!   [`BanCounter`] and stored before anything is answered.
//! * The digest is made from the transaction that was decoded, by each side for itself.
//!
//! # Example
//!
//! ```
//! use keystead_mpc::{Curve, MpcError, Party, Session, SessionParams, SignRequest, WalletId, keygen, sign};
//!
//! /// Carries messages between two sessions until both are done.
//! fn run<T: Send + 'static>(mut client: Session<T>, mut server: Session<T>) -> Result<(Option<T>, Option<T>), MpcError> {
//!     let (mut at_client, mut at_server, mut message) = (None, None, client.start()?);
//!     while let Some(up) = message.take() {
//!         let step = server.handle(&up)?;
//!         at_server = step.outcome.or(at_server);
//!         if let Some(down) = step.message {
//!             let step = client.handle(&down)?;
//!             at_client = step.outcome.or(at_client);
//!             message = step.message;
//!         }
//!     }
//!     Ok((at_client, at_server))
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Both know the wallet, and gave each other a nonce.
//! let params = |party, client_nonce| SessionParams {
//!     party,
//!     wallet: WalletId([7; 16]),
//!     target_generation: 1,
//!     client_nonce,
//!     server_nonce: [2; 32],
//! };
//! let [client, server] = [Party::Client, Party::Server].map(|party| params(party, [1; 32]));
//! let (ours, theirs) = run(keygen(&client, Curve::Ed25519)?, keygen(&server, Curve::Ed25519)?)?;
//! let (ours, theirs) = ours.zip(theirs).ok_or("no key")?;
//!
//! let request = SignRequest::message(b"a transaction".as_slice());
//! let [client, server] = [Party::Client, Party::Server].map(|party| params(party, [3; 32]));
//! let (signed, _) = run(sign(&client, &ours, &request)?, sign(&server, &theirs, &request)?)?;
//! assert!(signed.and_then(|signed| signed.signature).is_some());
//! # Ok(()) }
//! ```

pub mod address;
mod backend;
mod ban;
pub mod channel;
mod dkls;
mod error;
mod frost;
mod half;
mod hash;
mod ids;
mod op;
mod proof;
mod scalar_key;
mod secret;
mod session;
mod signature;
#[cfg(feature = "testing")]
pub mod testing;
mod wire;

pub use ban::{BanCounter, NotUsable, Standing};
pub use dkls::derive_public;
pub use error::{Malformed, MpcError};
pub use half::codec::MAX_STORED;
pub use half::{BackupHalf, Half, PairCommitments, Share, SigningHalf};
pub use ids::{Curve, PairId, PairKind, Party, WalletId};
pub use op::{
    EjectedKey, NewPairs, NewWallet, Recovered, WalletBackup, WalletHalves, back_up, back_up_wallet, create_wallet,
    eject, keygen, recover, recover_wallet, refresh, renew, renew_wallet, sign, test_sign,
};
pub use proof::{prove_share, verify_share};
pub use scalar_key::ScalarKey;
pub use secret::SecretScalar;
pub use session::frame::MAX_MESSAGE;
pub use session::id::{Nonce, SessionParams};
pub use session::{Session, Step};
pub use signature::{MAX_CONTENT, SignRequest, Signature, Signed};
