//! What would come back if this device died now, and through whom (crypto 4.1).

mod gather;
mod scenario;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use keystead_crypto::key::KeyId;

use super::{KnownRecoveryKey, Recovery, RecoveryError};
use crate::data_owners::DataOwnerType;
use crate::entities::{CONTACT, DOCUMENT, HEALTH_ELEMENT, Kind, PATIENT, TASK};
use crate::progress::Monitor;
use gather::{Item, gather};
use scenario::{Giver, World};

/// A class of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum RecordClass {
    /// Patients.
    Patient,
    /// Contacts, which hold data samples.
    Contact,
    /// Healthcare elements.
    HealthcareElement,
    /// Documents of patients whom the user can read. The server finds no others.
    Document,
    /// Notifications.
    Notification,
}

impl RecordClass {
    /// Every class that is reported on, in the order of the report.
    pub const ALL: [Self; 5] =
        [Self::Patient, Self::Contact, Self::HealthcareElement, Self::Document, Self::Notification];

    pub(super) fn kind(self) -> Kind {
        match self {
            Self::Patient => PATIENT,
            Self::Contact => CONTACT,
            Self::HealthcareElement => HEALTH_ELEMENT,
            Self::Document => DOCUMENT,
            Self::Notification => TASK,
        }
    }
}

/// How many records something brings back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reach {
    /// If everybody holds the newest of the keys that they published.
    pub records: usize,
    /// If everybody holds all of the keys that they published.
    pub at_best: usize,
}

/// The records of one class.
#[derive(Clone, PartialEq, Eq)]
pub struct ClassReport {
    /// The class.
    pub class: RecordClass,
    /// How many the user can read now.
    pub readable: usize,
    /// How many of those come back: through recovery keys of the user, and people who give access back.
    pub recoverable: usize,
    /// Ids of records that come back only if somebody holds a key that may be lost: another own key, which is not
    /// on this device, or one of a person who published a newer one since.
    pub doubtful: Vec<String>,
    /// Ids of records that nothing and nobody brings back.
    pub at_risk: Vec<String>,
    /// Ids of records that are shared with nobody. With a recovery key they are not at risk.
    pub shared_with_nobody: Vec<String>,
    /// How many records the server gives to the user that no key on this device opens now.
    pub unreadable: usize,
}

/// Somebody who has a part in what the user reads.
#[derive(Clone, PartialEq, Eq)]
pub struct CounterpartReport {
    id: String,
    /// What kind of data owner; none if the server does not say.
    pub owner_type: Option<DataOwnerType>,
    /// What this one alone brings back, by giving access back to a new key.
    pub alone: Reach,
    /// The same by class, without classes of which nothing comes back.
    pub by_class: BTreeMap<RecordClass, Reach>,
}

impl CounterpartReport {
    /// The data owner id.
    pub fn id(&self) -> &str {
        &self.id
    }
}

/// A recovery key that was made or used on this device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KitReport {
    /// Which one.
    pub known: KnownRecoveryKey,
    /// How many records it alone brings back.
    pub records: usize,
}

/// An own key that is published and not on this device: perhaps on another one, perhaps lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherKeyReport {
    /// The key.
    pub key: KeyId,
    /// How many records it alone brings back, with the transfer keys that it opens.
    pub records: usize,
}

/// What would come back if this device died now.
///
/// Counted as if all keys of this device were lost, a new one were made, and every counterpart gave access back to
/// it. The premises are those that nobody can check from here: that people hold the newest key they published and
/// are willing, and that whoever printed a recovery key still has the paper. Recovery keys count that were made or
/// used on this device and that the server still has. Whoever is named in what they share calls
/// [`Recovery::find_again`] after access was given back. What belongs to parents in a hierarchy, and records in the format of before 2023, are not counted.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoverabilityReport {
    /// By class, each of [`RecordClass::ALL`].
    pub classes: Vec<ClassReport>,
    /// Who can give access back, most useful first.
    pub counterparts: Vec<CounterpartReport>,
    /// Recovery keys.
    pub recovery_keys: Vec<KitReport>,
    /// Own keys that are not on this device.
    pub other_keys: Vec<OtherKeyReport>,
}

impl RecoverabilityReport {
    /// How many records the user can read now.
    pub fn readable(&self) -> usize {
        self.classes.iter().map(|class| class.readable).sum()
    }

    /// How many of those come back.
    pub fn recoverable(&self) -> usize {
        self.classes.iter().map(|class| class.recoverable).sum()
    }

    /// How many come back only if somebody holds a key that may be lost.
    pub fn doubtful(&self) -> usize {
        self.classes.iter().map(|class| class.doubtful.len()).sum()
    }

    /// How many are lost.
    pub fn at_risk(&self) -> usize {
        self.classes.iter().map(|class| class.at_risk.len()).sum()
    }

    /// The report on one class.
    pub fn class(&self, class: RecordClass) -> Option<&ClassReport> {
        self.classes.iter().find(|report| report.class == class)
    }
}

/// Without ids.
macro_rules! debug_without_ids {
    ($name:ident { $($shown:ident = $value:expr),* $(,)? }) => {
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let report = self;
                f.debug_struct(stringify!($name))$(.field(stringify!($shown), &$value(report)))*.finish_non_exhaustive()
            }
        }
    };
}

debug_without_ids!(ClassReport {
    class = |report: &ClassReport| report.class,
    readable = |report: &ClassReport| report.readable,
    recoverable = |report: &ClassReport| report.recoverable,
    doubtful = |report: &ClassReport| report.doubtful.len(),
    at_risk = |report: &ClassReport| report.at_risk.len(),
});
debug_without_ids!(CounterpartReport {
    owner_type = |report: &CounterpartReport| report.owner_type,
    alone = |report: &CounterpartReport| report.alone,
});
debug_without_ids!(RecoverabilityReport {
    classes = |report: &RecoverabilityReport| report.classes.clone(),
    counterparts = |report: &RecoverabilityReport| report.counterparts.clone(),
});

impl Recovery {
    /// What would come back if this device died now, through whom, and what is shared with nobody. Reads every
    /// record that the user can reach; a unit of progress is a record, an exchange data or a counterpart.
    ///
    /// # Errors
    /// [`RecoveryError::Stopped`]: the monitor stopped it.
    pub async fn report(&self, monitor: &Monitor) -> Result<RecoverabilityReport, RecoveryError> {
        let kits = self.list().await?;
        let (world, items) = gather(self, monitor).await?;
        Ok(report(&world, &items, kits))
    }
}

fn report(world: &World, items: &[Item], kits: Vec<KnownRecoveryKey>) -> RecoverabilityReport {
    let nobody = |_: &Giver<'_>| false;
    let known: BTreeSet<KeyId> = kits.iter().flat_map(|kit| kit.keys.iter().copied()).collect();
    let elsewhere: BTreeSet<KeyId> = world.elsewhere().collect();
    let likely = world.open_after(known.clone(), |giver| giver.holds_newest);
    let best = world.open_after(known.union(&elsewhere).copied().collect(), |giver| giver.holds_any);

    let comes_back = |item: &&Item, open: &BTreeSet<String>| item.ways.iter().any(|way| open.contains(way));
    let count = |open: &BTreeSet<String>| items.iter().filter(|item| comes_back(item, open)).count();
    let classes = RecordClass::ALL.map(|class| {
        let of_class: Vec<&Item> = items.iter().filter(|item| item.class == class).collect();
        let readable = || of_class.iter().filter(|item| !item.ways.is_empty());
        let ids =
            |keep: &dyn Fn(&Item) -> bool| readable().filter(|item| keep(item)).map(|item| item.id.clone()).collect();
        ClassReport {
            class,
            readable: readable().count(),
            recoverable: readable().filter(|item| comes_back(item, &likely)).count(),
            doubtful: ids(&|item| !comes_back(&item, &likely) && comes_back(&item, &best)),
            at_risk: ids(&|item| !comes_back(&item, &best)),
            shared_with_nobody: ids(&|item| !item.ways.iter().any(|way| world.is_shared(way))),
            unreadable: of_class.len() - readable().count(),
        }
    });
    let mut counterparts: Vec<CounterpartReport> = world
        .counterparts()
        .map(|(id, owner_type)| {
            let open = world.open_after(BTreeSet::new(), |giver| giver.id == id && giver.holds_newest);
            let at_best = world.open_after(BTreeSet::new(), |giver| giver.id == id && giver.holds_any);
            let reach = |class: Option<RecordClass>| {
                let of_class = || items.iter().filter(|item| class.is_none_or(|class| class == item.class));
                Reach {
                    records: of_class().filter(|item| comes_back(item, &open)).count(),
                    at_best: of_class().filter(|item| comes_back(item, &at_best)).count(),
                }
            };
            let by_class = RecordClass::ALL.into_iter().map(|class| (class, reach(Some(class))));
            CounterpartReport {
                id: id.to_owned(),
                owner_type,
                alone: reach(None),
                by_class: by_class.filter(|(_, reach)| reach.at_best > 0).collect(),
            }
        })
        .collect();
    counterparts
        .sort_by(|a, b| (b.alone.records, b.alone.at_best, &a.id).cmp(&(a.alone.records, a.alone.at_best, &b.id)));
    let recovery_keys = kits
        .into_iter()
        .map(|known| KitReport { records: count(&world.open_after(known.keys.clone(), nobody)), known });
    let other_keys = elsewhere
        .into_iter()
        .map(|key| OtherKeyReport { key, records: count(&world.open_after(BTreeSet::from([key]), nobody)) });
    RecoverabilityReport {
        classes: classes.into(),
        counterparts,
        recovery_keys: recovery_keys.collect(),
        other_keys: other_keys.collect(),
    }
}
