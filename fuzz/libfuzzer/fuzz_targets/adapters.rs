//! See `notifyhub_fuzz::adapters`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| notifyhub_fuzz::adapters::adapters(data));
