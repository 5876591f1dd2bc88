//! How long to wait before the next try.

use crate::rng::Rng;

const FIRST_MS: i64 = 5_000;
const LONGEST_MS: i64 = 30 * 60_000;

/// The wait after the `attempts`th try: 5 seconds, doubled with every try up to 30 minutes, and
/// shortened at random by up to a quarter so that jobs which failed together do not return together.
pub(super) fn wait(rng: &dyn Rng, attempts: u32) -> i64 {
    let doublings = attempts.saturating_sub(1).min(16);
    let wait = FIRST_MS.saturating_mul(1 << doublings).min(LONGEST_MS);
    let [random] = rng.bytes::<1>();
    wait - wait / 4 * i64::from(random) / 255
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::SystemRng;

    #[test]
    fn doubles_up_to_half_an_hour() {
        let rng = SystemRng::default();
        for (attempts, longest) in
            [(0, 5_000), (1, 5_000), (2, 10_000), (3, 20_000), (10, LONGEST_MS), (u32::MAX, LONGEST_MS)]
        {
            for _ in 0..100 {
                let wait = wait(&rng, attempts);
                assert!((longest * 3 / 4..=longest).contains(&wait), "{attempts}: {wait}");
            }
        }
    }
}
