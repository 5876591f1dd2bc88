//! What time it is and how to wait, as a parameter: a browser waits differently, and a test does not
//! wait at all.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use keystead_crypto::provider::Platform;

/// The clock and the timer of the platform.
#[cfg_attr(not(target_family = "wasm"), async_trait)]
#[cfg_attr(target_family = "wasm", async_trait(?Send))]
pub trait Time: Platform {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    fn now(&self) -> i64;

    /// Returns after `duration`.
    async fn sleep(&self, duration: Duration);

    /// Lets other work of this thread run. In a browser, an implementation should let the page be drawn.
    async fn pause(&self) {
        Pause(false).await;
    }
}

/// Not ready the first time it is asked.
struct Pause(bool);

impl Future for Pause {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

/// The machine's clock and the timer of tokio.
#[cfg(not(target_family = "wasm"))]
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemTime;

#[cfg(not(target_family = "wasm"))]
#[async_trait]
impl Time for SystemTime {
    #[expect(clippy::disallowed_methods, reason = "the one place where the ambient clock enters")]
    fn now(&self) -> i64 {
        std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .ok()
            .and_then(|since| i64::try_from(since.as_millis()).ok())
            .unwrap_or_default()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    async fn pause(&self) {
        tokio::task::yield_now().await;
    }
}
