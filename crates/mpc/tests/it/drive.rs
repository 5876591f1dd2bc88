//! Two sessions in one process.

use std::sync::atomic::{AtomicU64, Ordering};

use keystead_mpc::{
    BackupHalf, Curve, MpcError, Party, Recovered, Session, SessionParams, SignRequest, Signed, SigningHalf, WalletId,
};

pub(crate) const WALLET: WalletId = WalletId([7; 16]);
pub(crate) const CURVES: [Curve; 2] = [Curve::Secp256k1, Curve::Ed25519];

/// Something of each party.
#[derive(Debug)]
pub(crate) struct Two<T> {
    pub(crate) client: T,
    pub(crate) server: T,
}

/// Parameters of a session that never was before.
pub(crate) fn fresh(target_generation: u32) -> Two<SessionParams> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut client_nonce = [1; 32];
    client_nonce[..8].copy_from_slice(&COUNT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    let client =
        SessionParams { party: Party::Client, wallet: WALLET, target_generation, client_nonce, server_nonce: [2; 32] };
    Two { server: SessionParams { party: Party::Server, ..client.clone() }, client }
}

/// What happened on the way.
#[derive(Debug, Default)]
pub(crate) struct Transcript {
    /// All messages, the client's first, then in turn.
    pub(crate) messages: Vec<Vec<u8>>,
}

impl Transcript {
    /// Bytes up and down.
    pub(crate) fn bytes(&self) -> (usize, usize) {
        let sum = |from: usize| self.messages.iter().skip(from).step_by(2).map(Vec::len).sum();
        (sum(0), sum(1))
    }
}

/// Runs two sessions with each other; `tamper` may change each message on its way.
pub(crate) fn run_with<T: Send + 'static, U: Send + 'static>(
    mut client: Session<T>,
    mut server: Session<U>,
    mut tamper: impl FnMut(usize, &mut Vec<u8>),
) -> Result<(T, U, Transcript), MpcError> {
    let mut transcript = Transcript::default();
    let (mut of_client, mut of_server) = (None, None);
    assert_eq!(server.start()?, None);
    let mut next = client.start()?;
    while let Some(mut message) = next.take() {
        transcript.messages.push(message.clone());
        tamper(transcript.messages.len(), &mut message);
        if transcript.messages.len() % 2 == 1 {
            let step = server.handle(&message)?;
            (next, of_server) = (step.message, of_server.or(step.outcome));
        } else {
            let step = client.handle(&message)?;
            (next, of_client) = (step.message, of_client.or(step.outcome));
        }
    }
    assert!(client.is_over() && server.is_over());
    assert_eq!(client.handle(&[]).err(), Some(MpcError::Over));
    assert_eq!(server.handle(&[]).err(), Some(MpcError::Over));
    Ok((of_client.unwrap(), of_server.unwrap(), transcript))
}

pub(crate) fn run<T: Send + 'static>(
    client: Result<Session<T>, MpcError>,
    server: Result<Session<T>, MpcError>,
) -> Result<Two<T>, MpcError> {
    let (client, server, _) = run_with(client?, server?, |_, _| ())?;
    Ok(Two { client, server })
}

pub(crate) fn keygen(curve: Curve) -> Two<SigningHalf> {
    let params = fresh(1);
    run(keystead_mpc::keygen(&params.client, curve), keystead_mpc::keygen(&params.server, curve)).unwrap()
}

pub(crate) fn refresh(target: u32, from: Two<&SigningHalf>) -> Result<Two<SigningHalf>, MpcError> {
    let params = fresh(target);
    run(keystead_mpc::refresh(&params.client, from.client), keystead_mpc::refresh(&params.server, from.server))
}

pub(crate) fn renew(target: u32, from: Two<&BackupHalf>) -> Result<Two<SigningHalf>, MpcError> {
    let params = fresh(target);
    run(keystead_mpc::renew(&params.client, from.client), keystead_mpc::renew(&params.server, from.server))
}

pub(crate) fn back_up(target: u32, from: Two<&SigningHalf>) -> Result<Two<BackupHalf>, MpcError> {
    let params = fresh(target);
    run(keystead_mpc::back_up(&params.client, from.client), keystead_mpc::back_up(&params.server, from.server))
}

pub(crate) fn recover(target: u32, from: Two<&BackupHalf>) -> Result<Two<Recovered>, MpcError> {
    let params = fresh(target);
    run(keystead_mpc::recover(&params.client, from.client), keystead_mpc::recover(&params.server, from.server))
}

pub(crate) fn sign(halves: Two<&SigningHalf>, request: &SignRequest) -> Result<Two<Signed>, MpcError> {
    let params = fresh(halves.client.commitments().generation());
    let server = SessionParams { target_generation: halves.server.commitments().generation(), ..params.server };
    run(keystead_mpc::sign(&params.client, halves.client, request), keystead_mpc::sign(&server, halves.server, request))
}

pub(crate) fn both<T>(two: &Two<T>) -> Two<&T> {
    Two { client: &two.client, server: &two.server }
}

/// Something to sign on `curve`.
pub(crate) fn request(curve: Curve) -> SignRequest {
    match curve {
        Curve::Secp256k1 => SignRequest::digest([0x5a; 32]),
        Curve::Ed25519 => SignRequest::message(b"a transaction".as_slice()),
    }
}

/// Signs, and asks implementations that have nothing to do with ours.
pub(crate) fn assert_signs(halves: Two<&SigningHalf>) {
    let request = request(halves.client.curve());
    let signed = sign(halves, &request).unwrap();
    assert_valid(&signed, &request);
}

pub(crate) fn assert_valid(signed: &Two<Signed>, request: &SignRequest) {
    let signature = signed.client.signature.unwrap();
    let public_key = &signed.client.public_key;
    match request.curve() {
        Curve::Secp256k1 => {
            use k256::ecdsa::{RecoveryId, Signature, VerifyingKey, signature::hazmat::PrehashVerifier};
            let key = VerifyingKey::from_sec1_bytes(public_key).unwrap();
            let ecdsa = Signature::from_slice(&signature.bytes).unwrap();
            key.verify_prehash(request.content(), &ecdsa).unwrap();
            assert_eq!(ecdsa.normalize_s(), ecdsa, "low s");
            let id = RecoveryId::from_byte(signature.recovery_id).unwrap();
            assert_eq!(VerifyingKey::recover_from_prehash(request.content(), &ecdsa, id).unwrap(), key);
            assert_eq!(signed.server, signed.client);
        }
        Curve::Ed25519 => {
            use ed25519_dalek::{Signature, VerifyingKey};
            let key = VerifyingKey::from_bytes(public_key.as_slice().try_into().unwrap()).unwrap();
            key.verify_strict(request.content(), &Signature::from_bytes(&signature.bytes)).unwrap();
            assert_eq!((&signed.server.public_key, signed.server.signature), (public_key, None));
        }
    }
}
