//! Replays the corpora of `fuzz/`, and mutations of them, without libFuzzer.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by failing, also in its helpers"
)]

mod replay;
mod seeds;
