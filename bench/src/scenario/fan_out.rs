//! One message to many streams, again and again: how long until the readers have it, and what a delivery costs
//! the server.

use std::{
    io,
    time::{Duration, Instant},
};

use super::{Bench, DELIVERY_TIMEOUT, SETTLING, ms, open, per_delivery_us};
use crate::{
    fleet::Report,
    process,
    publisher::Publisher,
    servers::{Installed, Kind, Setup},
    tally::Tally,
};

/// Messages before those that count.
const WARM_UP: u32 = 2;

/// The pause after a message has come to its last reader.
const PAUSE: Duration = Duration::from_millis(50);

/// How long one server is measured in a round, at most; a slow one sends fewer messages.
const BUDGET: Duration = Duration::from_secs(6);

/// What one server did with one number of streams.
#[derive(Clone, Debug)]
pub(crate) struct FanOut {
    /// Which server.
    pub(crate) kind: Kind,
    /// How many streams.
    pub(crate) streams: usize,
    /// How many messages were measured.
    pub(crate) messages: u32,
    /// What the readers saw.
    pub(crate) report: Report,
    /// For each message, how long until its last reader had it.
    pub(crate) to_last_reader: Vec<Duration>,
    /// The server's processor time for the measured messages.
    pub(crate) server_cpu: Duration,
    /// The load generator's.
    pub(crate) client_cpu: Duration,
}

impl FanOut {
    /// The server's processor time for one delivery, in microseconds.
    pub(crate) fn server_us(&self) -> f64 {
        per_delivery_us(self.server_cpu, self.report.latency.len())
    }

    /// The load generator's processor time for one delivery, in microseconds.
    pub(crate) fn client_us(&self) -> f64 {
        per_delivery_us(self.client_cpu, self.report.latency.len())
    }

    fn add(&mut self, other: FanOut) {
        self.messages += other.messages;
        self.report.add(&other.report);
        self.to_last_reader.extend(other.to_last_reader);
        self.server_cpu += other.server_cpu;
        self.client_cpu += other.client_cpu;
    }
}

/// Sends `messages` messages in all to each number of streams, on each server.
pub(crate) fn run(bench: &Bench, streams: &[usize], messages: u32) -> io::Result<Vec<FanOut>> {
    let rounds = u32::try_from(bench.rounds).unwrap_or(u32::MAX);
    let mut results: Vec<FanOut> = Vec::new();
    for &streams in streams {
        // The processor time is read in ticks of 10 ms: few streams need more messages.
        let messages = messages.max(100_000 / u32::try_from(streams).unwrap_or(u32::MAX));
        for round in 1..=bench.rounds {
            for server in bench.servers_for(streams) {
                let result = measure(server, streams, messages.div_ceil(rounds), bench.threads)?;
                println!(
                    "  {streams:>6} streams, round {round}: {:<26} p50 {:>7.1} ms  p99 {:>7.1} ms  {:>6.2} µs a \
                     delivery{}",
                    server.kind.to_string(),
                    ms(result.report.latency.value_at_quantile(0.5)),
                    ms(result.report.latency.value_at_quantile(0.99)),
                    result.server_us(),
                    if result.report.is_exact() { "" } else { "  NOT EXACT" },
                );
                let known =
                    results.iter_mut().find(|known| known.kind == result.kind && known.streams == streams);
                match known {
                    Some(known) => known.add(result),
                    None => results.push(result),
                }
            }
        }
    }
    Ok(results)
}

/// Sends at most `messages` messages to `streams` streams of a fresh server.
pub(crate) fn measure(
    installed: &Installed,
    streams: usize,
    messages: u32,
    threads: usize,
) -> io::Result<FanOut> {
    let server = installed.start(&Setup::default())?;
    let tally = Tally::new(WARM_UP + messages, WARM_UP + 1).into();
    let fleet = open(&server, streams, threads, &tally)?;
    std::thread::sleep(SETTLING);
    let mut publisher = Publisher::connect(server.address, server.kind.posting(), &tally, 0)?;
    let mut send = || -> io::Result<bool> {
        // Everything that the one before has set off should be over.
        std::thread::sleep(PAUSE);
        let number = publisher.publish()?;
        Ok(fleet.wait_for(number, streams, DELIVERY_TIMEOUT))
    };
    let mut is_complete = true;
    for _ in 0..WARM_UP {
        is_complete &= send()?;
    }
    let (server_before, client_before) = (server.process.cpu(), process::own_cpu());
    let deadline = Instant::now() + BUDGET;
    let mut measured = 0;
    while is_complete && measured < messages && (measured == 0 || Instant::now() < deadline) {
        is_complete = send()?;
        measured += 1;
    }
    let server_cpu = server.process.cpu().saturating_sub(server_before);
    let client_cpu = process::own_cpu().saturating_sub(client_before);
    let report = fleet.close(publisher.published())?;
    let timed = WARM_UP + 1..=publisher.published();
    Ok(FanOut {
        kind: installed.kind,
        streams,
        messages: measured,
        report,
        to_last_reader: timed.map(|number| tally.to_last_reader(number)).collect(),
        server_cpu,
        client_cpu,
    })
}
