//! How far long work is, and how to stop it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// How far long work is: `done` of `total` units, whatever a unit is for that work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Units that are done. Never goes down, and reaches `total` exactly when the work is done.
    pub done: u64,
    /// Units in all.
    pub total: u64,
}

#[cfg(not(target_family = "wasm"))]
type Callback = dyn Fn(Progress) + Send + Sync;
#[cfg(target_family = "wasm")]
type Callback = dyn Fn(Progress);

/// Who is told how far long work is, and a switch that stops it.
///
/// Clones share the switch: keep one, hand the other to the work. Dropping the future of the work
/// stops it too.
#[derive(Clone, Default)]
pub struct Monitor {
    callback: Option<Arc<Callback>>,
    cancelled: Arc<AtomicBool>,
}

impl Monitor {
    /// A monitor that calls nobody.
    pub fn new() -> Self {
        Self::default()
    }

    /// A monitor that calls `callback`, which must be quick.
    #[cfg(not(target_family = "wasm"))]
    pub fn calling(callback: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        Self { callback: Some(Arc::new(callback)), cancelled: Arc::default() }
    }

    /// A monitor that calls `callback`, which must be quick.
    #[cfg(target_family = "wasm")]
    pub fn calling(callback: impl Fn(Progress) + 'static) -> Self {
        Self { callback: Some(Arc::new(callback)), cancelled: Arc::default() }
    }

    /// Stops the work at its next step. It ends with an error that says so.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether the work should stop.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// Tells how far the work is.
    pub fn report(&self, done: u64, total: u64) {
        if let Some(callback) = &self.callback {
            callback(Progress { done, total });
        }
    }
}

impl fmt::Debug for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitor").field("cancelled", &self.is_cancelled()).finish_non_exhaustive()
    }
}
