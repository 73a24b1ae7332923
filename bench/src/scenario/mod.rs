//! What is measured. Each scenario takes its servers in turn, round after round, so that whatever else the
//! machine does hits all of them alike.

pub(crate) mod fan_out;
pub(crate) mod idle;
pub(crate) mod overload;
pub(crate) mod requests;
pub(crate) mod resume;
pub(crate) mod steady;
pub(crate) mod storm;

use std::{io, sync::Arc, time::Duration};

use crate::{
    fleet::{Fleet, Plan},
    servers::{Installed, Kind, Server},
    tally::Tally,
};

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
const OPENING_TIMEOUT: Duration = Duration::from_mins(1);

/// The longest a message may take to its last reader.
pub(crate) const DELIVERY_TIMEOUT: Duration = Duration::from_mins(1);

/// Between opening the streams and the first message: a server may send a response's head before the subscription
/// counts.
const SETTLING: Duration = Duration::from_secs(2);

/// How many streams are opened at the same time where opening is not what is measured.
const OPENING_AT_ONCE: usize = 128;

/// Streams of a server, opened some at a time.
pub(crate) fn plan(server: &Server, streams: usize, threads: usize) -> Plan {
    Plan {
        address: server.address,
        path: server.kind.stream_path().into(),
        streams,
        threads,
        opening_at_once: OPENING_AT_ONCE,
        resumes: false,
    }
}

/// Opens streams and waits until all are open.
pub(crate) fn open(server: &Server, streams: usize, threads: usize, tally: &Arc<Tally>) -> io::Result<Fleet> {
    Fleet::open_all(&plan(server, streams, threads), tally, OPENING_TIMEOUT)
}

/// The mean processor time of `count` things, in microseconds.
pub(crate) fn per_delivery_us(cpu: Duration, count: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a mean of measured times")]
    let count = count.max(1) as f64;
    cpu.as_secs_f64() * 1e6 / count
}

/// Nanoseconds in milliseconds.
pub(crate) fn ms(nanoseconds: u64) -> f64 {
    Duration::from_nanos(nanoseconds).as_secs_f64() * 1e3
}
