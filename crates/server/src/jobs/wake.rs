//! Tells the worker that there is something to do.

use tokio::sync::Notify;

/// A bell beside the worker's bed. Ringing it while the worker is up makes it look once more.
#[derive(Default)]
pub struct Wake(Notify);

impl Wake {
    /// Wakes the worker, which then looks for due jobs. Call it after the commit that left one.
    pub fn wake(&self) {
        self.0.notify_one();
    }

    pub(super) async fn woken(&self) {
        self.0.notified().await;
    }
}
