//! Messages at a steady rate, each sent at its scheduled instant whatever became of those before it.

use std::{
    io,
    time::{Duration, Instant},
};

use super::{Bench, DELIVERY_TIMEOUT, SETTLING, open};
use crate::{
    fleet::Report,
    publisher::Publisher,
    servers::{Installed, Kind, Setup},
    tally::Tally,
};

/// How often a message is sent.
pub(crate) const PERIOD: Duration = Duration::from_millis(20);

/// To how many streams.
pub(crate) const STREAMS: usize = 1_000;

/// The first second only warms up.
const WARM_UP: u32 = 50;

const MESSAGES: u32 = 500;

/// What one server did.
#[derive(Clone, Debug)]
pub(crate) struct Steady {
    /// Which server.
    pub(crate) kind: Kind,
    /// What the readers saw.
    pub(crate) report: Report,
    /// The server's processor time for one delivery, in microseconds.
    pub(crate) server_us: f64,
    /// The server's share of one core, in percent.
    pub(crate) cpu_percent: f64,
}

/// Measures each server.
pub(crate) fn run(bench: &Bench) -> io::Result<Vec<Steady>> {
    let mut results = Vec::new();
    for server in bench.servers_for(STREAMS) {
        let result = measure(server, bench.threads)?;
        println!(
            "  {:<26} p50 {:>7.1} ms  p99 {:>7.1} ms  {:>5.1} % of a core",
            result.kind.to_string(),
            super::ms(result.report.latency.value_at_quantile(0.5)),
            super::ms(result.report.latency.value_at_quantile(0.99)),
            result.cpu_percent
        );
        results.push(result);
    }
    Ok(results)
}

fn measure(installed: &Installed, threads: usize) -> io::Result<Steady> {
    let server = installed.start(&Setup::default())?;
    let tally = Tally::new(WARM_UP + MESSAGES, WARM_UP + 1).into();
    let fleet = open(&server, STREAMS, threads, &tally)?;
    let mut publisher = Publisher::connect(server.address, server.kind.posting(), &tally, 0)?;
    let start = Instant::now() + SETTLING;
    let mut measured_from = (Instant::now(), Duration::ZERO);
    for number in 0..WARM_UP + MESSAGES {
        if number == WARM_UP {
            measured_from = (Instant::now(), server.process.cpu());
        }
        publisher.publish_at(start + PERIOD * number)?;
    }
    fleet.wait_for(publisher.published(), STREAMS, DELIVERY_TIMEOUT);
    let (since, cpu_before) = measured_from;
    let elapsed = since.elapsed();
    let cpu = server.process.cpu().saturating_sub(cpu_before);
    let report = fleet.close(publisher.published())?;
    Ok(Steady {
        kind: installed.kind,
        server_us: super::per_delivery_us(cpu, report.latency.len()),
        cpu_percent: 100.0 * cpu.as_secs_f64() / elapsed.as_secs_f64(),
        report,
    })
}
