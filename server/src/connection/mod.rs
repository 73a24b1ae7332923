//! Sockets: accepting them within limits, speaking HTTP/1 over them, and writing event streams to them.
//!
//! # Layout
//! - [`listen`]: makes or inherits the listening sockets.
//! - [`accept`]: the accept loop, its limits and its back-off.
//! - `http`: one connection under hyper, until it ends or becomes an event stream.
//! - `socket`: the socket as hyper sees it.
//! - `stream`: an event stream that has left hyper, while it has something of its own to send.
//! - [`fan_out`]: the streams that are up to date: each frame to all of their sockets in a row.
//! - `body`: an event stream as an ordinary body, for connections that cannot leave hyper.

pub mod accept;
mod body;
pub mod fan_out;
mod http;
pub mod listen;
mod socket;
mod stream;

use std::{
    num::NonZeroUsize,
    sync::Arc,
    time::{Duration, Instant},
};

use self::fan_out::FanOut;
use crate::{metrics::Metrics, shutdown::Shutdown};

/// What connections are held to.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most connections at a time; more are answered 503.
    pub max_connections: NonZeroUsize,
    /// The most connections from one address at a time.
    pub max_connections_per_ip: Option<NonZeroUsize>,
    /// The longest a request head may take to arrive, and a connection to stay idle between requests.
    pub header_timeout: Duration,
    /// The longest a request body may take to arrive.
    pub body_timeout: Duration,
    /// The largest request body, in bytes.
    pub max_body_bytes: usize,
    /// An event stream whose reader accepts no byte for this long is closed.
    pub stall_timeout: Duration,
    /// The longest a stop may take: streams end spread over it.
    pub drain: Duration,
}

impl Limits {
    /// When a stream should end once the hub stops: the streams' ends are spread, so that their readers do
    /// not all come back in the same instant, and leave a fifth of the time for what is still to be written.
    fn choose_end(&self) -> Instant {
        Instant::now() + self.drain.mul_f64(0.8 * fastrand::f64())
    }
}

/// What every connection is governed by.
#[derive(Debug)]
pub struct Settings {
    /// What connections are held to.
    pub limits: Limits,
    /// What they count.
    pub metrics: Metrics,
    /// When they should end.
    pub shutdown: Shutdown,
}

/// What every connection shares.
pub struct Shared<E> {
    /// Answers the requests.
    pub endpoint: E,
    /// On its own, for event streams need nothing but this.
    pub settings: Arc<Settings>,
    /// Where event streams go.
    pub fan_out: FanOut,
}
