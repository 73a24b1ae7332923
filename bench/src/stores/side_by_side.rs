//! Hubs side by side on one store: the streams of one feed spread over them, and what one more hub costs.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use super::{
    Form,
    engine::{Engine, Store},
};
use crate::{
    closed_loop::{self, Answers},
    fleet::{Fleet, Report},
    publisher::Publisher,
    scenario::{self, DELIVERY_TIMEOUT},
    servers::{Installed, Server, Setup},
    tally::Tally,
};

/// Messages before those that count.
const WARM_UP: u32 = 5;

/// The pause after a message has come to its last reader.
const PAUSE: Duration = Duration::from_millis(20);

/// The longest that all streams may take to open.
const OPENING_TIMEOUT: Duration = Duration::from_mins(1);

/// How many publishers post to one hub while the others only follow.
const PUBLISHERS: usize = 32;

/// What a number of hubs did.
#[derive(Clone, Debug)]
pub(crate) struct SideBySide {
    /// Which store they share.
    pub(crate) store: Store,
    /// How many they are.
    pub(crate) hubs: usize,
    /// How many streams there are in all.
    pub(crate) streams: usize,
    /// How many messages were sent to each.
    pub(crate) messages: u32,
    /// What the readers saw.
    pub(crate) report: Report,
    /// For each message, how long until its last reader had it.
    pub(crate) to_last_reader: Vec<Duration>,
    /// All hubs' processor time for these messages.
    pub(crate) hubs_cpu: Duration,
    /// The store's own.
    pub(crate) store_cpu: Duration,
    /// Without streams: what publishers at the first hub were answered.
    pub(crate) answers: Answers,
    /// The processor time of the hubs that only followed meanwhile.
    pub(crate) followers_cpu: Duration,
}

/// Measures each number of hubs.
pub(super) fn run(
    hub: &Installed,
    engine: &mut Engine,
    form: &Form,
    mut tell: impl FnMut(SideBySide),
) -> io::Result<()> {
    let is_shared = engine.store().is_shared();
    for &hubs in form.hubs.iter().filter(|hubs| **hubs == 1 || is_shared) {
        let setup = Setup { store: Some(engine.new_feed()), ..Setup::default() };
        let servers = (0..hubs).map(|_| hub.start(&setup)).collect::<io::Result<Vec<_>>>()?;
        tell(measure(engine, &servers, form)?);
    }
    Ok(())
}

fn measure(engine: &Engine, servers: &[Server], form: &Form) -> io::Result<SideBySide> {
    let cpu_of = |servers: &[Server]| servers.iter().map(|server| server.process.cpu()).sum::<Duration>();
    // Spread over all hubs, as streams are: whoever posts does not know where its readers are.
    let addresses: Vec<_> = servers.iter().map(|server| server.address).collect();
    let tally: Arc<Tally> = Tally::new(WARM_UP + form.messages, WARM_UP + 1).into();
    let fleets = open(servers, &addresses, form.streams, &tally)?;
    let posting = servers[0].kind.posting();
    let send = |number: u32| -> io::Result<()> {
        std::thread::sleep(PAUSE);
        let address = addresses[number as usize % addresses.len()];
        Publisher::connect(address, posting.clone(), &tally, number - 1)?.publish()?;
        // What does not come is counted as lost.
        tally.wait_until(DELIVERY_TIMEOUT, |tally| tally.count(number) >= form.streams);
        Ok(())
    };
    (1..=WARM_UP).try_for_each(send)?;
    let (hubs_before, store_before) = (cpu_of(servers), engine.cpu());
    (WARM_UP + 1..=WARM_UP + form.messages).try_for_each(send)?;
    let hubs_cpu = cpu_of(servers).saturating_sub(hubs_before);
    let store_cpu = engine.cpu().saturating_sub(store_before);
    let mut report = Report::new();
    for fleet in fleets {
        report.add(&fleet.close(WARM_UP + form.messages)?);
    }

    let (followers_before, request) = (cpu_of(&servers[1..]), posting.request(addresses[0], 1));
    let answers = closed_loop::run(addresses[0], &request, PUBLISHERS, form.window)?;
    let followers_cpu = cpu_of(&servers[1..]).saturating_sub(followers_before);
    let timed = WARM_UP + 1..=WARM_UP + form.messages;
    Ok(SideBySide {
        store: engine.store(),
        hubs: servers.len(),
        streams: form.streams,
        messages: form.messages,
        report,
        to_last_reader: timed.map(|number| tally.to_last_reader(number)).collect(),
        hubs_cpu,
        store_cpu,
        answers,
        followers_cpu,
    })
}

/// Opens the streams, as many at each hub.
fn open(
    servers: &[Server],
    addresses: &[SocketAddr],
    streams: usize,
    tally: &Arc<Tally>,
) -> io::Result<Vec<Fleet>> {
    let share = |index: usize| streams / addresses.len() + usize::from(index < streams % addresses.len());
    let plans = servers.iter().enumerate().map(|(index, server)| scenario::plan(server, share(index), 1));
    let fleets = plans.map(|plan| Fleet::open(&plan, tally)).collect::<io::Result<Vec<_>>>()?;
    if tally.wait_until(OPENING_TIMEOUT, |tally| tally.open.load(Relaxed) == streams) {
        return Ok(fleets);
    }
    let open = tally.open.load(Relaxed);
    Err(io::Error::other(format!("only {open} of {streams} streams opened in {OPENING_TIMEOUT:?}")))
}
