//! What each operation costs: messages, bytes each way, and the time of both parties together.
//!
//! `cargo run --release -p keystead-mpc --example cost`

use std::time::{Duration, Instant};

use keystead_mpc::{
    Curve, MpcError, Party, Session, SessionParams, SignRequest, WalletId, back_up, create_wallet, keygen, recover,
    refresh, sign,
};

/// A session on each side.
type Both<T> = (Session<T>, Session<T>);

/// Both outcomes, how many messages, bytes up and down.
type Ran<T> = ((T, T), usize, [usize; 2]);

struct Bench {
    nonce: u64,
}

impl Bench {
    fn params(&mut self, target_generation: u32) -> [SessionParams; 2] {
        self.nonce += 1;
        let mut client_nonce = [1; 32];
        client_nonce[..8].copy_from_slice(&self.nonce.to_be_bytes());
        [Party::Client, Party::Server].map(|party| SessionParams {
            party,
            wallet: WalletId([7; 16]),
            target_generation,
            client_nonce,
            server_nonce: [2; 32],
        })
    }

    /// Runs `begin` `times` times and prints what it cost on the average.
    fn measure<T: Send + 'static>(
        &mut self,
        name: &str,
        (target, times): (u32, u32),
        begin: impl Fn([SessionParams; 2]) -> Result<Both<T>, MpcError>,
    ) -> Result<(T, T), Box<dyn std::error::Error>> {
        let (mut spent, mut last) = (Duration::ZERO, None);
        for _ in 0..times {
            let params = self.params(target);
            let started = Instant::now();
            let ran = run(begin(params)?)?;
            spent += started.elapsed();
            last = Some(ran);
        }
        let (outcome, messages, [up, down]) = last.ok_or("nothing was run")?;
        println!("{name:24} {messages:3} messages  {up:7} B up  {down:7} B down  {:9.2?}", spent / times);
        Ok(outcome)
    }
}

fn run<T: Send + 'static>((mut client, mut server): Both<T>) -> Result<Ran<T>, Box<dyn std::error::Error>> {
    let (mut at_client, mut at_server, mut count, mut bytes) = (None, None, 0, [0, 0]);
    let mut message = client.start()?;
    while let Some(up) = message.take() {
        count += 1;
        bytes[0] += up.len();
        let step = server.handle(&up)?;
        at_server = step.outcome.or(at_server);
        if let Some(down) = step.message {
            count += 1;
            bytes[1] += down.len();
            let step = client.handle(&down)?;
            at_client = step.outcome.or(at_client);
            message = step.message;
        }
    }
    Ok((at_client.zip(at_server).ok_or("not done")?, count, bytes))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut bench = Bench { nonce: 0 };
    for curve in [Curve::Secp256k1, Curve::Ed25519] {
        println!("{curve:?}");
        let (client, server) =
            bench.measure("key generation", (1, 5), |[c, s]| Ok((keygen(&c, curve)?, keygen(&s, curve)?)))?;
        let (own, theirs) =
            bench.measure("backup", (1, 10), |[c, s]| Ok((back_up(&c, &client)?, back_up(&s, &server)?)))?;
        bench.measure("complete refresh", (2, 5), |[c, s]| Ok((refresh(&c, &client)?, refresh(&s, &server)?)))?;
        bench.measure("recovery", (2, 5), |[c, s]| Ok((recover(&c, &own)?, recover(&s, &theirs)?)))?;
        let request = match curve {
            Curve::Secp256k1 => SignRequest::digest([1; 32]),
            Curve::Ed25519 => SignRequest::message([1; 200]),
        };
        bench
            .measure("signature", (1, 50), |[c, s]| Ok((sign(&c, &client, &request)?, sign(&s, &server, &request)?)))?;
        println!("stored: signing {} B, backup {} B", client.to_bytes().len(), own.to_bytes().len());
    }
    println!("both");
    bench.measure("wallet with backup", (1, 3), |[c, s]| Ok((create_wallet(&c)?, create_wallet(&s)?)))?;
    Ok(())
}
