//! Create, sign, back up, recover: what each starts from, and what is stored of it. Which pairs count says
//! [`keystead_model::wallet`].

use keystead_model::wallet::choose::{backup_held, may_sign};
use keystead_model::wallet::{Curve, Event, Fence, Generation, OperationKind, PairIds, PerCurve, SigningSet, Step};
use keystead_mpc::{
    BackupHalf, NewWallet, Party, Session, SessionParams, SigningHalf, WalletHalves, back_up_wallet, create_wallet,
    recover_wallet, renew_wallet, sign,
};
use serde_json::json;

use super::caller::Caller;
use super::change::{Missing, Whose, change, change_with};
use super::custodian;
use super::effects::now;
use super::failure::Failure;
use super::halves::{self, Half, Made, damaged, new_halves, pairs_of, spots};
use super::policy::Policies;
use super::record::Record;
use super::socket::{Link, Running, Stop};
use super::wish::{Purpose, Wish};
use crate::error::{ApiError, ApiResult};

/// Runs one session to its end.
pub(super) async fn run(running: &Running<'_>, purpose: Purpose, link: &mut Link) -> Result<(), Stop> {
    let wish = link.wish().await?;
    match wish.kind(purpose)? {
        None => signature(running, link, &wish).await,
        Some(kind) => operate(running, link, &wish, kind).await,
    }
}

async fn signature(running: &Running<'_>, link: &mut Link, wish: &Wish) -> Result<(), Stop> {
    let (nonce, request, named) = (wish.nonce()?, wish.request()?, wish.pairs()?);
    let curve = model_curve(request.curve());
    let record = running
        .take(Missing::Refuse, |record| {
            signing_set(record, named)?;
            Ok(None)
        })
        .await?;
    let set = signing_set(&record, named)?.clone();
    let policies = running.policies().await?;
    let lately = record.signed_lately(running.app.now());
    policies.check(running.app, running.caller, wish, &request, lately).await?;
    let half = running.open::<SigningHalf>(&record, set.generation, set.pairs).await?;
    let half = match curve {
        Curve::Secp256k1 => half.secp256k1,
        Curve::Ed25519 => half.ed25519,
    };
    let params = running.answer(link, &record, set.generation, nonce).await?;
    let session = blocking(move || sign(&params, &half, &request)).await??;
    let (_, last) = drive(link, session).await?;
    // free before the client has its signature, since it may wish for the next one at once
    running.signed(policies.counts()).await?;
    end(link, last, set.generation).await
}

/// The pairs in force, if the client's halves are of them and may sign.
fn signing_set(record: &Record, named: PairIds) -> Result<&SigningSet, Failure> {
    let state = &record.state;
    let set = may_sign(state, named.secp256k1).map_err(|error| Failure::of_signing(error, state.needs_review()))?;
    if set.pairs == named { Ok(set) } else { Err(keystead_mpc::MpcError::SignShareMismatch.into()) }
}

/// Anything that makes pairs.
async fn operate(running: &Running<'_>, link: &mut Link, wish: &Wish, kind: OperationKind) -> Result<(), Stop> {
    let nonce = wish.nonce()?;
    let (operation, after) = wish.operation()?;
    let missing = if kind == OperationKind::Create { Missing::Make } else { Missing::Refuse };
    let event = Event::OperationBegan {
        operation,
        after,
        operation_kind: kind,
        stepped_up: running.stepped_up,
        at: now(running.app),
    };
    let record = running
        .take(missing, |record| {
            let through = record.state.operation().filter(|current| current.step != Step::Began);
            let ended = record.state.finished().map(|finished| finished.fence.operation);
            if through.map(|current| current.fence.operation) == Some(operation) || ended == Some(operation) {
                return Err(Failure::through());
            }
            Ok(Some(event.clone()))
        })
        .await?;
    let began = record.state.operation().filter(|current| current.fence.operation == operation && current.kind == kind);
    // the same id for something else
    let fence = began.ok_or_else(Failure::through)?.fence;
    let answer = running.answer(link, &record, fence.generation, nonce);
    match kind {
        OperationKind::Create => {
            let params = answer.await?;
            let session = blocking(move || create_wallet(&params)).await??;
            let (made, last) = drive(link, session).await?;
            // a backup is made when one is asked for: what came with the key is of no use
            let (signing, _) = split(made);
            let made = Made { signing: Some(new_halves(&signing)), backup: None };
            running.finish(fence, made).await?;
            end(link, last, fence.generation).await
        }
        OperationKind::Backup { from, .. } => {
            let source = record.state.active_signing().filter(|set| set.pairs == from).ok_or_else(damaged)?;
            let halves = running.open::<SigningHalf>(&record, source.generation, from).await?;
            let params = answer.await?;
            let session = blocking(move || back_up_wallet(&params, by_reference(&halves))).await??;
            let (backup, last) = drive(link, session).await?;
            let made = Made { signing: None, backup: Some(new_halves(&backup)) };
            running.finish(fence, made).await?;
            end(link, last, fence.generation).await
        }
        OperationKind::Recover { from, rotate_backup } => {
            let source = backup_held(&record.state, from)?;
            let halves = custodian::halves_of(running.app, running.whose(), &record, source).await?;
            let params = answer.await?;
            if rotate_backup {
                let session = blocking(move || recover_wallet(&params, by_reference(&halves))).await??;
                let (made, last) = drive(link, session).await?;
                let (signing, backup) = split(made);
                let made = Made { signing: Some(new_halves(&signing)), backup: Some(new_halves(&backup)) };
                running.finish(fence, made).await?;
                end(link, last, fence.generation).await
            } else {
                let session = blocking(move || renew_wallet(&params, by_reference(&halves))).await??;
                let (signing, last) = drive(link, session).await?;
                running.finish(fence, Made { signing: Some(new_halves(&signing)), backup: None }).await?;
                end(link, last, fence.generation).await
            }
        }
        OperationKind::Eject { .. } => Err(Failure::protocol("no protocol takes the key out").into()),
    }
}

impl Running<'_> {
    fn whose(&self) -> Whose<'_> {
        Whose { group: &self.caller.group, owner: &self.caller.owner }
    }

    /// Takes the wallet for this session, if `begin` has nothing against it.
    async fn take(
        &self,
        missing: Missing,
        mut begin: impl FnMut(&mut Record) -> Result<Option<Event>, Failure>,
    ) -> Result<Record, Failure> {
        let (at, until) = (self.app.now(), self.until());
        change(self.app, self.whose(), missing, |record| {
            let begun = begin(record)?;
            record.lease(&self.lease, at, until)?;
            Ok(begun)
        })
        .await
    }

    /// The halves that we keep of these pairs.
    async fn open<H: Half>(
        &self,
        record: &Record,
        generation: Generation,
        pairs: PairIds,
    ) -> ApiResult<WalletHalves<H>> {
        let spots = spots(H::KEEPER, &record.wallet, generation, pairs);
        let mut tx = self.app.store.read().await?;
        let group = &self.caller.group;
        let mut opened = PerCurve { secp256k1: None, ed25519: None };
        for (curve, spot) in spots.iter() {
            let bytes = halves::get(self.app, &mut *tx, group, spot).await?.ok_or_else(damaged)?;
            *opened.get_mut(curve) = H::read(&bytes);
        }
        let PerCurve { secp256k1: Some(secp256k1), ed25519: Some(ed25519) } = opened else { return Err(damaged()) };
        Ok(WalletHalves { secp256k1, ed25519 })
    }

    /// Tells the client what both sides have to agree on.
    async fn answer(
        &self,
        link: &mut Link,
        record: &Record,
        generation: Generation,
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
            target_generation: generation.0,
            client_nonce,
            server_nonce,
        })
    }

    /// Keeps what was made, until the client says whether it kept its part; and gives the wallet free.
    async fn finish(&self, fence: Fence, made: Made) -> Result<(), Failure> {
        let (signing, backup) = (made.signing.as_ref().map(pairs_of), made.backup.as_ref().map(pairs_of));
        let event = Event::ProtocolFinished { fence, signing, backup };
        let finished = change_with(self.app, self.whose(), Missing::Refuse, &made, |record| {
            if !record.is_leased_to(&self.lease) {
                return Err(Failure::superseded());
            }
            record.release(&self.lease);
            Ok(Some(event.clone()))
        });
        finished.await.map(drop)
    }

    async fn policies(&self) -> ApiResult<Policies> {
        let Caller { group, owner, .. } = self.caller;
        Policies::of(&mut *self.app.store.read().await?, group, owner).await
    }

    /// Gives the wallet free after a signature, which is counted if there are rules about how many there may be.
    async fn signed(&self, count: bool) -> Result<(), Failure> {
        let freed = change(self.app, self.whose(), Missing::Refuse, |record| {
            if !record.is_leased_to(&self.lease) {
                return Err(Failure::superseded());
            }
            if count {
                record.signed(self.app.now());
            }
            record.release(&self.lease);
            Ok(None)
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

async fn end(link: &mut Link, last: Option<Vec<u8>>, generation: Generation) -> Result<(), Stop> {
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

fn by_reference<T>(halves: &WalletHalves<T>) -> WalletHalves<&T> {
    WalletHalves { secp256k1: &halves.secp256k1, ed25519: &halves.ed25519 }
}

fn model_curve(curve: keystead_mpc::Curve) -> Curve {
    match curve {
        keystead_mpc::Curve::Secp256k1 => Curve::Secp256k1,
        keystead_mpc::Curve::Ed25519 => Curve::Ed25519,
    }
}
