//! Fuzzy dates: integers `YYYYMMDDhhmmss` or `YYYYMMDD`, parts may be 00 (wire 8).

/// Pads a fuzzy date to 14 digits so that days and instants compare: the first instant of a day.
pub fn first_instant(date: i64) -> i64 {
    match date {
        0..=99_999_999 => date.saturating_mul(1_000_000),
        _ => date,
    }
}

/// Pads a fuzzy date to 14 digits: the last instant of a day, for inclusive upper bounds.
pub fn last_instant(date: i64) -> i64 {
    match date {
        0..=99_999_999 => date.saturating_mul(1_000_000).saturating_add(235_959),
        _ => date,
    }
}
