//! What a wallet signs: messages, transactions, typed data, in the forms that chains and their libraries know.
//!
//! The digest is always made here, from what was decoded: [`Transaction`], [`TypedData`], a Solana transaction. What
//! cannot be decoded whole is refused, with the name of the field.

mod error;
mod fields;
mod message;
mod number;
mod request;
mod rlp;
mod solana;
mod transaction;
pub(super) mod transfer;
mod typed_data;

pub use error::{InvalidInput, SigningError};
pub use number::U256;
pub use solana::{SolanaTransaction, is_transaction as is_solana_transaction};
pub use transaction::{Access, Fee, SignedTransaction, Transaction};
pub use typed_data::TypedData;

use keystead_mpc::Signature;
use sha3::{Digest as _, Keccak256};

use super::{Wallet, WalletError};
use crate::error::RequestError;

/// The most bytes that a server looks into. Where its policy does not, more is signed.
const LONGEST_SHOWN: usize = 64 * 1024;

fn keccak(bytes: &[u8]) -> [u8; 32] {
    Keccak256::digest(bytes).into()
}

/// Which of two points the signature belongs to. The two other cases need an `r` that nobody can find, and EVM chains
/// cannot say them.
fn y_parity(signature: &Signature) -> Result<u8, SigningError> {
    match signature.recovery_id {
        parity @ 0..=1 => Ok(parity),
        _ => Err(WalletError::from(RequestError::Unreadable).into()),
    }
}

/// `0x` and 65 bytes: `r`, `s`, and 27 or 28.
fn with_v(signature: &Signature) -> Result<String, SigningError> {
    let v = 27 + y_parity(signature)?;
    Ok(format!("0x{}{v:02x}", hex::encode(signature.bytes)))
}

impl Wallet {
    /// Signs a digest of 32 bytes as it is: `0x` and 65 bytes, `r`, `s` (low) and 27 or 28. Whoever calls this decides
    /// what is signed; for what has a form, use the method for that form.
    ///
    /// # Errors
    /// See [`SigningError`].
    pub async fn sign_raw(&self, digest: [u8; 32]) -> Result<String, SigningError> {
        with_v(&self.sign_digest(digest).await?)
    }

    /// Signs a transaction of an EVM chain, to be sent with `eth_sendRawTransaction`.
    ///
    /// # Errors
    /// See [`SigningError`].
    pub async fn sign_transaction(&self, transaction: &Transaction) -> Result<SignedTransaction, SigningError> {
        let signature = self.sign_known(&transaction.payload()).await?;
        Ok(transaction.signed(&signature.bytes, y_parity(&signature)?))
    }

    /// Signs typed data (EIP-712, as `eth_signTypedData_v4`): `0x` and 65 bytes, `r`, `s` and 27 or 28.
    ///
    /// # Errors
    /// See [`SigningError`].
    pub async fn sign_typed_data(&self, data: &TypedData) -> Result<String, SigningError> {
        with_v(&self.sign_known(&data.payload()?).await?)
    }

    /// Signs a message with the key on Ed25519, as it is. What is a transaction is refused: who asks for a signature
    /// under a text must not get one under a payment.
    ///
    /// # Errors
    /// See [`SigningError`].
    pub async fn sign_solana_message(&self, message: &[u8]) -> Result<[u8; 64], SigningError> {
        if solana::is_transaction(message) {
            return Err(InvalidInput::new("message", "something that is not a transaction").into());
        }
        Ok(self.sign_solana(message).await?)
    }

    /// Signs a serialized Solana transaction, legacy or v0, and puts the signature into its place.
    ///
    /// # Errors
    /// See [`SigningError`]. [`InvalidInput`]: not a transaction, or this wallet is none of its signers.
    pub async fn sign_solana_transaction(&self, transaction: &[u8]) -> Result<SolanaTransaction, SigningError> {
        self.place_signature(solana::Unsigned::of_transaction(transaction)?).await
    }

    /// The same for the serialized message of a transaction: the places of other signers stay empty.
    ///
    /// # Errors
    /// As [`Self::sign_solana_transaction`].
    pub async fn sign_solana_transaction_message(&self, message: &[u8]) -> Result<SolanaTransaction, SigningError> {
        self.place_signature(solana::Unsigned::of_message(message)?).await
    }

    /// Signs what hashes to the digest, and shows it to the server, whose policy may look into it.
    async fn sign_known(&self, payload: &[u8]) -> Result<Signature, WalletError> {
        match payload.len() {
            0..=LONGEST_SHOWN => self.sign_payload(payload).await,
            _ => self.sign_digest(keccak(payload)).await,
        }
    }

    async fn place_signature(&self, unsigned: solana::Unsigned) -> Result<SolanaTransaction, SigningError> {
        let addresses = self.addresses().await?.ok_or(WalletError::NoWallet)?;
        let place = unsigned.place_of(&addresses.solana)?;
        let signature = self.sign_solana(unsigned.message()).await?;
        Ok(unsigned.signed(place, signature))
    }
}
