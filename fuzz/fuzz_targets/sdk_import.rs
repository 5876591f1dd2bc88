//! See `keystead_fuzzing::sdk_import`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| keystead_fuzzing::sdk_import(data));
