//! `keystead-bench-cggmp24 PRIMES SIGNATURES`: signs with both parties in one process, and prints
//! `{"signMilliseconds": median, …}`. Primes take minutes to find; they are kept in the file PRIMES and protect nothing.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, anyhow};
use cggmp24::key_refresh::PregeneratedPrimes;
use cggmp24::security_level::SecurityLevel128;
use cggmp24::signing::DataToSign;
use cggmp24::supported_curves::Secp256k1;
use cggmp24::{ExecutionId, KeyShare, trusted_dealer};
use rand::rngs::OsRng;
use sha2::Sha256;

type Primes = PregeneratedPrimes<SecurityLevel128>;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().context("expected a file for primes")?;
    let signatures: u32 = arguments.next().context("expected a number of signatures")?.parse()?;
    let primes = primes(Path::new(&file))?;
    let shares: Vec<KeyShare<Secp256k1, SecurityLevel128>> =
        trusted_dealer::builder(2).set_pregenerated_primes(primes).generate_shares(&mut OsRng)?;
    let mut took = Vec::new();
    for number in 0..=signatures {
        let began = Instant::now();
        sign(&shares, number)?;
        // the first is for warming up
        if number > 0 {
            took.push(began.elapsed().as_secs_f64() * 1e3);
        }
    }
    took.sort_by(f64::total_cmp);
    let median = took.get(took.len() / 2).context("expected at least one signature")?;
    println!("{}", serde_json::json!({"signMilliseconds": median, "signatures": signatures}));
    Ok(())
}

fn sign(shares: &[KeyShare<Secp256k1, SecurityLevel128>], number: u32) -> anyhow::Result<()> {
    let execution = number.to_be_bytes();
    let data = DataToSign::<Secp256k1>::digest::<Sha256>(&execution);
    let done = round_based::sim::run_with_setup(shares, |party, link, share| {
        let data = &data;
        let execution = &execution;
        async move {
            let signing = cggmp24::signing(ExecutionId::new(execution), party, &[0, 1], share);
            signing.sign(&mut OsRng, link, data).await
        }
    })?;
    for signature in done.into_vec() {
        let signature = signature.map_err(|error| anyhow!("a party fails: {error}"))?;
        let key = shares.first().context("no shares")?.shared_public_key;
        signature.verify(&key, &data).map_err(|_| anyhow!("a signature does not verify"))?;
    }
    Ok(())
}

/// Those in the file, or new ones.
fn primes(file: &Path) -> anyhow::Result<Vec<Primes>> {
    if let Ok(kept) = std::fs::read(file) {
        return serde_json::from_slice(&kept).context("the file has no primes");
    }
    eprintln!("looking for primes, which takes minutes …");
    let found: Vec<Primes> = (0..2).map(|_| Primes::generate(&mut OsRng)).collect();
    std::fs::write(file, serde_json::to_vec(&found)?)?;
    Ok(found)
}
