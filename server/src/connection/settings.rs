//! What every connection is governed by.

use std::{
    num::NonZeroUsize,
    time::{Duration, Instant},
};

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
    /// An event stream whose reader accepts no byte for this long is closed.
    pub stall_timeout: Duration,
    /// The longest a stop may take: streams end spread over it.
    pub drain: Duration,
}

impl Limits {
    /// When a stream should end once the hub stops: the streams' ends are spread, so that their readers do
    /// not all come back in the same instant, and leave a fifth of the time for what is still to be written.
    pub(super) fn choose_end(&self) -> Instant {
        let now = Instant::now();
        now.checked_add(self.drain.mul_f64(0.8 * fastrand::f64())).unwrap_or(now)
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
