//! See `keystead_fuzzing::server_events`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| keystead_fuzzing::server_events(data));
