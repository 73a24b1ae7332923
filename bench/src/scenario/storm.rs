//! Everyone connects in the same instant, as after a cut of the network.

use std::{
    io,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};

use super::{Bench, DELIVERY_TIMEOUT, OPENING_TIMEOUT, SETTLING};
use crate::{
    fleet::{Fleet, Report},
    publisher::Publisher,
    servers::{Installed, Kind, Setup},
    tally::Tally,
};

/// How many connect.
pub(crate) const STREAMS: usize = 10_000;

/// What one server did.
#[derive(Clone, Debug)]
pub(crate) struct Storm {
    /// Which server.
    pub(crate) kind: Kind,
    /// How long until all streams were open.
    pub(crate) all_open: Duration,
    /// How many attempts failed.
    pub(crate) failed: usize,
    /// What the readers saw, of one message at the end too.
    pub(crate) report: Report,
    /// The server's processor time for one stream, in microseconds.
    pub(crate) server_us: f64,
}

/// Measures each server.
pub(crate) fn run(bench: &Bench) -> io::Result<Vec<Storm>> {
    let mut results = Vec::new();
    // The bare-socket server accepts one after the other: no limit to compare with.
    for server in bench.servers_for(STREAMS).filter(|server| server.kind != Kind::Bare) {
        let result = measure(server, bench.threads)?;
        println!(
            "  {:<26} all open after {:>6.0} ms, {} failed; {:.1} µs of processor time a stream",
            result.kind.to_string(),
            result.all_open.as_secs_f64() * 1e3,
            result.failed,
            result.server_us
        );
        results.push(result);
    }
    Ok(results)
}

fn measure(installed: &Installed, threads: usize) -> io::Result<Storm> {
    let server = installed.start(&Setup::default())?;
    let tally = Arc::new(Tally::new(1, 1));
    let mut plan = super::plan(&server, STREAMS, threads);
    plan.opening_at_once = STREAMS;
    let cpu_before = server.process.cpu();
    let start = Instant::now();
    let fleet = Fleet::open(&plan, &tally)?;
    tally.wait_until(OPENING_TIMEOUT, |tally| {
        tally.open.load(Relaxed) + tally.failed.load(Relaxed) >= STREAMS
    });
    let all_open = start.elapsed();
    let cpu = server.process.cpu().saturating_sub(cpu_before);
    let failed = STREAMS - tally.open.load(Relaxed);
    std::thread::sleep(SETTLING);
    let mut publisher = Publisher::connect(server.address, server.kind.posting(), &tally, 0)?;
    let number = publisher.publish()?;
    fleet.wait_for(number, STREAMS - failed, DELIVERY_TIMEOUT);
    let report = fleet.close(number)?;
    let server_us = super::per_delivery_us(cpu, STREAMS as u64);
    Ok(Storm { kind: installed.kind, all_open, failed, report, server_us })
}
