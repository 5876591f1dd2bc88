//! See `keystead_fuzzing::sdk_wallet`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| keystead_fuzzing::sdk_wallet(data));
