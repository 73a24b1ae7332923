//! The stores that are compared: how each is started, and where it keeps a feed.

use std::{fmt, io, time::Duration};

use clap::ValueEnum;
use notifyhub_test_engines::{Brokers, Postgres, Setup, Sync};
use tempfile::TempDir;

use super::limit;
use crate::{closed_loop::Answers, process, scenario::requests};

/// Where hubs may keep their notifications.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Store {
    /// A file of one hub's own.
    Sqlite,
    /// One PostgreSQL, which syncs each commit.
    Postgres,
    /// The same with a standby on the same machine, which has each commit on its disk before it is acknowledged.
    PostgresStandby,
    /// One NATS server, synced every two minutes, as it does by itself.
    Broker,
    /// Three NATS servers that replicate, synced so too.
    Brokers,
    /// Three that sync before they acknowledge.
    BrokersAlways,
}

impl Store {
    /// Its name in tables.
    const fn name(self) -> &'static str {
        match self {
            Store::Sqlite => "SQLite",
            Store::Postgres => "PostgreSQL",
            Store::PostgresStandby => "PostgreSQL, synchronous standby",
            Store::Broker => "JetStream, one broker",
            Store::Brokers => "JetStream, three brokers",
            Store::BrokersAlways => "JetStream, three, `sync_interval: always`",
        }
    }

    /// Whether several hubs may share it.
    pub(crate) const fn is_shared(self) -> bool {
        !matches!(self, Store::Sqlite)
    }

    /// Whether it can be measured here; if not, that is said aloud.
    pub(crate) fn is_available(self) -> bool {
        match self {
            Store::Sqlite => true,
            Store::Postgres | Store::PostgresStandby => Postgres::is_available(),
            _ => Brokers::are_available(),
        }
    }
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A store that runs, with nothing in it; it ends when this is dropped.
pub(crate) struct Engine {
    store: Store,
    running: Running,
    feeds: u32,
}

enum Running {
    Sqlite(TempDir),
    /// The primary first.
    Postgres(Vec<Postgres>),
    Brokers(Brokers),
}

/// How PostgreSQL runs: as it comes, with room for as many connections as there are publishers.
const POSTGRES: [&str; 4] =
    ["fsync=on", "synchronous_commit=on", "shared_buffers=128MB", "max_connections=300"];

impl Engine {
    /// Starts it.
    pub(crate) fn start(store: Store) -> io::Result<Self> {
        let brokers = |count, sync| {
            let started = Brokers::start_as(&Setup { sync, ..Setup::of(count) });
            started.map(Running::Brokers).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
        };
        let running = match store {
            Store::Sqlite => Running::Sqlite(tempfile::Builder::new().prefix("notifyhub-bench-").tempdir()?),
            Store::Postgres => Running::Postgres(vec![Postgres::start_with(&POSTGRES)]),
            Store::PostgresStandby => {
                let primary = Postgres::start_with(&POSTGRES);
                let standby = primary.standby("second");
                primary.set("synchronous_standby_names", "second");
                Running::Postgres(vec![primary, standby])
            }
            Store::Broker => brokers(1, Sync::Default)?,
            Store::Brokers => brokers(3, Sync::Default)?,
            Store::BrokersAlways => brokers(3, Sync::Always)?,
        };
        Ok(Engine { store, running, feeds: 0 })
    }

    /// Which it is.
    pub(crate) fn store(&self) -> Store {
        self.store
    }

    /// A place for a feed that nothing is in yet, as `--store` takes it.
    pub(crate) fn new_feed(&mut self) -> String {
        self.feeds += 1;
        let name = format!("feed_{}", self.feeds);
        match &self.running {
            Running::Sqlite(directory) => format!("sqlite:{}", directory.path().join(name).display()),
            Running::Postgres(servers) => servers[0].database(&name),
            Running::Brokers(brokers) => brokers.store(&name),
        }
    }

    /// What it does without a hub, with so many clients that each store the next notification as soon as the last is
    /// stored.
    pub(crate) fn limit(&mut self, clients: usize, window: Duration) -> io::Result<Option<Answers>> {
        match &self.running {
            // One file has one writer.
            Running::Sqlite(directory) if clients == 1 => {
                requests::synced_writes(directory.path(), window).map(Some)
            }
            Running::Sqlite(_) => Ok(None),
            Running::Postgres(servers) => {
                self.feeds += 1;
                let database = servers[0].database(&format!("limit_{}", self.feeds));
                limit::of_postgres(&database, clients, window).map(Some)
            }
            Running::Brokers(brokers) => {
                self.feeds += 1;
                let addresses: Vec<_> =
                    (0..brokers.len()).map(|index| brokers.client_address(index)).collect();
                let stream = format!("limit_{}", self.feeds);
                limit::of_jetstream(&addresses, &stream, clients, window).map(Some)
            }
        }
    }

    /// The processor time that its own processes have used.
    pub(crate) fn cpu(&self) -> Duration {
        self.process_ids().into_iter().map(process::cpu_with_children).sum()
    }

    /// The memory that its own processes have, in bytes; pages that they share count once.
    pub(crate) fn memory(&self) -> u64 {
        self.process_ids().into_iter().map(|pid| process::memory_with_children(pid).pss).sum()
    }

    fn process_ids(&self) -> Vec<u32> {
        match &self.running {
            Running::Sqlite(_) => Vec::new(),
            Running::Postgres(servers) => servers.iter().map(Postgres::process_id).collect(),
            Running::Brokers(brokers) => brokers.process_ids().collect(),
        }
    }
}
