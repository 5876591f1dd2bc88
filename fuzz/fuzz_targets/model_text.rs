//! See `keystead_fuzzing::model_text`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| keystead_fuzzing::model_text(data));
