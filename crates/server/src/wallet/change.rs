//! One change of a wallet: one transaction, begun again where somebody else was faster.

use keystead_model::wallet::{Effect, Event};

use super::effects::{Applying, By};
use super::failure::Failure;
use super::halves::Made;
use super::record::{Record, load, save};
use crate::app::App;
use crate::error::ApiError;

/// How often a change is begun again.
const ATTEMPTS: usize = 5;

/// What a change does when there is no wallet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    Refuse,
    Make,
}

/// Whose wallet is changed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Whose<'a> {
    pub(super) group: &'a str,
    pub(super) owner: &'a str,
}

/// Changes a wallet: `decide` looks at it, may take or release it, and says what happened. Gives the wallet as it is
/// then.
pub(super) async fn change(
    app: &App,
    whose: Whose<'_>,
    missing: Missing,
    decide: impl FnMut(&mut Record) -> Result<Option<Event>, Failure>,
) -> Result<Record, Failure> {
    change_with(app, whose, missing, &Made::default(), decide).await
}

/// The same at the end of a protocol, with what was made.
pub(super) async fn change_with(
    app: &App,
    whose: Whose<'_>,
    missing: Missing,
    made: &Made,
    decide: impl FnMut(&mut Record) -> Result<Option<Event>, Failure>,
) -> Result<Record, Failure> {
    Ok(transact(app, whose, (missing, By::Request), made, decide).await?.0)
}

/// Lets events happen that the worker knows of. Gives the wallet as it is then, and what is to be done about it over the
/// network.
pub(super) async fn change_by_worker(
    app: &App,
    whose: Whose<'_>,
    event: Event,
) -> Result<(Record, Vec<Effect>), Failure> {
    let decide = |_: &mut Record| Ok(Some(event.clone()));
    transact(app, whose, (Missing::Refuse, By::Worker), &Made::default(), decide).await
}

async fn transact(
    app: &App,
    Whose { group, owner }: Whose<'_>,
    (missing, by): (Missing, By),
    made: &Made,
    mut decide: impl FnMut(&mut Record) -> Result<Option<Event>, Failure>,
) -> Result<(Record, Vec<Effect>), Failure> {
    for _ in 0..ATTEMPTS {
        let mut tx = app.store.write().await.map_err(ApiError::from)?;
        let (before, mut record) = match load(&mut *tx, group, owner).await? {
            Some((document, record)) => (Some(document), record),
            None if missing == Missing::Make => (None, Record::new(app, owner)),
            None => return Err(Failure::no_wallet()),
        };
        let unchanged = record.clone();
        record.outlive(app);
        let mut left = Vec::new();
        if let Some(event) = decide(&mut record)? {
            let record = &mut record;
            let mut applying = Applying { app, tx: &mut *tx, group, owner, record, made, by, left };
            applying.event(event).await?;
            left = applying.left;
        }
        // what was said before needs no transaction
        if before.is_some() && record == unchanged {
            return Ok((record, left));
        }
        if save(app, &mut *tx, group, before.as_ref(), &mut record).await? {
            #[cfg(feature = "testing")]
            super::pause::at(&unchanged.state, &record.state, super::pause::Moment::Before).await;
            tx.commit().await.map_err(ApiError::from)?;
            #[cfg(feature = "testing")]
            super::pause::at(&unchanged.state, &record.state, super::pause::Moment::After).await;
            app.jobs.wake();
            return Ok((record, left));
        }
    }
    Err(Failure::busy())
}
