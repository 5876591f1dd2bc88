//! See `keystead_fuzzing::server_gateway`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| keystead_fuzzing::server_gateway(data));
