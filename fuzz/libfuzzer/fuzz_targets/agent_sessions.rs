//! See `notifyhub_fuzz::adapters`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| notifyhub_fuzz::adapters::agent_sessions(data));
