//! What a session does with the store: it takes the wallet, looks whether it still has it, reads halves, keeps what was
//! made.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use axum::extract::FromRequestParts as _;
use http::request::Parts;
use keystead_model::wallet::{Event, Fence, Generation, PairIds, PerCurve};
use keystead_mpc::channel::ChannelPublic;
use keystead_mpc::{Party, Session, SessionParams, WalletHalves};
use parking_lot::Mutex;

use super::caller::Caller;
use super::change::{Missing, Whose, change, change_with};
use super::failure::Failure;
use super::halves::{self, Half, Made, damaged, pairs_of, spots};
use super::link::Link;
use super::policy::Policies;
use super::record::{Record, load};
use super::socket::Stop;
use crate::app::App;
use crate::error::{ApiError, ApiResult};

/// For how long a wallet belongs to a session, in milliseconds. A session that takes longer says so again.
const LEASE_MS: i64 = 20_000;
/// How much of that has to be left where something leaves that counts.
const LEFT_MS: i64 = 5_000;
/// How long it counts that the wallet was seen to be ours.
const MOMENT: Duration = Duration::from_millis(100);

/// Who runs a session, and under which lease.
pub(super) struct Running<'a> {
    pub(super) app: &'a Arc<App>,
    pub(super) caller: &'a Caller,
    /// What the socket was asked for with.
    pub(super) parts: &'a Parts,
    /// Whether they proved a moment ago who they are.
    pub(super) stepped_up: bool,
    pub(super) lease: String,
    /// The generation of the signing pairs that the session uses; zero while it uses none.
    pub(super) uses: AtomicU32,
    /// When it was seen last that the wallet is ours.
    pub(super) looked: Mutex<Option<Instant>>,
}

impl Running<'_> {
    pub(super) fn whose(&self) -> Whose<'_> {
        Whose { group: &self.caller.group, owner: &self.caller.owner }
    }

    /// Refuses a client whose session ended since the socket was opened.
    pub(super) async fn is_still_in(&self) -> ApiResult<()> {
        let mut parts = self.parts.clone();
        match Caller::from_request_parts(&mut parts, self.app).await? == *self.caller {
            true => Ok(()),
            false => Err(ApiError::unauthorized()),
        }
    }

    /// Takes the wallet for this session, if `begin` has nothing against it.
    pub(super) async fn take(
        &self,
        missing: Missing,
        mut begin: impl FnMut(&mut Record) -> Result<Option<Event>, Failure>,
    ) -> Result<Record, Failure> {
        let (at, until) = (self.app.now(), self.app.now().saturating_add(LEASE_MS));
        let mut take = |record: &mut Record| {
            let begun = begin(record)?;
            record.lease(&self.lease, at, until)?;
            Ok(begun)
        };
        let mut taken = change(self.app, self.whose(), missing, &mut take).await;
        // whoever has it may only be waiting for another wish
        if taken.as_ref().is_err_and(Failure::is_busy) && self.app.wallets.ask(self.whose()).await {
            taken = change(self.app, self.whose(), missing, &mut take).await;
        }
        if taken.is_ok() {
            self.has_looked();
        }
        taken
    }

    /// The session uses signing pairs: a cheater in it is one who cheats them.
    pub(super) fn uses(&self, generation: Generation) {
        self.uses.store(generation.0, Ordering::Relaxed);
    }

    /// Gives the wallet free.
    pub(super) async fn release(&self) -> Result<(), Failure> {
        let release = |record: &mut Record| {
            record.release(&self.lease);
            Ok(None)
        };
        change(self.app, self.whose(), Missing::Refuse, release).await.map(drop)
    }

    /// The wallet as it is, if this session has it, and for long enough.
    pub(super) async fn held(&self) -> Result<Record, Failure> {
        let record = self.record().await?;
        if record.is_leased_until(&self.lease, self.app.now().saturating_add(LEFT_MS)) {
            self.has_looked();
            return Ok(record);
        }
        // nobody took it although it was late: once more for us
        self.take(Missing::Refuse, |record| match record.is_leased_to(&self.lease) {
            true => Ok(None),
            false => Err(Failure::superseded()),
        })
        .await
    }

    /// The same, unless it was looked at a moment ago. Another process could take the wallet only at the end of the
    /// lease; what a moment hides is an end that comes from this wallet's owner, and could have come after the signature
    /// as well.
    async fn still_held(&self) -> Result<(), Failure> {
        if self.looked.lock().is_some_and(|looked| looked.elapsed() < MOMENT) {
            return Ok(());
        }
        self.held().await.map(drop)
    }

    fn has_looked(&self) {
        *self.looked.lock() = Some(Instant::now());
    }

    async fn record(&self) -> Result<Record, Failure> {
        let mut tx = self.app.store.look().await.map_err(ApiError::from)?;
        let found = load(&mut *tx, &self.caller.group, &self.caller.owner).await?;
        found.map(|(_, record)| record).ok_or_else(Failure::no_wallet)
    }

    /// The halves that we keep of these pairs.
    pub(super) async fn open<H: Half>(
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

    /// What both sides have to agree on.
    pub(super) fn params(
        &self,
        link: &Link,
        record: &Record,
        generation: Generation,
        client_nonce: [u8; 32],
    ) -> ApiResult<SessionParams> {
        Ok(SessionParams {
            party: Party::Server,
            wallet: record.wallet_id()?,
            target_generation: generation.0,
            client_nonce,
            server_nonce: link.nonce(),
        })
    }

    /// Answers the client until the session is over: its outcome, and the message that is still to be sent. The
    /// wallet is ours when a message is looked at, since whether a check passed tells something, and when one leaves.
    pub(super) async fn drive<T: Send + 'static>(
        &self,
        link: &mut Link,
        mut session: Session<T>,
        weight: Weight,
    ) -> Result<(T, Option<Vec<u8>>), Stop> {
        loop {
            let message = link.receive().await?;
            self.still_held().await?;
            let (continued, step) = weight
                .run(move || {
                    let step = session.handle(&message);
                    (session, step)
                })
                .await?;
            session = continued;
            let step = step.map_err(Stop::Protocol)?;
            self.still_held().await?;
            match (step.outcome, step.message) {
                (Some(outcome), last) => return Ok((outcome, last)),
                (None, Some(message)) => link.send(&message).await?,
                (None, None) => return Err(ApiError::internal("a protocol that waits without a word").into()),
            }
        }
    }

    /// Keeps what was made, until the client says whether it kept its part; and gives the wallet free. Signing pairs are
    /// for the device that they were made with.
    pub(super) async fn finish(&self, fence: Fence, made: Made, device: ChannelPublic) -> Result<(), Failure> {
        let (signing, backup) = (made.signing.as_ref().map(pairs_of), made.backup.as_ref().map(pairs_of));
        let event = Event::ProtocolFinished { fence, signing, backup };
        let finished = change_with(self.app, self.whose(), Missing::Refuse, &made, |record| {
            if !record.is_leased_to(&self.lease) {
                return Err(Failure::superseded());
            }
            if signing.is_some() {
                record.set_device(fence.generation, device);
            }
            record.release(&self.lease);
            Ok(Some(event.clone()))
        });
        finished.await.map(drop)
    }

    pub(super) async fn policies(&self) -> ApiResult<Policies> {
        let Caller { group, owner, .. } = self.caller;
        Policies::of(&mut *self.app.store.look().await?, group, owner).await
    }

    /// Counts a signature.
    pub(super) async fn count(&self) -> Result<(), Failure> {
        let counted = change(self.app, self.whose(), Missing::Refuse, |record| {
            if !record.is_leased_to(&self.lease) {
                return Err(Failure::superseded());
            }
            record.signed(self.app.now());
            Ok(None)
        });
        counted.await.map(drop)
    }
}

/// How long arithmetic takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    /// Less than moving it to another thread would be worth.
    Light,
    /// Milliseconds up to half a second: it does not belong among the tasks that answer requests.
    Heavy,
}

impl Weight {
    pub(super) async fn run<T: Send + 'static>(self, work: impl FnOnce() -> T + Send + 'static) -> ApiResult<T> {
        match self {
            Self::Light => Ok(work()),
            Self::Heavy => {
                tokio::task::spawn_blocking(work).await.map_err(|_| ApiError::internal("a wallet session panicked"))
            }
        }
    }
}
