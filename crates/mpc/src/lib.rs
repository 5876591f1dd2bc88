//! How two parties sign.

#[cfg(test)]
use {bech32 as _, bs58 as _, dkls23_secp256k1 as _, ed25519_dalek as _, proptest as _, ripemd as _, sha3 as _};

mod backend;
mod ban;
mod dkls;
mod error;
mod frost;
mod half;
mod hash;
mod ids;
mod op;
mod secret;
mod session;
mod signature;
mod wire;

pub use ban::{BanCounter, NotUsable, Standing};
pub use dkls::derive_public;
pub use error::{Malformed, MpcError};
pub use half::codec::MAX_STORED;
pub use half::{BackupHalf, PairCommitments, Share, SigningHalf};
pub use ids::{Curve, PairId, PairKind, Party, WalletId};
pub use op::{
    EjectedKey, NewPairs, NewWallet, Recovered, WalletBackup, WalletHalves, back_up, back_up_wallet, create_wallet,
    eject, keygen, recover, recover_wallet, refresh, renew, sign, test_sign,
};
pub use secret::SecretScalar;
pub use session::frame::MAX_MESSAGE;
pub use session::id::{Nonce, SessionParams};
pub use session::{Session, Step};
pub use signature::{MAX_CONTENT, SignRequest, Signature, Signed};
