//! See `keystead_fuzzing::model_filter`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| keystead_fuzzing::model_filter(data));
