//! See `keystead_fuzzing::server_router`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| keystead_fuzzing::server_router(data));
