//! See `keystead_fuzzing::crypto_keys`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| keystead_fuzzing::crypto_keys(data));
