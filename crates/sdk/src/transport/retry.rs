//! Sends again what is safe to send again, later and later, and as late as the server asks.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use keystead_crypto::random::Random;

use super::{Download, Handshake, Repeat, Request, Response, Transport, TransportError, Upload};
use crate::time::Time;

/// How often and how late to send again.
#[derive(Debug, Clone, Copy)]
pub struct RetryPolicy {
    /// Attempts in all; 1 never repeats.
    pub attempts: u32,
    /// The wait before the second attempt; doubles each time. Half of each wait is random.
    pub first_wait: Duration,
    /// The longest wait between two attempts. A server that asks for more gets its answer returned.
    pub longest_wait: Duration,
}

impl Default for RetryPolicy {
    /// Four attempts, from a quarter of a second to ten seconds apart.
    fn default() -> Self {
        Self { attempts: 4, first_wait: Duration::from_millis(250), longest_wait: Duration::from_secs(10) }
    }
}

/// A transport that repeats requests of another one.
///
/// | what happened | what is repeated |
/// |---|---|
/// | no connection, or 429 | everything: the request was not carried out |
/// | the connection broke, the answer is late, or 502, 503, 504 | what may be repeated freely |
/// | any other answer | nothing |
#[derive(Clone)]
pub struct Retrying {
    inner: Arc<dyn Transport>,
    time: Arc<dyn Time>,
    random: Arc<dyn Random>,
    policy: RetryPolicy,
}

impl Retrying {
    /// A transport that repeats requests of `inner` as `policy` says.
    pub fn new(inner: Arc<dyn Transport>, time: Arc<dyn Time>, random: Arc<dyn Random>, policy: RetryPolicy) -> Self {
        Self { inner, time, random, policy }
    }

    /// The wait before the attempt after `attempt`, which counts from 1.
    fn wait(&self, attempt: u32) -> Duration {
        let doubled = self.policy.first_wait.saturating_mul(1_u32.checked_shl(attempt - 1).unwrap_or(u32::MAX));
        let whole = doubled.min(self.policy.longest_wait);
        let mut byte = [0];
        self.random.fill(&mut byte);
        let [random] = byte;
        whole / 2 + (whole / 2).saturating_mul(u32::from(random)) / 255
    }
}

/// What to do about an outcome.
enum Verdict {
    Done,
    /// Send again; the server may have carried this attempt out.
    Perhaps,
    /// Send again; the server did not carry this attempt out.
    Surely(Option<Duration>),
}

fn judge(repeat: Repeat, outcome: &Result<Response, TransportError>) -> Verdict {
    match outcome {
        Err(TransportError::NotSent) => Verdict::Surely(None),
        Err(error) if error.retryable() && repeat == Repeat::Freely => Verdict::Perhaps,
        Ok(response) if response.status == 429 => Verdict::Surely(response.retry_after()),
        Ok(response) if matches!(response.status, 502..=504) && repeat == Repeat::Freely => Verdict::Perhaps,
        _ => Verdict::Done,
    }
}

#[cfg_attr(not(target_family = "wasm"), async_trait)]
#[cfg_attr(target_family = "wasm", async_trait(?Send))]
impl Transport for Retrying {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let mut repeated = false;
        let mut attempt = 1;
        loop {
            let mut outcome = self.inner.send(request.clone()).await;
            match &mut outcome {
                Ok(response) => response.repeated = repeated,
                // this attempt did not arrive, but an earlier one may have
                Err(error) if repeated && *error == TransportError::NotSent => *error = TransportError::Interrupted,
                Err(_) => {}
            }
            let asked = match judge(request.repeat, &outcome) {
                Verdict::Done => return outcome,
                Verdict::Perhaps => {
                    repeated = true;
                    outcome.as_ref().ok().and_then(Response::retry_after)
                }
                Verdict::Surely(asked) => asked,
            };
            if attempt >= self.policy.attempts || asked.is_some_and(|asked| asked > self.policy.longest_wait) {
                return outcome;
            }
            let wait = self.wait(attempt);
            self.time.sleep(asked.map_or(wait, |asked| asked.max(wait))).await;
            attempt += 1;
        }
    }

    /// Pieces are gone once they are sent: whoever has them decides whether to send them again.
    async fn upload(&self, request: Request, body: Upload) -> Result<Response, TransportError> {
        self.inner.upload(request, body).await
    }

    async fn download(&self, request: Request) -> Result<Download, TransportError> {
        self.inner.download(request).await
    }

    /// Whoever has a socket opens another when it breaks.
    async fn socket(&self, request: Request, protocol: &str) -> Result<Handshake, TransportError> {
        self.inner.socket(request, protocol).await
    }
}
