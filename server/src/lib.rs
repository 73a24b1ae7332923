//! NotifyHub's server: one feed of notifications, stored in a log and pushed to every subscriber over
//! Server-Sent Events.
//!
//! # Layout
//! An arrow means "uses"; nothing points back up, and a test holds the `use` lines to it.
//!
//! ```text
//! main ─► config (its values are the parts' own types)
//!   ├──► maintenance ─► storage ─► config, log
//!   └──► app ─┬─► storage ─► config, log
//!             ├─► http ─► web_push ─┬─► feed ─┬─► log ─┬─► notification, event_id
//!             └─► connection ───────┘         └─► sse ─┘   leaves: metrics, shutdown, error_body, file_watch,
//!                                                                     clock, throttle, health, security_headers,
//!                                                                     any_certificate
//! ```

mod any_certificate;
pub mod app;
pub mod clock;
pub mod config;
pub mod connection;
pub mod error_body;
pub mod event_id;
pub mod feed;
pub mod file_watch;
pub mod health;
pub mod http;
pub mod log;
pub mod maintenance;
pub mod metrics;
pub mod notification;
pub mod security_headers;
pub mod shutdown;
pub mod sse;
pub mod storage;
pub mod throttle;
pub mod web_push;
