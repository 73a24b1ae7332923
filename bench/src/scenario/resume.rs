//! The hub is restarted under its streams. Each comes back after the delay it was told, with its last event
//! id; nothing may be lost or doubled.

use std::{
    io,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};

use crate::{
    fleet::{Fleet, Report},
    publisher::Publisher,
    servers::{Installed, Setup},
    tally::Tally,
};

/// How many streams.
pub(crate) const STREAMS: usize = 5_000;

/// Messages before the restart, and as many right after it, before the streams are back.
const MESSAGES: u32 = 50;

/// The longest that all may be away.
const RESUME_TIMEOUT: Duration = Duration::from_mins(1);

/// What came of a restart.
#[derive(Clone, Debug)]
pub(crate) struct Resume {
    /// How many streams there were.
    pub(crate) streams: usize,
    /// From asking the hub to stop until the new one accepted connections.
    pub(crate) down: Duration,
    /// From then on until all streams were open and had every message.
    pub(crate) all_resumed: Duration,
    /// What the readers saw.
    pub(crate) report: Report,
}

/// Restarts the hub under `streams` streams.
pub(crate) fn run(hub: &Installed, streams: usize, threads: usize) -> io::Result<Resume> {
    let mut server = hub.start(&Setup::default())?;
    let tally = Arc::new(Tally::new(2 * MESSAGES, 1));
    let mut plan = super::plan(&server, streams, threads);
    plan.resumes = true;
    let fleet = Fleet::open_all(&plan, &tally, super::OPENING_TIMEOUT)?;
    let publish = |published| -> io::Result<u32> {
        let mut publisher = Publisher::connect(plan.address, hub.kind.posting(), &tally, published)?;
        for _ in 0..MESSAGES {
            publisher.publish()?;
        }
        Ok(publisher.published())
    };
    let published = publish(0)?;
    fleet.wait_for(published, streams, super::DELIVERY_TIMEOUT);

    let asked_at = Instant::now();
    let ready_at = server.restart()?;
    let down = ready_at - asked_at;
    let published = publish(published)?;
    tally.wait_until(RESUME_TIMEOUT, |tally| {
        tally.open.load(Relaxed) == streams && tally.count(published) >= streams
    });
    let all_resumed = ready_at.elapsed();
    let report = fleet.close(published)?;
    println!(
        "  {streams} streams: away {:.1} s, all back {:.1} s later; lost {}, doubled {}, out of order {}",
        down.as_secs_f64(),
        all_resumed.as_secs_f64(),
        report.lost,
        report.doubled,
        report.out_of_order
    );
    Ok(Resume { streams, down, all_resumed, report })
}
