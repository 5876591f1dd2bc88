//! Emptying the account on Solana of a key that was taken out. Such a key is a scalar and no seed, so that programs
//! which take seeds cannot use it: what it holds is sent to a wallet that was made from a seed.

use keystead_mpc::ScalarKey;
use zeroize::Zeroizing;

use super::Ejected;
use super::signing::{InvalidInput, SolanaTransaction, transfer};

/// What a sweep sends where. The application asks a node of the network for what is true at the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sweep {
    /// The address that gets everything: of a wallet that was made from a seed.
    pub to: String,
    /// `getLatestBlockhash`: the transaction is taken for about a minute from then on.
    pub recent_blockhash: String,
    /// `getBalance` of the account, in lamports.
    pub balance: u64,
    /// `getFeeForMessage`, in lamports: 5000 for the one signature, where nothing else is asked.
    pub fee: u64,
}

impl Sweep {
    /// The signed transaction that sends everything but the fee, to be sent with `sendTransaction`. It is made and
    /// signed here; nothing is asked of anybody.
    ///
    /// A receiver that has never been used needs as much as an account costs (`getMinimumBalanceForRentExemption`).
    /// Tokens are in accounts of their own and stay where they are: move them first, while the account can pay fees.
    ///
    /// # Errors
    /// The field that is not what it has to be.
    pub fn sign(&self, key: &ScalarKey) -> Result<SolanaTransaction, InvalidInput> {
        let lamports = self.balance.checked_sub(self.fee).filter(|rest| *rest > 0);
        let lamports = lamports.ok_or_else(|| InvalidInput::new("balance", "more lamports than the fee"))?;
        transfer::signed(key, &self.to, &self.recent_blockhash, lamports)
    }
}

impl Ejected {
    /// [`Sweep::sign`] with the key that was taken out.
    ///
    /// # Errors
    /// As there.
    pub fn sweep_solana(&self, sweep: &Sweep) -> Result<SolanaTransaction, InvalidInput> {
        let key = self.ed25519.scalar_key();
        sweep.sign(&key.ok_or_else(|| InvalidInput::new("key", "a key on Ed25519"))?)
    }
}

/// The key that these 64 hexadecimal digits are, as [`Ejected`] has it: a scalar, little-endian.
///
/// # Errors
/// They are no such key.
pub fn scalar_key(hexadecimal: &str) -> Result<ScalarKey, InvalidInput> {
    let mut scalar = Zeroizing::new([0; 32]);
    let read = hex::decode_to_slice(hexadecimal, &mut *scalar).ok();
    read.and_then(|()| ScalarKey::from_scalar(&scalar))
        .ok_or_else(|| InvalidInput::new("key", "a scalar of Ed25519, little-endian, 64 hexadecimal digits"))
}
