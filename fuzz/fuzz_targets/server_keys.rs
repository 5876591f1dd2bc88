//! See `keystead_fuzzing::server_keys`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| keystead_fuzzing::server_keys(data));
