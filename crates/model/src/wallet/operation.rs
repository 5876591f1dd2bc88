//! What is done to a wallet, and the steps that survive a crash in between (wallet 5.1, 5.3).

use serde::{Deserialize, Serialize};

use super::id::{Fence, Millis, PairIds};
use super::status::BackupMethod;

/// What an operation does, and which pairs it starts from (portal 1.4, 1.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "kind")]
pub enum OperationKind {
    /// The first signing pair.
    Create,
    /// A backup pair from the signing pair.
    Backup {
        /// How the user will open it.
        method: BackupMethod,
        /// The signing pairs of which the client holds the halves.
        from: PairIds,
    },
    /// A new signing pair from a backup pair.
    Recover {
        /// The backup pairs that the client's cipher text names.
        from: PairIds,
        /// Whether a new backup pair for the same method is made too, and the old one retired: what the
        /// tutorial does. Newer Portal SDKs leave the backup pair alone.
        rotate_backup: bool,
    },
    /// The whole key goes to its owner.
    Eject {
        /// The backup pairs that the client's cipher text names.
        from: PairIds,
    },
}

/// How far an operation is. Each step is one committed transaction of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Step {
    /// It has an id and a generation; nobody else may change the wallet.
    Began,
    /// The protocol is through: the server's signing half and the custodian half are kept, sealed and
    /// pending. Persisted before the server's last message of the protocol.
    Generated,
    /// The client keeps its new signing half.
    SigningConfirmed,
    /// The app keeps the new cipher text. From here on the client is not needed any more.
    CipherTextStored,
    /// The custodian is being given its new half; whether it has it is not known.
    Pushing,
    /// The custodian says that it has it; not seen again yet.
    Pushed,
    /// The custodian half was given to the owner (eject).
    Released,
    /// Through: the new pairs are in force and the old ones are not, in one transaction.
    Committed,
}

impl OperationKind {
    /// Every step of this operation, in order. The lifecycle advances along this list, so that it cannot
    /// differ from what happens.
    pub const fn steps(&self) -> &'static [Step] {
        match self {
            Self::Create | Self::Recover { rotate_backup: false, .. } => {
                &[Step::Began, Step::Generated, Step::Committed]
            }
            Self::Backup { .. } => {
                &[Step::Began, Step::Generated, Step::CipherTextStored, Step::Pushing, Step::Pushed, Step::Committed]
            }
            Self::Recover { rotate_backup: true, .. } => &[
                Step::Began,
                Step::Generated,
                Step::SigningConfirmed,
                Step::CipherTextStored,
                Step::Pushing,
                Step::Pushed,
                Step::Committed,
            ],
            Self::Eject { .. } => &[Step::Began, Step::Released, Step::Committed],
        }
    }

    /// Whether it makes signing pairs.
    pub const fn makes_signing(&self) -> bool {
        matches!(self, Self::Create | Self::Recover { .. })
    }

    /// Whether it makes backup pairs.
    pub const fn makes_backup(&self) -> bool {
        matches!(self, Self::Backup { .. } | Self::Recover { rotate_backup: true, .. })
    }

    /// The step after one; `None` when there is none, or when this operation has no such step.
    pub fn step_after(&self, step: Step) -> Option<Step> {
        let mut steps = self.steps().iter().copied();
        steps.find(|other| *other == step)?;
        steps.next()
    }
}

/// The operation under way. There is at most one for a wallet (portal 4.3).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Operation {
    /// Which try, and the generation that it makes.
    pub fence: Fence,
    /// What it does.
    pub kind: OperationKind,
    /// How far it is.
    pub step: Step,
    /// When it began.
    pub began: Millis,
}

/// How an operation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// Its pairs are in force.
    Committed,
    /// What was in force still is.
    Abandoned,
}

/// The last operation that ended, so that a client that missed the answer learns it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finished {
    /// Which one.
    pub fence: Fence,
    /// How it ended.
    pub outcome: Outcome,
}

/// Who keeps something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Place {
    /// Our database.
    Server,
    /// The storage of the device.
    Client,
    /// Where the backup method keeps the key of the cipher text.
    KeyStore,
    /// The app's back end, with one cipher text for each client.
    App,
    /// The custodian behind the webhooks.
    Custodian,
}

/// Something that an operation makes durable somewhere. A crash just before and just after each of these
/// is what the kill tests play.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PersistedStep {
    /// Who keeps it.
    pub place: Place,
    /// The server's step, or the one during which it happens elsewhere.
    pub step: Step,
    /// What is kept, in a few words.
    pub what: &'static str,
}

/// Everything that an operation makes durable, in order: the server's steps from
/// [`OperationKind::steps`], each followed by what it lets the others do.
pub fn persisted_steps(kind: &OperationKind) -> Vec<PersistedStep> {
    let mut persisted = vec![PersistedStep { place: Place::Client, step: Step::Began, what: "the operation's id" }];
    for step in kind.steps().iter().copied() {
        let what = match step {
            Step::Began => "the operation",
            Step::Generated => "new halves, sealed and pending",
            Step::SigningConfirmed => "the client keeps its signing half",
            Step::CipherTextStored => "the app keeps the cipher text",
            Step::Pushing => "the custodian is being given its half",
            Step::Pushed => "the custodian took its half",
            Step::Released => "the custodian half went to the owner",
            Step::Committed if matches!(kind, OperationKind::Eject { .. }) => "the owner has the key",
            Step::Committed => "new pairs in force, old ones retired",
        };
        persisted.push(PersistedStep { place: Place::Server, step, what });
        persisted.extend(elsewhere(kind, step).iter().map(|(place, what)| PersistedStep { place: *place, step, what }));
    }
    persisted
}

/// What others make durable while the server is at a step.
fn elsewhere(kind: &OperationKind, step: Step) -> &'static [(Place, &'static str)] {
    const KEY: (Place, &str) = (Place::KeyStore, "the new key, next to the old one");
    const CIPHER_TEXT: (Place, &str) = (Place::App, "the new cipher text");
    match (step, kind) {
        (Step::Generated, OperationKind::Backup { .. }) => &[(Place::Client, "the new cipher text"), KEY, CIPHER_TEXT],
        (Step::Generated, _) => &[(Place::Client, "the new halves, pending")],
        (Step::SigningConfirmed, _) => &[KEY, CIPHER_TEXT],
        // the server hears of it once the application has them: whatever breaks off before, they are given again
        (Step::Released, _) => &[(Place::Client, "that the keys came out"), (Place::App, "the whole keys")],
        (Step::Pushing, _) => &[(Place::Custodian, "the new half")],
        (Step::Committed, OperationKind::Eject { .. }) => &[],
        (Step::Committed, OperationKind::Backup { .. }) => {
            &[(Place::Client, "the old cipher text forgotten"), (Place::KeyStore, "old keys deleted")]
        }
        (Step::Committed, OperationKind::Recover { rotate_backup: true, .. }) => {
            &[(Place::Client, "old halves deleted"), (Place::KeyStore, "old keys deleted")]
        }
        (Step::Committed, _) => &[(Place::Client, "old halves deleted")],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wallet::id::{PairId, PerCurve};

    const PAIRS: PairIds = PerCurve { secp256k1: PairId([1; 16]), ed25519: PairId([2; 16]) };

    fn kinds() -> [OperationKind; 5] {
        [
            OperationKind::Create,
            OperationKind::Backup { method: BackupMethod::Password, from: PAIRS },
            OperationKind::Recover { from: PAIRS, rotate_backup: true },
            OperationKind::Recover { from: PAIRS, rotate_backup: false },
            OperationKind::Eject { from: PAIRS },
        ]
    }

    #[test]
    fn every_operation_goes_from_its_beginning_to_its_commit() {
        for kind in kinds() {
            assert_eq!(kind.steps().first(), Some(&Step::Began));
            assert_eq!(kind.steps().last(), Some(&Step::Committed));
            assert_eq!(kind.step_after(Step::Committed), None);
            assert!(kind.steps().is_sorted(), "{kind:?}");
        }
    }

    #[test]
    fn the_persisted_steps_contain_every_step_of_the_server() {
        for kind in kinds() {
            let server: Vec<Step> = persisted_steps(&kind)
                .iter()
                .filter(|step| step.place == Place::Server)
                .map(|step| step.step)
                .collect();
            assert_eq!(server, kind.steps());
        }
    }

    #[test]
    fn what_a_custodian_and_an_app_get_lies_between_the_confirmations_and_the_commit() {
        let places: Vec<Place> = persisted_steps(&OperationKind::Recover { from: PAIRS, rotate_backup: true })
            .iter()
            .map(|s| s.place)
            .collect();
        let at = |place| places.iter().position(|other| *other == place).unwrap();
        assert!(at(Place::KeyStore) < at(Place::App));
        assert!(at(Place::App) < at(Place::Custodian));
    }

    #[test]
    fn kinds_survive_json() {
        for kind in kinds() {
            let text = serde_json::to_string(&kind).unwrap();
            assert_eq!(serde_json::from_str::<OperationKind>(&text).unwrap(), kind, "{text}");
        }
    }
}
