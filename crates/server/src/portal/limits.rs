//! How many calls a minute a custodian and a client may make (portal 2). Counted by each node for itself: a write to
//! the store for every read would cost more than it keeps away.

use std::collections::HashMap;

use keystead_store::gateway::{Limit, Limited};
use parking_lot::Mutex;

use crate::error::{ApiError, ApiResult};

/// How many callers are remembered before those that are not limited any more are forgotten.
const MOST: usize = 10_000;

/// What was counted of late.
#[derive(Default)]
pub struct Limits(Mutex<HashMap<String, i64>>);

impl Limits {
    /// Takes one of `per_minute` calls of `caller`.
    ///
    /// # Errors
    /// 429 where there is none left.
    pub(super) fn take(&self, caller: String, per_minute: u32, now: i64) -> ApiResult<()> {
        let limit = Limit { burst: per_minute, interval: 60_000 / u64::from(per_minute.max(1)) };
        let mut arrivals = self.0.lock();
        match limit.step(arrivals.get(&caller).copied(), now) {
            (Limited::RetryAfter(wait), _) => Err(ApiError::too_many("too many calls a minute: wait", wait)),
            (Limited::Allowed, arrival) => {
                if arrivals.len() >= MOST {
                    arrivals.retain(|_, arrival| *arrival > now);
                }
                if let Some(arrival) = arrival {
                    arrivals.insert(caller, arrival);
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_are_counted_apart_and_served_again_after_a_while() {
        let limits = Limits::default();
        for _ in 0..200 {
            limits.take("a".into(), 200, 1_000).unwrap();
        }
        let refused = limits.take("a".into(), 200, 1_000).unwrap_err();
        assert_eq!(refused.code.status(), 429);
        assert_eq!(refused.retry_after, Some(1));
        limits.take("b".into(), 200, 1_000).unwrap();
        limits.take("a".into(), 200, 1_300).unwrap();
        assert!(limits.take("a".into(), 200, 1_300).is_err());
    }

    #[test]
    fn those_who_are_not_limited_any_more_are_forgotten() {
        let limits = Limits::default();
        for caller in 0..MOST {
            limits.take(caller.to_string(), 200, 0).unwrap();
        }
        limits.take("late".into(), 200, 1_000_000).unwrap();
        assert_eq!(limits.0.lock().len(), 1);
    }
}
