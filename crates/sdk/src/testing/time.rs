//! A clock that is moved by hand.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;

use crate::time::Time;

/// A clock that stands still until it is moved; who sleeps moves it. Clones share it.
#[derive(Debug, Clone)]
pub struct ManualTime {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    now: i64,
    slept: Vec<Duration>,
}

impl ManualTime {
    /// A clock at `now`, in milliseconds since 1970.
    pub fn at(now: i64) -> Self {
        Self { state: Arc::new(Mutex::new(State { now, slept: Vec::new() })) }
    }

    /// Moves the clock.
    pub fn advance(&self, duration: Duration) {
        let mut state = self.state.lock();
        state.now = state.now.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX));
    }

    /// How long was slept each time.
    pub fn slept(&self) -> Vec<Duration> {
        self.state.lock().slept.clone()
    }
}

#[cfg_attr(not(target_family = "wasm"), async_trait)]
#[cfg_attr(target_family = "wasm", async_trait(?Send))]
impl Time for ManualTime {
    fn now(&self) -> i64 {
        self.state.lock().now
    }

    async fn sleep(&self, duration: Duration) {
        self.advance(duration);
        self.state.lock().slept.push(duration);
        self.pause().await;
    }
}
