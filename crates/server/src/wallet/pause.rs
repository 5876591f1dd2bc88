//! Where tests stop a server in order to kill it, only with the feature `testing`: the variable
//! `KEYSTEAD_PAUSE=recover/GENERATED/after` names the change of a wallet before or after whose commit nothing happens
//! any more.

use std::sync::LazyLock;

use keystead_model::wallet::{OperationKind, Outcome, Step, WalletState};
use serde_json::Value;

/// On which side of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    Before,
    After,
}

/// Says so and stops, if this is the change that the variable names.
pub(super) async fn at(before: &WalletState, after: &WalletState, moment: Moment) {
    static WANTED: LazyLock<Option<String>> = LazyLock::new(|| std::env::var("KEYSTEAD_PAUSE").ok());
    let Some(wanted) = &*WANTED else { return };
    let taken = taken(before, after).map(|(kind, step)| name(&kind, step, moment));
    if taken.as_ref() == Some(wanted) {
        tracing::warn!("paused at {wanted}");
        std::future::pending::<()>().await;
    }
}

/// The step that a change takes, and of which operation.
fn taken(before: &WalletState, after: &WalletState) -> Option<(OperationKind, Step)> {
    match (before.operation(), after.operation()) {
        (was, Some(is)) => {
            let goes_on = was.is_none_or(|was| was.fence != is.fence || was.step < is.step);
            goes_on.then_some((is.kind, is.step))
        }
        (Some(was), None) => {
            let committed = after.finished().filter(|finished| finished.outcome == Outcome::Committed);
            committed.filter(|finished| finished.fence == was.fence).map(|_| (was.kind, Step::Committed))
        }
        (None, None) => None,
    }
}

fn name(kind: &OperationKind, step: Step, moment: Moment) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let kind = serde_json::to_value(kind).unwrap_or_default();
    let step = serde_json::to_value(step).unwrap_or_default();
    let moment = if moment == Moment::Before { "before" } else { "after" };
    format!("{}/{}/{moment}", kind.get("kind").map(text).unwrap_or_default(), text(&step))
}
