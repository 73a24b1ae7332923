//! NotifyHub's server: one feed of notifications, stored in a log and pushed to every subscriber over
//! Server-Sent Events.
//!
//! # Layout
//! An arrow means "uses"; nothing points back up, and a test holds the `use crate::` lines to it.
//!
//! ```text
//! main ─► config
//!   └──► serve ─► api ─► feed ─► history, hub ─► frame ─► notification, event_id
//!          │       └───► page  └───► log ──────────────► notification, event_id
//!          └─► connection (accept, limits, stream hand-off), shutdown      metrics: a leaf
//! ```

pub mod api;
pub mod config;
pub mod connection;
pub mod event_id;
pub mod feed;
pub mod frame;
pub mod history;
pub mod hub;
pub mod log;
pub mod metrics;
pub mod notification;
pub mod page;
pub mod serve;
pub mod shutdown;
