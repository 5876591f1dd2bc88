//! Bearers that were found valid a moment ago.
//!
//! A client sends the same bearer with every call. Verifying it and looking its session up costs as
//! much as reading a record, so the outcome is kept for a second. Whatever ends sessions in this
//! process calls [`Bearers::forget`] after its commit, so here they end at once; a session that
//! another process ends is noticed within that second.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;

use super::Claims;

/// How long an outcome is kept, in milliseconds.
const KEPT_MS: i64 = 1_000;
/// How many outcomes are kept.
const MOST: usize = 10_000;

/// What is known of bearers.
#[derive(Default)]
pub struct Bearers {
    state: RwLock<State>,
}

#[derive(Default)]
struct State {
    /// Counts how often everything was forgotten.
    epoch: u64,
    known: HashMap<String, (Arc<Claims>, i64)>,
}

impl Bearers {
    /// What `token` says, if it was found valid within the last second.
    pub(super) fn recall(&self, token: &str, now: i64) -> Option<Arc<Claims>> {
        let state = self.state.read();
        let (claims, found) = state.known.get(token)?;
        (*found..=found.saturating_add(KEPT_MS)).contains(&now).then(|| Arc::clone(claims))
    }

    /// To be read before a bearer is verified and given to [`Self::remember`] afterwards.
    pub(super) fn epoch(&self) -> u64 {
        self.state.read().epoch
    }

    /// Keeps that `token` was found valid, unless something was forgotten since `epoch`.
    pub(super) fn remember(&self, epoch: u64, token: &str, claims: &Arc<Claims>, now: i64) {
        let mut state = self.state.write();
        if state.epoch == epoch {
            if state.known.len() >= MOST {
                state.known.clear();
            }
            state.known.insert(token.to_owned(), (Arc::clone(claims), now));
        }
    }

    /// Forgets everything: to be called after the commit of whatever ends sessions.
    pub fn forget(&self) {
        let mut state = self.state.write();
        state.epoch = state.epoch.wrapping_add(1);
        state.known.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::TokenKind;

    fn claims() -> Arc<Claims> {
        Arc::new(Claims {
            kind: TokenKind::Bearer,
            session: "s".into(),
            group: "g".into(),
            user: "u".into(),
            data_owner: None,
            data_owner_type: None,
            parents: Vec::new(),
            roles: Vec::new(),
            level: 20,
            seconds: 60,
            once: None,
            exp: 0,
        })
    }

    #[test]
    fn an_outcome_is_kept_for_a_second_and_not_across_an_end() {
        let bearers = Bearers::default();
        bearers.remember(bearers.epoch(), "token", &claims(), 5_000);
        assert!(bearers.recall("token", 6_000).is_some());
        assert!(bearers.recall("other", 6_000).is_none());
        assert!(bearers.recall("token", 6_001).is_none(), "too old");
        assert!(bearers.recall("token", 4_999).is_none(), "the clock went back");
        let before = bearers.epoch();
        bearers.forget();
        assert!(bearers.recall("token", 5_000).is_none());
        bearers.remember(before, "token", &claims(), 5_000);
        assert!(bearers.recall("token", 5_000).is_none(), "found valid before the session ended");
    }
}
