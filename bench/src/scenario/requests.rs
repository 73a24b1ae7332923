//! Plain requests: how many notifications can be published durably in a second, and how many lists read.

use std::{
    fs::File,
    io::{self, Write as _},
    path::Path,
    time::{Duration, Instant},
};

use super::Bench;
use crate::{
    closed_loop::{self, Answers},
    servers::{Installed, Kind, Server, Setup},
    tally::nanoseconds,
};

/// How long each number of connections is measured.
const WINDOW: Duration = Duration::from_secs(3);

/// Before that, to warm up.
const WARM_UP: Duration = Duration::from_millis(500);

/// How many notifications the lists are read from: as many as the hub keeps.
const STORED: u32 = 1_000;

/// How many connections read lists.
const READERS: usize = 8;

/// A rate of answers.
#[derive(Clone, Debug)]
pub(crate) struct Rate {
    /// What was asked for.
    pub(crate) name: String,
    /// Over how many connections.
    pub(crate) connections: usize,
    /// What came of it.
    pub(crate) answers: Answers,
    /// The server's processor time for one answer, in microseconds.
    pub(crate) server_us: f64,
}

/// What publishing came to.
#[derive(Clone, Debug)]
pub(crate) struct Publishing {
    /// How often in a second a small file can be written and synced, one write after the other: what one fsync a
    /// notification would allow.
    pub(crate) syncs_per_second: f64,
    /// The rates.
    pub(crate) rates: Vec<Rate>,
}

/// Publishes over each number of connections.
pub(crate) fn publish(bench: &Bench, connections: &[usize]) -> io::Result<Publishing> {
    let directory = tempfile::tempdir()?;
    let syncs_per_second = synced_writes(directory.path(), Duration::from_secs(1))?.per_second();
    println!("  {syncs_per_second:.0} writes and fsyncs a second, one after the other");
    let mut rates = Vec::new();
    for &connections in connections {
        for installed in bench.servers.iter().filter(|server| matches!(server.kind, Kind::Hub | Kind::Nchan))
        {
            let server = installed.start(&Setup::default())?;
            let request = server.kind.posting().request(server.address, 1);
            rates.push(measure(&server, installed.kind.to_string(), &request, connections)?);
        }
    }
    Ok(Publishing { syncs_per_second, rates })
}

/// Reads the hub's lists.
pub(crate) fn list(hub: &Installed) -> io::Result<Vec<Rate>> {
    let server = hub.start(&Setup::default())?;
    let request = server.kind.posting().request(server.address, 1);
    // In turns of one connection, so that exactly so many are stored.
    let mut stored = 0;
    while stored < u64::from(STORED) {
        stored += closed_loop::run(server.address, &request, READERS, Duration::from_millis(200))?.count;
    }
    ["?limit=20", ""]
        .into_iter()
        .map(|query| {
            let request =
                format!("GET /api/notifications{query} HTTP/1.1\r\nHost: {}\r\n\r\n", server.address);
            let name = format!("`GET /api/notifications{query}`");
            measure(&server, name, request.as_bytes(), READERS)
        })
        .collect()
}

fn measure(server: &Server, name: String, request: &[u8], connections: usize) -> io::Result<Rate> {
    closed_loop::run(server.address, request, connections, WARM_UP)?;
    let cpu_before = server.process.cpu();
    let answers = closed_loop::run(server.address, request, connections, WINDOW)?;
    let cpu = server.process.cpu().saturating_sub(cpu_before);
    let server_us = super::per_delivery_us(cpu, answers.count);
    let rate = Rate { name, connections, answers, server_us };
    println!(
        "  {:<36} {:>3} connections {:>8.0} a second",
        rate.name,
        rate.connections,
        rate.answers.per_second()
    );
    Ok(rate)
}

/// Writes a small file in this directory and syncs it, one write after the other.
pub(crate) fn synced_writes(directory: &Path, window: Duration) -> io::Result<Answers> {
    let mut file = File::create(directory.join("synced"))?;
    let mut answers = Answers::new();
    let started = Instant::now();
    while started.elapsed() < window {
        let began = Instant::now();
        file.write_all(&[0; 4096])?;
        file.sync_data()?;
        answers.count += 1;
        answers.taken.saturating_record(nanoseconds(began.elapsed()));
    }
    answers.elapsed = started.elapsed();
    Ok(answers)
}
