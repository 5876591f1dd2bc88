//! Frozen samples: bodies that official clients wrote or read, which must always pass.
//!
//! `official.json` holds whole bodies from the vectors of the cryptography page; `annex_b.json` the
//! recorded exchanges of wire annex B, with shortened ids and keys filled up.

use serde_json::Value;

/// One body.
pub(crate) struct Sample {
    pub(crate) class: String,
    pub(crate) made: String,
    pub(crate) body: Value,
}

pub(crate) fn all() -> Vec<Sample> {
    let read = |text| serde_json::from_str::<Vec<Value>>(text).unwrap();
    let mut samples = read(include_str!("samples/official.json"));
    samples.extend(read(include_str!("samples/annex_b.json")));
    let text = |sample: &Value, name: &str| sample[name].as_str().unwrap().to_owned();
    samples
        .iter()
        .map(|sample| Sample { class: text(sample, "class"), made: text(sample, "made"), body: sample["body"].clone() })
        .collect()
}
