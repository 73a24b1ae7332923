//! How long a hub takes to start on a log that holds much, and how much memory it then has.

use std::{
    io,
    net::SocketAddr,
    process::Command,
    time::{Duration, Instant},
};

use super::{
    Form,
    engine::{Engine, Store},
    posts::Posts,
};
use crate::{
    closed_loop, http,
    servers::{Installed, Setup},
};

/// How many connections fill the log.
const FILLERS: usize = 64;

/// The longest that filling may take.
const FILLING_TIMEOUT: Duration = Duration::from_mins(5);

/// What a store came to.
#[derive(Clone, Debug)]
pub(crate) struct Started {
    /// Which store.
    pub(crate) store: Store,
    /// How many entries it holds.
    pub(crate) entries: u32,
    /// For each start, how long until the hub said that it was ready.
    pub(crate) ready_after: Vec<Duration>,
    /// The hub's resident memory after the last start, in bytes.
    pub(crate) hub_memory: u64,
    /// The store's own memory then.
    pub(crate) store_memory: u64,
}

/// Fills an SQLite file; says where it is.
pub(super) fn fill(hub: &Installed, engine: &mut Engine, entries: u32) -> io::Result<String> {
    let place = engine.new_feed();
    let setup = Setup { store: Some(place.clone()), max_notifications: entries, ..Setup::default() };
    let mut server = hub.start(&setup)?;
    let mut posts = Posts::new(server.kind.posting(), entries);
    closed_loop::run_all(&[server.address], &mut posts, FILLERS, FILLING_TIMEOUT)?;
    let stored = posts.compare(server.address)?;
    if !stored.holds() || stored.acknowledged != entries as usize {
        return Err(io::Error::other(format!("the log could not be filled: {stored:?}")));
    }
    server.stop()?;
    Ok(place)
}

/// Measures a store that holds what is in this SQLite file.
pub(super) fn run(hub: &Installed, engine: &mut Engine, filled: &str, form: &Form) -> io::Result<Started> {
    let place =
        if engine.store().is_shared() { copy(hub, filled, &engine.new_feed(), form)? } else { filled.into() };
    let setup = Setup { store: Some(place), max_notifications: form.entries, ..Setup::default() };
    let mut server = hub.start(&setup)?;
    let mut ready_after = Vec::new();
    for _ in 0..form.starts {
        server.stop()?;
        let began = Instant::now();
        server.start_again()?;
        wait_until_ready(server.address)?;
        ready_after.push(began.elapsed());
    }
    let list = http::get(server.address, "/api/notifications?limit=1")?;
    if list.len() < 10 {
        return Err(io::Error::other("a hub that is ready lists nothing"));
    }
    Ok(Started {
        store: engine.store(),
        entries: form.entries,
        ready_after,
        hub_memory: server.process.memory().rss,
        store_memory: engine.memory(),
    })
}

/// Copies a feed as an administrator would.
fn copy(hub: &Installed, from: &str, to: &str, form: &Form) -> io::Result<String> {
    let output = Command::new(hub.program())
        .args(["--max-notifications", &form.entries.to_string(), "move", "--from", from, "--to", to])
        .output()?;
    if output.status.success() {
        return Ok(to.to_owned());
    }
    Err(io::Error::other(format!("the feed cannot be moved: {}", String::from_utf8_lossy(&output.stderr))))
}

fn wait_until_ready(address: SocketAddr) -> io::Result<()> {
    let deadline = Instant::now() + FILLING_TIMEOUT;
    loop {
        match http::get(address, "/readyz") {
            Ok(_) => return Ok(()),
            Err(error) if Instant::now() > deadline => return Err(error),
            Err(_) => std::thread::sleep(Duration::from_millis(1)),
        }
    }
}
