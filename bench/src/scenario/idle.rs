//! Streams on which nothing happens but a heartbeat a second: their memory, and the processor time.

use std::{io, time::Duration};

use super::{Bench, OPENING_AT_ONCE, open};
use crate::{
    process::Memory,
    servers::{Installed, Kind, Setup},
    tally::Tally,
};

/// For how long the processor time is measured.
const WINDOW: Duration = Duration::from_secs(10);

/// Between opening the streams and measuring.
const SETTLING: Duration = Duration::from_secs(2);

/// What one server did with one number of streams.
#[derive(Clone, Debug)]
pub(crate) struct Idle {
    /// Which server.
    pub(crate) kind: Kind,
    /// How many streams.
    pub(crate) streams: usize,
    /// Memory before the streams.
    pub(crate) before: Memory,
    /// Memory with them.
    pub(crate) with: Memory,
    /// The processor time in the window.
    pub(crate) cpu: Duration,
    /// The heartbeats that came in the window.
    pub(crate) heartbeats: u64,
}

impl Idle {
    /// The resident memory of one stream, in bytes.
    pub(crate) fn rss_per_stream(&self) -> f64 {
        growth(self.before.rss, self.with.rss, self.streams)
    }

    /// The same with pages that several processes share counted once.
    pub(crate) fn pss_per_stream(&self) -> f64 {
        growth(self.before.pss, self.with.pss, self.streams)
    }

    /// The share of one core, in percent.
    pub(crate) fn cpu_percent(&self) -> f64 {
        100.0 * self.cpu.as_secs_f64() / WINDOW.as_secs_f64()
    }
}

#[expect(clippy::cast_precision_loss, reason = "a mean of measured sizes")]
fn growth(before: u64, with: u64, streams: usize) -> f64 {
    with.saturating_sub(before) as f64 / streams as f64
}

/// Measures each server with each number of streams.
pub(crate) fn run(bench: &Bench, streams: &[usize]) -> io::Result<Vec<Idle>> {
    let mut results = Vec::new();
    for &streams in streams {
        for server in bench.servers_for(streams).filter(|server| server.kind != Kind::Bare) {
            let result = measure(server, streams, bench.threads)?;
            println!(
                "  {streams:>6} streams: {:<26} {:>8.0} bytes a stream (RSS)  {:>5.1} % of a core for {} heartbeats",
                result.kind.to_string(),
                result.rss_per_stream(),
                result.cpu_percent(),
                result.heartbeats
            );
            results.push(result);
        }
    }
    Ok(results)
}

fn measure(installed: &Installed, streams: usize, threads: usize) -> io::Result<Idle> {
    let server = installed.start(&Setup { heartbeat: Duration::from_secs(1), ..Setup::default() })?;
    // What is made once, for opening so many at a time, is no stream's own.
    let tally = Tally::new(0, 1).into();
    open(&server, OPENING_AT_ONCE, threads, &tally)?.close(0)?;
    std::thread::sleep(SETTLING);
    let before = server.process.memory();

    let tally = Tally::new(0, 1).into();
    let fleet = open(&server, streams, threads, &tally)?;
    std::thread::sleep(SETTLING);
    let with = server.process.memory();
    let (cpu_before, heartbeats_before) = (server.process.cpu(), tally.heartbeats());
    std::thread::sleep(WINDOW);
    let cpu = server.process.cpu().saturating_sub(cpu_before);
    let heartbeats = tally.heartbeats() - heartbeats_before;
    fleet.close(0)?;
    Ok(Idle { kind: installed.kind, streams, before, with, cpu, heartbeats })
}
