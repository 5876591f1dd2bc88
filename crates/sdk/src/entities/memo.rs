//! What every new record needs and what rarely changes: remembered for a minute, so that making a record is one
//! request.

use std::collections::HashMap;

use parking_lot::Mutex;

use super::RecordError;
use crate::api::Core;
use crate::call::Call;
use crate::users::{SharedData, User};

/// How long something is remembered, in milliseconds. What another device changes is heeded after this.
const REMEMBERED: i64 = 60_000;

/// What is remembered in this session.
#[derive(Default)]
pub(crate) struct Memo {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    user: Option<(i64, User)>,
    /// The secret ids of patients.
    children: HashMap<String, (i64, Vec<String>)>,
}

impl Memo {
    /// Forgets everything: the keys or the user changed.
    pub(crate) fn forget(&self) {
        *self.state.lock() = State::default();
    }

    /// Whom the user shares new data of a kind with.
    pub(crate) async fn future_shares(&self, core: &Core, kind: SharedData) -> Result<Vec<String>, RecordError> {
        let now = core.parts.time.now();
        let known = self.state.lock().user.clone().filter(|(since, _)| is_fresh(*since, now));
        let user = match known {
            Some((_, user)) => user,
            None => {
                let user: User = core.caller.read(Call::get(&["user", "current"])).await?;
                self.state.lock().user = Some((now, user.clone()));
                user
            }
        };
        let lists = [user.shares_future_data(SharedData::All), user.shares_future_data(kind)];
        Ok(lists.concat().into_iter().map(str::to_owned).collect())
    }

    /// The secret ids that what belongs to a patient names.
    pub(crate) fn children_of(&self, core: &Core, patient: &str) -> Option<Vec<String>> {
        let now = core.parts.time.now();
        let state = self.state.lock();
        state.children.get(patient).filter(|(since, _)| is_fresh(*since, now)).map(|(_, ids)| ids.clone())
    }

    /// Remembers the secret ids of a patient.
    pub(crate) fn remember_children(&self, core: &Core, patient: &str, ids: &[String]) {
        let now = core.parts.time.now();
        self.state.lock().children.insert(patient.to_owned(), (now, ids.to_vec()));
    }
}

/// A clock that is set back makes nothing fresh for ever.
fn is_fresh(since: i64, now: i64) -> bool {
    (0..REMEMBERED).contains(&(now - since))
}
