//! Functions that take any bytes and panic where the hub or its SDK does what it must not. Fuzzers call them
//! (`make fuzz`), and so does a test that runs the corpus and some mutations of it (`tests/corpus.rs`).
//!
//! # Layout
//! - [`adapters`]: what other programs send, mapped.
//! - [`foreign`]: how it is written for a fuzzer; [`recorded`]: what was recorded of it.
//! - [`hub`]: a hub in this process, with nothing but memory beneath it.
//! - [`requests`]: what clients send.
//! - [`event_stream`]: what the SDK receives.
//!
//! A new target is a function here, a line in [`TARGETS`], a folder in `corpus/` and a file in `libfuzzer/fuzz_targets/`.
#![allow(clippy::unwrap_used, reason = "a panic is the report")]

pub mod adapters;
pub mod event_stream;
pub mod foreign;
pub mod hub;
pub mod recorded;
pub mod requests;

/// A target takes any bytes.
pub type Target = fn(&[u8]);

/// All of them, by the names of their corpora.
pub const TARGETS: [(&str, Target); 9] = [
    ("request_body", requests::request_body),
    ("event_id", requests::event_id),
    ("list_query", requests::list_query),
    ("request_headers", requests::request_headers),
    ("idempotency_key", requests::idempotency_key),
    ("event_stream", event_stream::event_stream),
    ("adapters", adapters::adapters),
    ("agent_sessions", adapters::agent_sessions),
    ("inlets", requests::inlets),
];
