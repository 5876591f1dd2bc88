//! Giving out halves of a backup while the custodian lets a client take its key out. Every time is written down.

use keystead_model::wallet::{BackupMethod, Curve};
use serde_json::{Value, json};

use super::cipher_texts;
use super::environment::environment_of;
use super::error::{PortalResult, Refusal};
use super::object::facts;
use crate::app::App;
use crate::audit::{self, Action};
use crate::wallet::access;
use crate::wallet::release::{self, Released};

/// The custodian's half on the curve of a wallet.
pub(super) async fn custodians(
    app: &App,
    (group, owner): (&str, &str),
    wallet: &str,
    method: Option<BackupMethod>,
    actor: &str,
) -> PortalResult<Released> {
    let curve = curve_of(app, (group, owner), wallet).await?;
    let released = release::release(app, (group, owner), curve, method).await?;
    let mut tx = app.store.write().await?;
    audit::note(app, &mut *tx, group, actor, Action::HalfReleased, owner).await?;
    tx.commit().await?;
    Ok(released)
}

/// Both halves, where the client's cipher texts are kept here.
pub(super) async fn both(app: &App, whose: (&str, &str), wallet: &str, actor: &str) -> PortalResult<Value> {
    if !environment_of(&mut *app.store.look().await?, whose.0).await?.backup_with_portal_enabled {
        return Err(Refusal::state("the application keeps the cipher texts of this environment"));
    }
    let released = custodians(app, whose, wallet, None, actor).await?;
    let cipher_text = cipher_texts::find(&mut *app.store.look().await?, whose, released.pair).await?;
    Ok(json!({"encryptedClientBackupShare": cipher_text, "custodianBackupShare": released.share.as_str()}))
}

async fn curve_of(app: &App, (group, owner): (&str, &str), wallet: &str) -> PortalResult<Curve> {
    let known = access::find(&mut *app.store.look().await?, group, owner).await?;
    let curve = known.and_then(|known| facts(&known).curve_of(wallet));
    curve.ok_or_else(|| Refusal::not_found("wallet"))
}
