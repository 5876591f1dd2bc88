//! See `keystead_fuzzing::mpc_channel`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| keystead_fuzzing::mpc_channel(data));
