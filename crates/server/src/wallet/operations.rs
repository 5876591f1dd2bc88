//! Create, back up, recover: what each starts from, and what is stored of it. Which pairs count says
//! [`keystead_model::wallet`].

use keystead_model::wallet::choose::backup_held;
use keystead_model::wallet::{Event, OperationKind, Step};
use keystead_mpc::{
    BackupHalf, NewWallet, SigningHalf, WalletHalves, back_up_wallet, create_wallet, recover_wallet, renew_wallet,
};
use serde_json::json;

use super::change::Missing;
use super::custodian;
use super::effects::now;
use super::failure::Failure;
use super::halves::{Made, damaged, new_halves};
use super::link::Link;
use super::running::{Running, Weight};
use super::socket::Stop;
use super::wish::Wish;

/// Runs anything that makes pairs to its end.
pub(super) async fn run(running: &Running<'_>, link: &mut Link, wish: &Wish, kind: OperationKind) -> Result<(), Stop> {
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
    let device = link.device();
    let record = running
        .take(missing, |record| {
            let through = record.state.operation().filter(|current| current.step != Step::Began);
            let ended = record.state.finished().map(|finished| finished.fence.operation);
            if through.map(|current| current.fence.operation) == Some(operation) || ended == Some(operation) {
                return Err(Failure::through());
            }
            if let (OperationKind::Backup { from, .. }, Some(active)) = (kind, record.state.active_signing())
                && active.pairs == from
            {
                record.require_device(active.generation, device)?;
            }
            Ok(Some(event.clone()))
        })
        .await?;
    let began = record.state.operation().filter(|current| current.fence.operation == operation && current.kind == kind);
    // the same id for something else
    let fence = began.ok_or_else(Failure::through)?.fence;
    let params = running.params(link, &record, fence.generation, nonce)?;
    let begun = json!({ "wallet": record.wallet, "generation": fence.generation });
    let heavy = Weight::Heavy;
    match kind {
        OperationKind::Create => {
            link.tell(&begun).await?;
            let session = heavy.run(move || create_wallet(&params)).await??;
            let (made, last) = running.drive(link, session, heavy).await?;
            // a backup is made when one is asked for: what came with the key is of no use
            let (signing, _) = split(made);
            let made = Made { signing: Some(new_halves(&signing)), backup: None };
            running.finish(fence, made, device).await?;
            link.done(last.as_deref(), fence.generation).await
        }
        OperationKind::Backup { from, .. } => {
            let source = record.state.active_signing().filter(|set| set.pairs == from).ok_or_else(damaged)?;
            let halves = running.open::<SigningHalf>(&record, source.generation, from).await?;
            running.uses(source.generation);
            link.tell(&begun).await?;
            let session = heavy.run(move || back_up_wallet(&params, by_reference(&halves))).await??;
            let (backup, last) = running.drive(link, session, heavy).await?;
            let made = Made { signing: None, backup: Some(new_halves(&backup)) };
            running.finish(fence, made, device).await?;
            link.done(last.as_deref(), fence.generation).await
        }
        OperationKind::Recover { from, rotate_backup } => {
            let source = backup_held(&record.state, from)?;
            let halves = custodian::halves_of(running.app, running.whose(), &record, source).await?;
            link.tell(&begun).await?;
            let (made, last) = if rotate_backup {
                let session = heavy.run(move || recover_wallet(&params, by_reference(&halves))).await??;
                let (made, last) = running.drive(link, session, heavy).await?;
                let (signing, backup) = split(made);
                (Made { signing: Some(new_halves(&signing)), backup: Some(new_halves(&backup)) }, last)
            } else {
                let session = heavy.run(move || renew_wallet(&params, by_reference(&halves))).await??;
                let (signing, last) = running.drive(link, session, heavy).await?;
                (Made { signing: Some(new_halves(&signing)), backup: None }, last)
            };
            running.finish(fence, made, device).await?;
            link.done(last.as_deref(), fence.generation).await
        }
        OperationKind::Eject { .. } => Err(Failure::protocol("no protocol takes the key out").into()),
    }
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
