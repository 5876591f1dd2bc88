//! The proof of work: numbers found by trying, which the server checks with one hash each (wire 2.2).

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::CaptchaError;
use crate::progress::Monitor;
use crate::time::Time;

/// The most hashes that are expected to be tried, some minutes of work.
const MOST_WORK: u64 = 1 << 31;
/// The most salts, as servers accept.
const MOST_SALTS: usize = 64;
/// Hashes between two pauses: about a millisecond.
const STRIDE: u64 = 2048;
/// Units of progress per salt.
const UNITS: u32 = 1000;

/// What a server asks to be done.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Challenge {
    /// The challenge, to be given back with the solution. Can be used once, within minutes.
    pub id: String,
    /// One number is to be found for each.
    pub salts: Vec<String>,
    /// How many numbers have to be tried for one salt, on average.
    pub difficulty_factor: u32,
}

/// Finds the number for each salt of a challenge of the spec `spec`.
///
/// Pauses often, so that it neither blocks the thread nor the page; reports to `monitor` and stops when
/// that says so. The progress is an estimate, as luck decides, but never goes down.
///
/// # Errors
/// [`CaptchaError::TooHard`], [`CaptchaError::Cancelled`].
pub async fn solve(
    challenge: &Challenge,
    spec: &str,
    time: &dyn Time,
    monitor: &Monitor,
) -> Result<Vec<String>, CaptchaError> {
    let difficulty = u64::from(challenge.difficulty_factor.max(1));
    let salts = u64::try_from(challenge.salts.len()).unwrap_or(u64::MAX);
    if challenge.salts.len() > MOST_SALTS || difficulty.saturating_mul(salts) > MOST_WORK {
        return Err(CaptchaError::TooHard);
    }
    let least = u128::MAX - u128::MAX / u128::from(difficulty);
    let total = salts * u64::from(UNITS);
    let mut nonces = Vec::with_capacity(challenge.salts.len());
    let mut done = 0;
    monitor.report(0, total);
    for salt in &challenge.salts {
        let prefix = Sha256::new().chain_update(salt).chain_update(spec).finalize();
        let prefix = Sha256::new().chain_update(prefix);
        let mut nonce: u64 = 1;
        while score(&prefix, nonce) < least {
            if nonce.is_multiple_of(STRIDE) {
                if monitor.is_cancelled() {
                    return Err(CaptchaError::Cancelled);
                }
                monitor.report(done + within(nonce, difficulty), total);
                time.pause().await;
            }
            nonce += 1;
        }
        nonces.push(nonce.to_string());
        done += u64::from(UNITS);
        monitor.report(done, total);
        if monitor.is_cancelled() {
            return Err(CaptchaError::Cancelled);
        }
        time.pause().await;
    }
    Ok(nonces)
}

/// How likely a salt would have been solved by now, in units below [`UNITS`].
fn within(tried: u64, difficulty: u64) -> u64 {
    let expected = tried as f64 / difficulty as f64;
    ((1.0 - (-expected).exp()) * f64::from(UNITS - 1)) as u64
}

fn score(prefix: &Sha256, nonce: u64) -> u128 {
    let hash = prefix.clone().chain_update(nonce.to_string()).finalize();
    hash.first_chunk().map_or(0, |first| u128::from_be_bytes(*first))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::progress::Progress;
    use crate::time::SystemTime;

    fn challenge(salts: &[&str], difficulty_factor: u32) -> Challenge {
        let salts = salts.iter().map(|&salt| salt.to_owned()).collect();
        Challenge { id: "c".into(), salts, difficulty_factor }
    }

    /// The vectors of the server, made with Python's hashlib.
    #[tokio::test]
    async fn agrees_with_independent_vectors() {
        let monitor = Monitor::new();
        let dev = challenge(&["salt-0", "salt-1", "salt-2", "é"], 200);
        assert_eq!(solve(&dev, "dev", &SystemTime, &monitor).await.unwrap(), ["158", "353", "26", "267"]);
        let prod = challenge(&["salt-0", "salt-1"], 200);
        assert_eq!(solve(&prod, "prod", &SystemTime, &monitor).await.unwrap(), ["36", "227"]);
        assert_eq!(solve(&challenge(&["salt-0"], 1), "dev", &SystemTime, &monitor).await.unwrap(), ["1"]);
        assert!(solve(&challenge(&[], 0), "dev", &SystemTime, &monitor).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn progress_never_goes_down_and_ends_full() {
        let seen: Arc<Mutex<Vec<Progress>>> = Arc::default();
        let sink = seen.clone();
        let monitor = Monitor::calling(move |progress| sink.lock().unwrap().push(progress));
        solve(&challenge(&["a", "b", "c"], 20_000), "dev", &SystemTime, &monitor).await.unwrap();
        let seen = seen.lock().unwrap();
        assert!(seen.len() > 8, "{}", seen.len());
        assert!(seen.windows(2).all(|pair| pair[0].done <= pair[1].done));
        assert!(seen.iter().all(|progress| progress.total == 3000));
        assert_eq!((seen[0].done, seen[seen.len() - 1].done), (0, 3000));
        let ends = seen.iter().filter(|progress| progress.done == 3000).count();
        assert_eq!(ends, 1, "full only when it is done");
    }

    #[tokio::test]
    async fn it_stops_when_told() {
        let monitor = Monitor::new();
        let hard = challenge(&["a"], 2_000_000_000);
        let (outcome, ()) = tokio::join!(solve(&hard, "dev", &SystemTime, &monitor), async {
            // runs although the work never waits for anything
            monitor.cancel();
        });
        assert!(matches!(outcome, Err(CaptchaError::Cancelled)));
    }

    #[tokio::test]
    async fn nobody_is_made_to_work_for_hours() {
        let monitor = Monitor::new();
        for challenge in [challenge(&["a", "b"], u32::MAX), challenge(&["a"; 65], 1)] {
            assert!(matches!(solve(&challenge, "dev", &SystemTime, &monitor).await, Err(CaptchaError::TooHard)));
        }
    }
}
