//! Splits a private key among five notaries, any three of whom give it back; one of them lies.
//!
//! `cargo run -p keystead-crypto --example split_a_key`

use keystead_crypto::identity::SignerIdentity;
use keystead_crypto::key::{KeyRing, KeySize, KeyTrust, Oaep};
use keystead_crypto::provider::{CryptoProvider, NativeProvider, SystemRandom};
use keystead_crypto::recovery::{KeyShare, combine_shares, split_key};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    pollster::block_on(async {
        let (random, mut ring) = (SystemRandom::default(), KeyRing::new());
        let key = NativeProvider.make_private_key(KeySize::default()).await?;
        ring.add(&NativeProvider, "ada", key, Oaep::Sha256, KeyTrust::Device).await?;
        let own = ring.keys().next().ok_or("a key")?;
        let signer = SignerIdentity::make(own).await?;

        let shares = split_key(&random, &signer, own, 3, 5)?;
        for share in &shares {
            share.verify(&NativeProvider, own.public()).await?;
        }
        println!(
            "five notaries, each has checked the share: {} bytes",
            shares.first().map_or(0, |one| one.to_bytes().len())
        );

        // three come back, one of them changed
        let mut returned: Vec<_> = shares.iter().take(4).map(|share| share.to_bytes()).collect();
        if let Some(byte) = returned.first_mut().and_then(|share| share.last_mut()) {
            *byte ^= 1;
        }
        let read = |returned: &[_]| -> Result<Vec<KeyShare>, _> {
            returned.iter().map(|share: &zeroize::Zeroizing<Vec<u8>>| KeyShare::from_bytes(share)).collect()
        };
        let Err(error) = combine_shares(&read(&returned)?) else { return Err("a lie that went unnoticed".into()) };
        println!("{error}: {:?}", error.culprits());
        returned.remove(0);
        let (recovered, _) = combine_shares(&read(&returned)?)?;
        println!("without it, the key is back: {}", recovered == *own.private());
        Ok(())
    })
}
