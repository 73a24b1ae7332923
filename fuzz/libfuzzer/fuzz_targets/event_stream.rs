//! See `notifyhub_fuzz::event_stream`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| notifyhub_fuzz::event_stream::event_stream(data));
