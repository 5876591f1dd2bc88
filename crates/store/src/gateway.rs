//! What the message gateway remembers: processes, requests for one-time codes, challenges, limits.

use async_trait::async_trait;

use crate::{EpochMs, Result};

/// A way to register or log in by a one-time code, as its operator configured it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// The spec it belongs to.
    pub spec: String,
    /// Its id within the spec.
    pub id: String,
    /// Its settings as JSON; the server knows the shape.
    pub settings: String,
}

/// A request for a one-time code that waits for its code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeRequest {
    /// Chosen by the client.
    pub id: String,
    /// The spec.
    pub spec: String,
    /// The process.
    pub process: String,
    /// HMAC of the normalised address: what counts live codes per address.
    pub address: Vec<u8>,
    /// HMAC of the code, bound to the request.
    pub code: Vec<u8>,
    /// What the user will be made from, sealed.
    pub payload: Vec<u8>,
    /// Wrong codes that are still forgiven.
    pub tries_left: u32,
    /// When the code ends.
    pub expires: EpochMs,
    /// Whether the code has been used.
    pub used: bool,
}

/// The answer of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limited {
    /// Go on.
    Allowed,
    /// Not before this many milliseconds have passed.
    RetryAfter(u64),
}

/// A limit in the manner of a leaky bucket (GCRA): `burst` at once, then one each `interval`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// How many at once.
    pub burst: u32,
    /// Milliseconds after which one more is allowed.
    pub interval: u64,
}

impl Limit {
    /// The pure step of the limit: from the theoretical arrival time kept for a key (if any) to the
    /// answer and the time to keep.
    pub fn step(&self, kept: Option<EpochMs>, now: EpochMs) -> (Limited, Option<EpochMs>) {
        let interval = i64::try_from(self.interval).unwrap_or(i64::MAX);
        let tolerance = interval.saturating_mul(i64::from(self.burst.saturating_sub(1)));
        let arrival = kept.unwrap_or(now).max(now);
        let early = arrival.saturating_sub(now).saturating_sub(tolerance);
        match u64::try_from(early) {
            Ok(wait) if wait > 0 => (Limited::RetryAfter(wait), None),
            _ => (Limited::Allowed, Some(arrival.saturating_add(interval))),
        }
    }
}

/// Reading the gateway's state.
#[async_trait]
pub trait ReadGateway {
    /// One process.
    async fn process(&mut self, spec: &str, id: &str) -> Result<Option<Process>>;

    /// Every process, by spec and id.
    async fn processes(&mut self) -> Result<Vec<Process>>;

    /// A request for a code, whatever its state.
    async fn code_request(&mut self, id: &str) -> Result<Option<CodeRequest>>;

    /// How many unused codes of `address` have not ended at `now`.
    async fn live_codes(&mut self, address: &[u8], now: EpochMs) -> Result<u32>;

    /// What [`WriteGateway::take`] would answer, without taking.
    async fn peek(&mut self, key: &str, limit: Limit, now: EpochMs) -> Result<Limited>;
}

/// Writing the gateway's state.
#[async_trait]
pub trait WriteGateway {
    /// Adds or replaces a process.
    async fn set_process(&mut self, process: &Process) -> Result<()>;

    /// Removes a process; whether there was one.
    async fn remove_process(&mut self, spec: &str, id: &str) -> Result<bool>;

    /// Adds a request for a code; false where its id was used before.
    async fn create_code_request(&mut self, request: &CodeRequest) -> Result<bool>;

    /// Counts a wrong code against a request; the tries left afterwards.
    async fn count_wrong_code(&mut self, id: &str) -> Result<u32>;

    /// Marks the code of a request as used; false where it was used already.
    async fn use_code(&mut self, id: &str) -> Result<bool>;

    /// Notes that a challenge was used; false where it was used before. Kept until `expires`.
    async fn use_challenge(&mut self, id: &str, expires: EpochMs) -> Result<bool>;

    /// Takes one from the limit kept under `key`. A refusal changes nothing.
    async fn take(&mut self, key: &str, limit: Limit, now: EpochMs) -> Result<Limited>;

    /// Forgets what was taken from the limit kept under `key`.
    async fn clear(&mut self, key: &str) -> Result<()>;

    /// Forgets what ended before `now`: requests, challenges, limits, sessions, secrets. One call does
    /// a bounded amount of work; true asks for another one, in a transaction of its own.
    async fn forget(&mut self, now: EpochMs) -> Result<bool>;
}
