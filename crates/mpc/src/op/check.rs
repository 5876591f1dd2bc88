//! Before a pair counts: both sides compare what is public of it, and it signs once.

use super::recover::Recovered;
use crate::backend::{Fresh, Stage, backend};
use crate::error::MpcError;
use crate::half::{BackupHalf, PairCommitments, SigningHalf};
use crate::hash::{equal, tagged};
use crate::ids::{Curve, Party};
use crate::session::turn::{Payload, Turn, join};
use crate::signature::{SignRequest, Signed};
use crate::wire::{decode, encode};

/// A pair that signs, of what its protocol left: compared, and tested.
pub(crate) fn signing(stage: &Stage, curve: Curve, turn: Turn<Fresh>) -> Result<Turn<SigningHalf>, MpcError> {
    let stage = stage.clone();
    turn.and_then(move |fresh| checked(&stage, SigningHalf::of(&stage, curve, fresh)?))
}

/// As [`signing`], with a backup pair made of it. While the signing pair is still being tested: it costs two
/// round trips less, and neither pair comes out unless both are sound.
pub(crate) fn with_backup(stage: &Stage, curve: Curve, turn: Turn<Fresh>) -> Result<Turn<Recovered>, MpcError> {
    let (stage, other) = (stage.clone(), stage.part("backup"));
    turn.and_then(move |fresh| {
        let half = SigningHalf::of(&stage, curve, fresh)?;
        let backed_up = super::backup::turn(&other, &half)?;
        Ok(join(checked(&stage, half)?, backed_up).map(|(signing, backup)| Recovered { signing, backup }))
    })
}

fn checked(stage: &Stage, half: SigningHalf) -> Result<Turn<SigningHalf>, MpcError> {
    let compared = compare(stage, half.commitments())?;
    let tested = test(&stage.part("test"), &half)?;
    Ok(join(compared, tested).map(move |_| half))
}

/// A pair that does not sign, of what its protocol left: compared.
pub(crate) fn backup(stage: &Stage, curve: Curve, turn: Turn<Fresh>) -> Result<Turn<BackupHalf>, MpcError> {
    let stage = stage.clone();
    turn.and_then(move |fresh| {
        let half = BackupHalf::of(&stage, curve, fresh)?;
        Ok(compare(&stage, half.commitments())?.map(move |()| half))
    })
}

/// Both sides say a hash of all that is public of the new pair. FROST accepts a refresh of two different
/// pairs and leaves one that cannot sign; this is where it is found (`spec/wallet.md` 3).
fn compare(stage: &Stage, commitments: &PairCommitments) -> Result<Turn<()>, MpcError> {
    let digest = commitments.digest();
    let said = |party: Party| tagged("compare", &[&digest, &[party.index()]]);
    let own = encode(&said(stage.party))?;
    let expected = said(stage.party.peer());
    let check = move |message: &[u8]| {
        let theirs: [u8; 32] = decode(message)?;
        if equal(&theirs, &expected) { Ok(()) } else { Err(MpcError::RefreshMismatch) }
    };
    Ok(match stage.party {
        Party::Client => Turn::say(own, move |message| Ok(Turn::done(check(message)?))),
        Party::Server => Turn::listen(move |message| Ok(Turn::last(own, check(message)?))),
    })
}

/// A signature of something that nobody wants signed. On Ed25519 the client, who alone learns it, shows it to
/// the server.
pub(crate) fn test(stage: &Stage, half: &SigningHalf) -> Result<Turn<()>, MpcError> {
    let request = test_request(half.commitments());
    let (party, curve) = (stage.party, half.curve());
    let turn = backend(curve).sign(stage, half, &request)?;
    turn.and_then(move |signed| match curve {
        Curve::Secp256k1 => Ok(Turn::done(())),
        Curve::Ed25519 => show(party, signed, request),
    })
}

fn show(party: Party, signed: Signed, request: SignRequest) -> Result<Turn<()>, MpcError> {
    match (party, signed.signature) {
        (Party::Client, Some(signature)) => {
            Ok(Turn::say(Payload::new(signature.bytes.to_vec()), |_| Ok(Turn::done(()))))
        }
        (Party::Server, None) => Ok(Turn::listen(move |message| {
            let valid = message.as_array::<64>().is_some_and(|signature| {
                backend(request.curve()).verify(&signed.public_key, request.content(), signature)
            });
            if valid { Ok(Turn::last(Payload::default(), ())) } else { Err(MpcError::Recoverable("signature")) }
        })),
        _ => Err(MpcError::Recoverable("signature")),
    }
}

/// What a pair signs to show that it can: a hash in our own domain, and a text that begins with a byte with
/// which no transaction begins.
pub(crate) fn test_request(commitments: &PairCommitments) -> SignRequest {
    let digest = tagged("test signature", &[&commitments.digest()]);
    match commitments.curve() {
        Curve::Secp256k1 => SignRequest::digest(digest),
        Curve::Ed25519 => {
            SignRequest::message([b"\xffkeystead test signature, of no meaning: ".as_slice(), &digest].concat())
        }
    }
}
