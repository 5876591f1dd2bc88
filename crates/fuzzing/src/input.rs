//! How octets are taken apart. Seeds are texts as far as possible, so that a person can write them.

use serde_json::Value;

/// The first line, and what follows it. Without a line break the rest is empty.
pub(crate) fn line(data: &[u8]) -> (&[u8], &[u8]) {
    match data.iter().position(|byte| *byte == b'\n') {
        Some(at) => (&data[..at], &data[at + 1..]),
        None => (data, &[]),
    }
}

/// The element of `all` that `wanted` names; otherwise one that it decides on.
pub(crate) fn choose<'a, T: Copy>(all: &[T], wanted: &[u8], name: impl Fn(T) -> &'a str) -> T {
    let named = all.iter().find(|one| name(**one).as_bytes() == wanted);
    let sum = wanted.iter().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(*byte)));
    *named.unwrap_or(&all[sum % all.len()])
}

/// JSON, where it is some.
pub(crate) fn json(data: &[u8]) -> Option<Value> {
    serde_json::from_slice(data).ok()
}

/// The parts between lines of `---`.
pub(crate) fn parts(data: &[u8]) -> Vec<&[u8]> {
    let separator = b"\n---\n";
    let mut parts = Vec::new();
    let mut rest = data;
    while let Some(at) = rest.windows(separator.len()).position(|window| window == separator) {
        parts.push(&rest[..at]);
        rest = &rest[at + separator.len()..];
    }
    parts.push(rest);
    parts
}
