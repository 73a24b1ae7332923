//! The short run: a few hundred streams, exact counts, seconds.

use std::{io, time::Instant};

use crate::{
    fleet::Report,
    publisher::Publisher,
    scenario::{self, fan_out, resume},
    servers::{Installed, Setup},
    tally::Tally,
};

const STREAMS: usize = 500;
const MESSAGES: u32 = 50;
const BURST: u32 = 1_000;

/// Runs all checks; says whether every delivery was right.
pub(crate) fn run(bare: &Installed, hub: &Installed, threads: usize) -> io::Result<bool> {
    let started = Instant::now();
    let mut checks = Checks { are_exact: true };
    let validation = fan_out::measure(bare, STREAMS, MESSAGES, threads)?;
    checks.add("the load generator itself, with a bare-socket server", STREAMS, &validation.report);
    let one_by_one = fan_out::measure(hub, STREAMS, MESSAGES, threads)?;
    checks.add("one message at a time", STREAMS, &one_by_one.report);
    checks.add("a burst, each message as soon as the one before is answered", STREAMS, &burst(hub, threads)?);
    checks.add("a restart of the hub, resumed", STREAMS, &resume::run(hub, STREAMS, threads)?.report);
    println!("done in {:.1} s", started.elapsed().as_secs_f64());
    Ok(checks.are_exact)
}

struct Checks {
    are_exact: bool,
}

impl Checks {
    fn add(&mut self, name: &str, streams: usize, report: &Report) {
        println!(
            "{} {name}: {streams} streams, {} delivered, {} lost, {} doubled, {} out of order; p99 {:.1} ms",
            if report.is_exact() { "ok  " } else { "FAIL" },
            report.delivered,
            report.lost,
            report.doubled,
            report.out_of_order,
            scenario::ms(report.latency.value_at_quantile(0.99))
        );
        self.are_exact &= report.is_exact();
    }
}

fn burst(hub: &Installed, threads: usize) -> io::Result<Report> {
    let server = hub.start(&Setup::default())?;
    let tally = Tally::new(BURST, 1).into();
    let fleet = scenario::open(&server, STREAMS, threads, &tally)?;
    let mut publisher = Publisher::connect(server.address, server.kind.posting(), &tally, 0)?;
    for _ in 0..BURST {
        publisher.publish()?;
    }
    fleet.wait_for(BURST, STREAMS, scenario::DELIVERY_TIMEOUT);
    fleet.close(BURST)
}
