//! Fuzzy dates: integers `YYYYMMDDhhmmss` or `YYYYMMDD`, parts may be 00 (wire 8).
//!
//! Padded to 14 digits, days and instants compare as integers: a day is where it begins as a lower
//! bound and where it ends as an upper one. A part 00 is compared as it stands, so what is known to
//! be of 2023 (`20230000`) comes before everything in 2023.

/// The largest date that is a day and not an instant.
const LAST_DAY: i64 = 99_999_999;

/// Pads a fuzzy date to 14 digits so that days and instants compare: the first instant of a day.
pub fn first_instant(date: i64) -> i64 {
    match date {
        0..=LAST_DAY => date.saturating_mul(1_000_000),
        _ => date,
    }
}

/// Pads a fuzzy date to 14 digits: the last instant of a day, for inclusive upper bounds.
pub fn last_instant(date: i64) -> i64 {
    match date {
        0..=LAST_DAY => date.saturating_mul(1_000_000).saturating_add(235_959),
        _ => date,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_lasts_from_its_first_to_its_last_instant() {
        assert_eq!(first_instant(20230328), 20230328000000);
        assert_eq!(last_instant(20230328), 20230328235959);
        assert!((first_instant(20230328)..=last_instant(20230328)).contains(&20230328100113));
        assert!(last_instant(20230328) < first_instant(20230329));
    }

    #[test]
    fn an_instant_is_itself() {
        for date in [20230328100113, 20230000000000, -1, i64::MAX, i64::MIN] {
            assert_eq!(first_instant(date), date);
            assert_eq!(last_instant(date), date);
        }
    }
}
