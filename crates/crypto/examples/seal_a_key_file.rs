//! Keeps a private key in a file under a passphrase.
//!
//! `cargo run -p keystead-crypto --example seal_a_key_file`

use keystead_crypto::envelope::{open_with_passphrase, seal_with_passphrase};
use keystead_crypto::key::{KeySize, PrivateKey};
use keystead_crypto::provider::{CryptoProvider, NativeProvider, SystemRandom};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let key = pollster::block_on(NativeProvider.make_private_key(KeySize::default()))?;
    let purpose = "private key of ada";
    let file = seal_with_passphrase(&SystemRandom::default(), purpose, "correct horse battery", key.expose_pkcs8())?;
    println!("the file has {} bytes", file.len());

    let opened = PrivateKey::from_pkcs8(&open_with_passphrase(purpose, "correct horse battery", &file)?)?;
    println!("the right passphrase gives the key back: {}", opened == key);
    println!("another one: {}", open_with_passphrase(purpose, "incorrect horse", &file).is_err());
    println!("the same for another purpose: {}", open_with_passphrase("pins", "correct horse battery", &file).is_err());
    Ok(())
}
