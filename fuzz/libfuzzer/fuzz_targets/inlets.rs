//! See `notifyhub_fuzz::requests`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| notifyhub_fuzz::requests::inlets(data));
