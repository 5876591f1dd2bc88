//! Randomness, as a parameter.

use std::fmt::Write as _;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};

/// Fills buffers with random bytes.
pub trait Rng: Send + Sync + 'static {
    /// Fills `buffer`.
    fn fill(&self, buffer: &mut [u8]);
}

/// The operating system's generator.
#[derive(Debug, Default)]
pub struct SystemRng(SystemRandom);

impl Rng for SystemRng {
    #[expect(clippy::panic, reason = "without randomness nothing may go on")]
    fn fill(&self, buffer: &mut [u8]) {
        if self.0.fill(buffer).is_err() {
            panic!("the system's random number generator failed");
        }
    }
}

impl dyn Rng {
    /// `N` random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// A random UUID (version 4).
    pub fn uuid(&self) -> String {
        uuid::Builder::from_random_bytes(self.bytes()).into_uuid().to_string()
    }

    /// A number below 10 to the power of `digits`, padded with zeros, every one equally likely.
    pub fn digits(&self, digits: usize) -> String {
        let mut code = String::with_capacity(digits);
        while code.len() < digits {
            let [byte] = self.bytes::<1>();
            // 250 is the largest multiple of ten in a byte: what lies above would favour low digits
            if byte < 250 {
                let _ = write!(code, "{}", byte % 10);
            }
        }
        code
    }
}
