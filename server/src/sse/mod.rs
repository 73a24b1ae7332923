//! Server-Sent Events (WHATWG HTML, section 9.2): what they say, and their bytes.
//!
//! # Layout
//! - [`event`]: what the events say, by their names.
//! - [`frame`]: their bytes, encoded once for everyone.

pub mod event;
pub mod frame;
