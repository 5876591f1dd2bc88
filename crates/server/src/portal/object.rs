//! A client as it is told (portal 1.1): who it is, whose, and its wallets.

use serde_json::{Value, json};

use super::environment::Environment;
use super::view::{Facts, iso};
use crate::wallet::access::Known;

/// What is known of a client besides its wallet.
pub(super) struct Of<'a> {
    pub(super) environment: &'a Environment,
    pub(super) id: &'a str,
    /// Of a data owner it is not known.
    pub(super) created: Option<i64>,
    pub(super) is_account_abstracted: bool,
}

/// The facts that wallets are shown by.
pub(super) fn facts(known: &Known) -> Facts<'_> {
    Facts {
        id: &known.wallet,
        created: known.created,
        state: &known.state,
        keys: known.keys.as_ref(),
        made: &known.made,
    }
}

/// The client object of version 3.
pub(super) fn client(of: &Of<'_>, wallet: Option<&Known>) -> Value {
    let Of { environment, id, created, is_account_abstracted } = of;
    let facts = wallet.map(facts);
    let created = created.or(wallet.map(|wallet| wallet.created));
    let ejected = wallet.and_then(|wallet| wallet.state.ejected_at());
    json!({
        "id": id,
        "createdAt": created.map(iso),
        "custodian": environment.custodian,
        "environment": {
            "id": environment.id,
            "name": environment.name,
            "backupWithPortalEnabled": environment.backup_with_portal_enabled,
        },
        "ejectedAt": ejected.map(|at| iso(super::view::signed(at))),
        "isAccountAbstracted": is_account_abstracted,
        "metadata": {"namespaces": facts.as_ref().map_or_else(|| json!({}), Facts::namespaces)},
        "wallets": facts.as_ref().map(Facts::wallets).unwrap_or_default(),
    })
}

/// The client object of version 1. The key is told once, when it is made: only its digest is kept.
pub(super) fn client_v1(id: &str, is_account_abstracted: bool, wallet: Option<&Known>) -> Value {
    json!({
        "id": id,
        "address": wallet.and_then(|wallet| facts(wallet).address()),
        "clientApiKey": null,
        "isAccountAbstracted": is_account_abstracted,
    })
}

/// An entry of the list of version 1.
pub(super) fn listed_v1(id: &str, wallet: Option<&Known>) -> Value {
    let facts = wallet.map(facts);
    json!({
        "id": id,
        "address": facts.as_ref().and_then(Facts::address),
        "backupStatus": facts.as_ref().and_then(Facts::newest_backup),
        "clientApiKey": null,
        "signingStatus": facts.as_ref().and_then(Facts::newest_signing),
    })
}
