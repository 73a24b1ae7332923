//! What is measured. Each scenario takes its servers in turn, round after round, so that whatever else the
//! machine does hits all of them alike.

pub(crate) mod fan_out;

use std::time::Duration;

use crate::servers::{Installed, Kind};

/// What the scenarios have in common.
pub(crate) struct Bench {
    /// The servers to measure.
    pub(crate) servers: Vec<Installed>,
    /// How many threads read streams.
    pub(crate) threads: usize,
    /// How often each server has its turn.
    pub(crate) rounds: usize,
}

impl Bench {
    /// The servers that can be tried with so many streams.
    pub(crate) fn servers_for(&self, streams: usize) -> impl Iterator<Item = &Installed> {
        self.servers.iter().filter(move |server| streams <= server.kind.most_streams())
    }

    /// The server, if it is to be measured.
    pub(crate) fn server(&self, kind: Kind) -> Option<&Installed> {
        self.servers.iter().find(|server| server.kind == kind)
    }
}

/// The longest that all streams of a server may take to open.
pub(crate) const OPENING_TIMEOUT: Duration = Duration::from_secs(60);

/// How many streams are opened at the same time where opening is not what is measured.
pub(crate) const OPENING_AT_ONCE: usize = 128;
