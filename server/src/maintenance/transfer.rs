//! Copies a feed from one store to another. The target takes it over in one step, or is marked as unfinished until it holds
//! everything: whatever interrupts it, no hub takes a half for the whole, and it can be done again.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use uuid::Uuid;

#[cfg(feature = "nats")]
use crate::log::jetstream::{self, JetStreamLog};
use crate::{
    config::{Config, Store},
    log::{
        AppendError, Change, Command, Commit, Contents, Dropped, Entry, Log, Replica, Retention, Stored,
        sqlite::FILE_NAME,
    },
    notification::EncodedNotification,
    storage::{self, OpenError},
};

/// How much a stream of `JetStream` takes over in one step, in notifications and in bytes.
#[cfg(feature = "nats")]
const STEP: (usize, usize) = (200, 1 << 20);

/// How long a log may take to finish.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(10);

/// Why a feed was not moved. The source is as it was.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// It is not said from where to where.
    #[error("{0}")]
    Options(String),
    /// There is no thread to do it.
    #[error("cannot start: {0}")]
    Start(std::io::Error),
    /// Nothing is kept there.
    #[error("`memory` keeps nothing that could be moved; name sqlite:DIR, postgres://… or nats://…")]
    Memory,
    /// There is one store.
    #[error("--from and --to are the same store")]
    Same,
    /// The source is not there, or empty.
    #[error("there is nothing to move in {0}")]
    Nothing(String),
    /// One of them cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The target's stream cannot be made.
    #[cfg(feature = "nats")]
    #[error(transparent)]
    Stream(#[from] jetstream::OpenError),
    /// The target is in use.
    #[error("{0} holds {1} already; move to one that holds nothing")]
    NotEmpty(String, String),
    /// The target would drop some at once.
    #[error(
        "there are {there} notifications that are not open, and the target would keep {kept} of them; say \
         --max-notifications {there} before `move`"
    )]
    TooMany {
        /// How many there are.
        there: usize,
        /// How many of them would be kept.
        kept: u64,
    },
    /// The target failed.
    #[error("{0} did not take it over: {1}; do it again when that is mended")]
    Append(String, AppendError),
    /// The target's limits are others.
    #[error(
        "{place} has kept {kept} of {moved} notifications: its limits are lower (or --max-age is); the source is as it was"
    )]
    Dropped {
        /// The target.
        place: String,
        /// How many it holds.
        kept: usize,
        /// How many it was given.
        moved: usize,
    },
}

/// What was moved.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moved {
    pub(super) notifications: u64,
    pub(super) open: u64,
}

/// Copies everything from one store to another.
pub(super) async fn run(config: &Config, from: &Store, to: &Store) -> Result<Moved, MoveError> {
    if matches!(from, Store::Memory) || matches!(to, Store::Memory) {
        return Err(MoveError::Memory);
    }
    if from == to || place(config, from) == place(config, to) && !from.is_shared() {
        return Err(MoveError::Same);
    }
    let limits = Retention::keeping(config.max_notifications).and_max_age(config.max_age);
    let mut own_limits = limits;
    if let Store::Sqlite(_) = from {
        let directory = config.directory_of(from).map_err(OpenError::from)?;
        if !directory.join(FILE_NAME).exists() {
            return Err(MoveError::Nothing(place(config, from)));
        }
        // Looking at it drops nothing. Stores of several hubs have limits of their own.
        own_limits = Retention::keeping(std::num::NonZeroU64::MAX);
    }
    let held = Arc::<Held>::default();
    // It stays open, so that no hub begins to use it meanwhile where that can be told.
    let source = storage::open(config, from, own_limits, Arc::clone(&held) as Arc<dyn Replica>).await?;
    let contents = held.contents();
    let moved = match contents.notifications.len() {
        0 => Err(MoveError::Nothing(place(config, from))),
        _ => fill(config, to, limits, contents).await,
    };
    close(&*source).await;
    moved
}

/// Has the target take it over.
async fn fill(
    config: &Config,
    to: &Store,
    limits: Retention,
    contents: Contents,
) -> Result<Moved, MoveError> {
    let count = contents.notifications.len();
    let open = contents.notifications.iter().filter(|encoded| encoded.notification.is_open()).count();
    if (count - open) as u64 > limits.max_notifications.get() {
        return Err(MoveError::TooMany { there: count - open, kept: limits.max_notifications.get() });
    }
    #[cfg(feature = "nats")]
    let (store, steps) = match to {
        Store::JetStream(address) => {
            let address = JetStreamLog::begin_filling(address, limits).await?;
            (Store::JetStream(address), in_steps(contents))
        }
        _ => (to.clone(), vec![contents]),
    };
    #[cfg(not(feature = "nats"))]
    let (store, steps) = (to.clone(), vec![contents]);
    let held = Arc::<Held>::default();
    let target = storage::open(config, &store, limits, Arc::clone(&held) as Arc<dyn Replica>).await?;
    let taken = take_over(config, to, &*target, &held, steps).await;
    close(&*target).await;
    taken?;
    let kept = held.contents().notifications.len();
    if kept < count {
        return Err(MoveError::Dropped { place: place(config, to), kept, moved: count });
    }
    #[cfg(feature = "nats")]
    if let Store::JetStream(address) = to {
        JetStreamLog::end_filling(address).await?;
    }
    Ok(Moved { notifications: count as u64, open: open as u64 })
}

async fn take_over(
    config: &Config,
    to: &Store,
    target: &dyn Log,
    held: &Held,
    steps: Vec<Contents>,
) -> Result<(), MoveError> {
    let there = held.contents();
    if !there.notifications.is_empty() || there.read_through.is_some() {
        let count = there.notifications.len() as u64;
        let open = there.notifications.iter().filter(|encoded| encoded.notification.is_open()).count();
        return Err(MoveError::NotEmpty(place(config, to), super::counted(count, open as u64)));
    }
    for step in steps {
        let taken = target.append(Command::TakeOver(step)).await;
        taken.map_err(|error| MoveError::Append(place(config, to), error))?;
    }
    Ok(())
}

/// The same, in pieces; the read mark comes last.
#[cfg(feature = "nats")]
fn in_steps(contents: Contents) -> Vec<Contents> {
    let mut steps = vec![Contents::default()];
    let mut bytes = 0;
    for encoded in contents.notifications {
        let last = steps.last_mut().expect("there is one from the beginning");
        if last.notifications.len() < STEP.0 && bytes < STEP.1 {
            bytes += encoded.json_len();
            last.notifications.push(encoded);
        } else {
            bytes = encoded.json_len();
            steps.push(Contents { notifications: vec![encoded], read_through: None });
        }
    }
    steps.push(Contents { notifications: Vec::new(), read_through: contents.read_through });
    steps
}

async fn close(log: &dyn Log) {
    log.close();
    // What was taken over is acknowledged already.
    let _ = tokio::time::timeout(CLOSE_TIMEOUT, log.ended()).await;
}

/// A store as it is told to people: without the password.
pub(super) fn place(config: &Config, store: &Store) -> String {
    match store {
        Store::Sqlite(_) => match config.directory_of(store) {
            Ok(directory) => directory.join(FILE_NAME).display().to_string(),
            Err(_) => "the data directory".to_owned(),
        },
        #[cfg(feature = "nats")]
        Store::JetStream(address) => address.to_string(),
        Store::Postgres(_) => "the PostgreSQL database".to_owned(),
        Store::Memory => "memory".to_owned(),
    }
}

/// What a log holds, followed as a hub does.
#[derive(Default)]
struct Held(Mutex<Feed>);

#[derive(Default)]
struct Feed {
    notifications: BTreeMap<Uuid, Arc<EncodedNotification>>,
    read_through: Option<Uuid>,
}

impl Held {
    fn feed(&self) -> MutexGuard<'_, Feed> {
        self.0.lock().expect("no code panics while it holds the feed")
    }

    fn contents(&self) -> Contents {
        let feed = self.feed();
        Contents {
            notifications: feed.notifications.values().cloned().collect(),
            read_through: feed.read_through,
        }
    }

    fn take(&self, entries: Vec<Entry>, dropped: &[Dropped]) {
        let mut feed = self.feed();
        for entry in entries {
            match entry.change {
                Change::Put(encoded) => {
                    feed.notifications.insert(encoded.notification.id, encoded);
                }
                Change::Remove(id) => {
                    feed.notifications.remove(&id);
                }
                Change::Clear => feed.notifications.clear(),
                Change::Read(through) => feed.read_through = Some(through),
                Change::Epoch(_) => {}
            }
        }
        for dropped in dropped {
            feed.notifications.remove(&dropped.id);
        }
    }
}

impl Replica for Held {
    fn load(&self, stored: Stored) {
        *self.feed() = Feed::default();
        self.take(stored.entries, &[]);
    }

    fn apply(&self, commit: Commit) {
        self.take(commit.entries, &commit.dropped);
    }
}
