//! Which revisions were seen, so that a server cannot give an older version of a record as the current one.
//!
//! An older version is authentic: it was sealed by somebody who may. Only who saw a newer one can tell. What was seen
//! is remembered for the session.

use std::collections::HashMap;

use keystead_model::Object;
use parking_lot::Mutex;

use super::RecordError;
use crate::document::text;

/// Records that are remembered; the first ones are forgotten when there are more.
const MOST: usize = 100_000;

/// What was seen in this session.
#[derive(Default)]
pub(crate) struct Seen {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// How many answers were noted.
    now: u64,
    /// By id: the highest revision, and the answer that it came with.
    newest: HashMap<String, (u64, u64)>,
}

/// A moment before a request was sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Before(u64);

impl Seen {
    /// To be called before a request is sent: an answer may cross one to a later request.
    pub(crate) fn before(&self) -> Before {
        Before(self.state.lock().now)
    }

    /// Notes the revisions of an answer.
    ///
    /// # Errors
    /// [`RecordError::RolledBack`]: one is older than one that was seen before the request was sent.
    pub(crate) fn note<'a>(
        &self,
        before: Before,
        bodies: impl IntoIterator<Item = &'a Object>,
    ) -> Result<(), RecordError> {
        let mut state = self.state.lock();
        state.now += 1;
        let now = state.now;
        if state.newest.len() >= MOST {
            state.newest.clear();
        }
        for body in bodies {
            let Some((id, revision)) = text(body, "id").zip(text(body, "rev").and_then(counter)) else { continue };
            match state.newest.get_mut(id) {
                Some((newest, learned)) if revision < *newest => {
                    if *learned <= before.0 {
                        return Err(RecordError::RolledBack);
                    }
                }
                Some((newest, _)) if revision == *newest => {}
                Some(known) => *known = (revision, now),
                None => {
                    state.newest.insert(id.to_owned(), (revision, now));
                }
            }
        }
        Ok(())
    }
}

/// How often a document was written: revisions begin with it (wire 1.4). Other servers' may not, and are not
/// compared.
fn counter(rev: &str) -> Option<u64> {
    rev.split_once('-')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn body(rev: &str) -> Object {
        json!({ "id": "a", "rev": rev }).as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn older_than_seen_is_refused() {
        let seen = Seen::default();
        seen.note(seen.before(), [&body("1-x")]).unwrap();
        seen.note(seen.before(), [&body("3-y")]).unwrap();
        seen.note(seen.before(), [&body("3-y"), &body("4-z")]).unwrap();
        assert!(matches!(seen.note(seen.before(), [&body("3-y")]), Err(RecordError::RolledBack)));
        seen.note(seen.before(), [&body("opaque")]).unwrap();
    }

    #[test]
    fn answers_may_cross() {
        let seen = Seen::default();
        let before = seen.before();
        seen.note(seen.before(), [&body("2-x")]).unwrap();
        seen.note(before, [&body("1-x")]).unwrap();
    }
}
