//! Whitespace behind sealed JSON: hides its exact length, and makes equal contents look different
//! although the IV is synthetic.

use zeroize::Zeroizing;

use crate::random::Random;

/// The shortest bucket.
const SMALLEST: usize = 128;

/// So many random letters at least, of two bits each: the same field sealed twice gives the same bytes
/// once in 2^64 times.
const LEAST: usize = 32;

/// The whitespace of JSON (RFC 8259, section 2).
const WHITESPACE: [u8; 4] = *b" \t\n\r";

/// The length to pad to: powers of two up to 4096, then eighths of the power of two below.
fn bucket(length: usize) -> usize {
    if length <= SMALLEST {
        return SMALLEST;
    }
    let power = length.next_power_of_two();
    if power <= 4096 { power } else { length.next_multiple_of(power / 16) }
}

/// Pads JSON.
pub(crate) fn pad(json: &mut Zeroizing<Vec<u8>>, random: &dyn Random) {
    let padding = bucket(json.len() + LEAST) - json.len();
    let mut letters = Zeroizing::new(vec![0; padding]);
    random.fill(&mut letters);
    let letters = letters.iter().map(|byte| {
        let [space, tab, line, carriage] = WHITESPACE;
        match byte & 3 {
            0 => space,
            1 => tab,
            2 => line,
            _ => carriage,
        }
    });
    json.extend(letters);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::random::testing::Counting;

    proptest! {
        #[test]
        fn buckets(length in 0_usize..100_000) {
            let bucket = bucket(length);
            prop_assert!(bucket >= length);
            prop_assert!(bucket <= SMALLEST.max(length * 2));
            prop_assert!(length < 4096 || bucket <= length + length / 8 + 1);
            prop_assert_eq!(super::bucket(bucket), bucket);
        }
    }

    #[test]
    fn padding_is_random_whitespace() {
        let random = Counting::default();
        let padded = || {
            let mut json = Zeroizing::new(b"{}".to_vec());
            pad(&mut json, &random);
            json
        };
        let (first, second) = (padded(), padded());
        assert_ne!(*first, *second);
        assert_eq!(first.len(), 128);
        assert_eq!(serde_json::from_slice::<serde_json::Value>(&first).unwrap(), serde_json::json!({}));
    }
}
