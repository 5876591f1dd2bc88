//! Create, sign, back up, recover: what each starts from, and what is stored of it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keystead_mpc::{
    BackupHalf, Curve, NewWallet, NotUsable, Party, Session, SessionParams, SignRequest, SigningHalf, WalletHalves,
    back_up_wallet, create_wallet, recover_wallet, sign,
};
use serde::Deserialize;
use serde_json::json;

use super::failure::Failure;
use super::lifecycle::{Kind, Origin, Refused};
use super::record::{self, Made, Missing, Pairs, Record, open, seal};
use super::socket::{Link, Running, Stop};
use crate::error::{ApiError, ApiResult};

/// The longest message that is signed on Ed25519, in bytes: it comes in the first text.
const MAX_CONTENT: usize = 64 * 1024;

/// What a socket is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Create,
    Sign,
    Backup,
    Recover,
}

impl Operation {
    /// As the path has it.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "create" => Self::Create,
            "sign" => Self::Sign,
            "backup" => Self::Backup,
            "recover" => Self::Recover,
            _ => return None,
        })
    }
}

/// What the client wishes.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Wish {
    /// 64 hexadecimal digits, never used before.
    client_nonce: String,
    /// To sign: `SECP256K1` or `ED25519`.
    curve: Option<String>,
    /// To sign: the digest on secp256k1, the message on Ed25519, in base64.
    content: Option<String>,
    /// The pairs that the client's halves are of.
    pairs: Option<PairIds>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PairIds {
    secp256k1: String,
    ed25519: String,
}

impl PairIds {
    fn are_of(&self, pairs: &Pairs) -> bool {
        self.secp256k1 == pairs.secp256k1.id && self.ed25519 == pairs.ed25519.id
    }
}

impl Wish {
    pub(super) fn read(text: &str) -> Result<Self, Failure> {
        serde_json::from_str(text).map_err(|_| Failure::field("", "an object {clientNonce, curve, content, pairs}"))
    }

    fn nonce(&self) -> Result<[u8; 32], Failure> {
        let mut nonce = [0; 32];
        hex::decode_to_slice(&self.client_nonce, &mut nonce)
            .map_err(|_| Failure::field("clientNonce", "64 hexadecimal digits"))?;
        Ok(nonce)
    }

    fn pairs(&self) -> Result<&PairIds, Failure> {
        self.pairs.as_ref().ok_or_else(|| Failure::field("pairs", "the ids of the pairs {secp256k1, ed25519}"))
    }

    fn request(&self) -> Result<SignRequest, Failure> {
        let content = self.content.as_deref().and_then(|content| STANDARD.decode(content).ok());
        let content = content.ok_or_else(|| Failure::field("content", "base64"))?;
        match self.curve.as_deref() {
            Some("SECP256K1") => {
                let digest = content.try_into().map_err(|_| Failure::field("content", "a digest of 32 bytes"))?;
                Ok(SignRequest::digest(digest))
            }
            Some("ED25519") if content.len() <= MAX_CONTENT => Ok(SignRequest::message(content)),
            Some("ED25519") => Err(Failure::field("content", "at most 65536 bytes")),
            _ => Err(Failure::field("curve", "SECP256K1 or ED25519")),
        }
    }
}

/// Runs one session to its end.
pub(super) async fn run(running: &Running<'_>, operation: Operation, link: &mut Link) -> Result<(), Stop> {
    let wish = link.wish().await?;
    match operation {
        Operation::Create => create(running, link, &wish).await,
        Operation::Sign => signature(running, link, &wish).await,
        Operation::Backup => back_up(running, link, &wish).await,
        Operation::Recover => recover(running, link, &wish).await,
    }
}

async fn create(running: &Running<'_>, link: &mut Link, wish: &Wish) -> Result<(), Stop> {
    let nonce = wish.nonce()?;
    let (generation, record) = running.begin(Missing::Make, |record| Ok(record.lifecycle.begin_create()?)).await?;
    let params = running.answer(link, &record, generation, nonce).await?;
    let session = blocking(move || create_wallet(&params)).await??;
    let (made, last) = drive(link, session).await?;
    // a backup is made when one is asked for: what came with the key is of no use
    let (signing, _) = split(made);
    let halves = seal(running.app, &record.wallet, generation, &signing);
    running.finish(generation, Origin::Create, None, vec![halves]).await?;
    end(link, last, generation).await
}

async fn signature(running: &Running<'_>, link: &mut Link, wish: &Wish) -> Result<(), Stop> {
    let (nonce, request, named) = (wish.nonce()?, wish.request()?, wish.pairs()?);
    let curve = request.curve();
    let (generation, record) = running
        .begin(Missing::Refuse, |record| {
            record.bans().check()?;
            signing_pair(record, named, true)
        })
        .await?;
    let half: SigningHalf = running.open(&record, generation, curve).await?;
    let params = running.answer(link, &record, generation, nonce).await?;
    let session = blocking(move || sign(&params, &half, &request)).await??;
    let (_, last) = drive(link, session).await?;
    // free before the client has its signature, since it may wish for the next one at once
    running.free().await?;
    end(link, last, generation).await
}

async fn back_up(running: &Running<'_>, link: &mut Link, wish: &Wish) -> Result<(), Stop> {
    let (nonce, named) = (wish.nonce()?, wish.pairs()?);
    let ((source, generation), record) = running
        .begin(Missing::Refuse, |record| {
            record.bans().check()?;
            let source = signing_pair(record, named, false)?;
            Ok((source, record.lifecycle.begin_backup()?))
        })
        .await?;
    let halves = running.open_both::<SigningHalf>(&record, source).await?;
    let params = running.answer(link, &record, generation, nonce).await?;
    let session = blocking(move || {
        let WalletHalves { secp256k1, ed25519 } = &halves;
        back_up_wallet(&params, WalletHalves { secp256k1, ed25519 })
    });
    let (made, last) = drive(link, session.await??).await?;
    let halves = seal(running.app, &record.wallet, generation, &made);
    running.finish(generation, Origin::Backup, None, vec![halves]).await?;
    end(link, last, generation).await
}

async fn recover(running: &Running<'_>, link: &mut Link, wish: &Wish) -> Result<(), Stop> {
    let (nonce, named) = (wish.nonce()?, wish.pairs()?);
    let ((source, generation), record) = running
        .begin(Missing::Refuse, |record| {
            // new transfers undo a freeze; after too many of them a person has to look
            match record.bans().check() {
                Err(locked @ NotUsable::Locked) => return Err(locked.into()),
                Err(NotUsable::Frozen) | Ok(()) => {}
            }
            let mut backups = record.pairs.iter().filter(|pairs| pairs.kind == Kind::Backup);
            let source = backups.find(|pairs| named.are_of(pairs)).ok_or(Refused::UnknownBackup)?.generation;
            Ok((source, record.lifecycle.begin_recovery(source)?))
        })
        .await?;
    let halves = running.open_both::<BackupHalf>(&record, source).await?;
    let params = running.answer(link, &record, generation, nonce).await?;
    let session = blocking(move || {
        let WalletHalves { secp256k1, ed25519 } = &halves;
        recover_wallet(&params, WalletHalves { secp256k1, ed25519 })
    });
    let (made, last) = drive(link, session.await??).await?;
    let (signing, backup) = split(made);
    let app = running.app;
    let halves = vec![seal(app, &record.wallet, generation, &signing), seal(app, &record.wallet, generation, &backup)];
    running.finish(generation, Origin::Recover, Some(source), halves).await?;
    end(link, last, generation).await
}

/// The generation that signs, if the client's halves are of it.
fn signing_pair(record: &Record, named: &PairIds, to_sign: bool) -> Result<u32, Failure> {
    let generation = record.lifecycle.begin_signing()?;
    match record.pairs(generation, Kind::Signing) {
        Some(pairs) if named.are_of(pairs) => Ok(generation),
        _ => Err(Failure::mismatch(to_sign)),
    }
}

impl Running<'_> {
    /// Takes the wallet for this session, if `begin` has nothing against it.
    async fn begin<T>(
        &self,
        missing: Missing,
        mut begin: impl FnMut(&mut Record) -> Result<T, Failure>,
    ) -> Result<(T, Record), Failure> {
        let (now, until) = (self.app.now(), self.until());
        record::change(self.app, (self.group, self.owner), missing, &[], |record| {
            let begun = begin(record)?;
            record.lease(&self.lease, now, until)?;
            Ok(begun)
        })
        .await
    }

    async fn open<H: record::Half>(&self, record: &Record, generation: u32, curve: Curve) -> ApiResult<H> {
        let mut tx = self.app.store.read().await?;
        open(self.app, &mut *tx, self.group, record, (generation, curve)).await
    }

    async fn open_both<H: record::Half>(&self, record: &Record, generation: u32) -> ApiResult<WalletHalves<H>> {
        Ok(WalletHalves {
            secp256k1: self.open(record, generation, Curve::Secp256k1).await?,
            ed25519: self.open(record, generation, Curve::Ed25519).await?,
        })
    }

    /// Tells the client what both sides have to agree on.
    async fn answer(
        &self,
        link: &mut Link,
        record: &Record,
        generation: u32,
        client_nonce: [u8; 32],
    ) -> Result<SessionParams, Stop> {
        let server_nonce = self.app.rng.bytes::<32>();
        link.tell(&json!({
            "wallet": record.wallet,
            "generation": generation,
            "serverNonce": hex::encode(server_nonce),
        }))
        .await?;
        Ok(SessionParams {
            party: Party::Server,
            wallet: record.wallet_id()?,
            target_generation: generation,
            client_nonce,
            server_nonce,
        })
    }

    /// Keeps what was made, until the client says whether it kept its part; and gives the wallet free.
    async fn finish(
        &self,
        generation: u32,
        origin: Origin,
        source: Option<u32>,
        made: Vec<Made>,
    ) -> Result<(), Failure> {
        let (halves, pairs): (Vec<_>, Vec<_>) = made.into_iter().map(|made| (made.halves, made.pairs)).unzip();
        let halves: Vec<_> = halves.into_iter().flatten().collect();
        let finished = record::change(self.app, (self.group, self.owner), Missing::Refuse, &halves, |record| {
            if !record.is_leased_to(&self.lease) {
                return Err(Failure::superseded());
            }
            record.lifecycle.made(generation, origin, source)?;
            record.pairs.extend(pairs.iter().cloned());
            record.release(&self.lease);
            Ok(())
        });
        finished.await.map(drop)
    }

    async fn free(&self) -> Result<(), Failure> {
        let freed = record::change(self.app, (self.group, self.owner), Missing::Refuse, &[], |record| {
            if !record.is_leased_to(&self.lease) {
                return Err(Failure::superseded());
            }
            record.release(&self.lease);
            Ok(())
        });
        freed.await.map(drop)
    }
}

/// Answers the client until the session is over: its outcome, and the message that is still to be sent.
async fn drive<T: Send + 'static>(link: &mut Link, mut session: Session<T>) -> Result<(T, Option<Vec<u8>>), Stop> {
    loop {
        let message = link.receive().await?;
        let (continued, step) = blocking(move || {
            let step = session.handle(&message);
            (session, step)
        })
        .await?;
        session = continued;
        let step = step.map_err(Stop::Protocol)?;
        match (step.outcome, step.message) {
            (Some(outcome), last) => return Ok((outcome, last)),
            (None, Some(message)) => link.send(message).await?,
            (None, None) => return Err(ApiError::internal("a protocol that waits without a word").into()),
        }
    }
}

async fn end(link: &mut Link, last: Option<Vec<u8>>, generation: u32) -> Result<(), Stop> {
    if let Some(last) = last {
        link.send(last).await?;
    }
    link.done(generation).await
}

/// Half a second of arithmetic does not belong among the tasks that answer requests.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| ApiError::internal("a wallet session panicked"))
}

fn split(made: NewWallet) -> (WalletHalves<SigningHalf>, WalletHalves<BackupHalf>) {
    let WalletHalves { secp256k1, ed25519 } = made;
    (
        WalletHalves { secp256k1: secp256k1.signing, ed25519: ed25519.signing },
        WalletHalves { secp256k1: secp256k1.backup, ed25519: ed25519.backup },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(text: &str) -> Result<SignRequest, String> {
        Wish::read(text).and_then(|wish| wish.request()).map_err(|failure| failure.to_json().to_string())
    }

    #[test]
    fn a_wish_that_cannot_be_names_what_is_wrong() {
        for (text, named) in [
            ("[]", "the body"),
            (r#"{"clientNonce": "", "extra": 1}"#, "the body"),
            (r#"{"clientNonce": ""}"#, "content"),
            (r#"{"clientNonce": "", "content": "!"}"#, "content"),
            (r#"{"clientNonce": "", "content": "AA=="}"#, "curve"),
            (r#"{"clientNonce": "", "content": "AA==", "curve": "SECP256K1"}"#, "32 bytes"),
            (r#"{"clientNonce": "", "content": "AA==", "curve": "P256"}"#, "curve"),
        ] {
            assert!(wish(text).unwrap_err().contains(named), "{text}");
        }
        let request = wish(r#"{"clientNonce": "", "content": "AA==", "curve": "ED25519"}"#).unwrap();
        assert_eq!(request.content(), [0]);
        assert!(Wish::read(r#"{"clientNonce": "00"}"#).unwrap().nonce().is_err());
        assert!(Wish::read(r#"{"clientNonce": "00"}"#).unwrap().pairs().is_err());
    }
}
