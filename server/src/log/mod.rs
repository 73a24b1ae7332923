//! The log: the only truth. Each entry has a number ([`Seq`]) and says what changed. Numbers grow; some are missing,
//! for there is one rule of compaction: an entry about a notification voids the earlier ones about it, and
//! [`Change::Clear`] voids every entry about notifications before it. The trait holds nothing of any one back end.
//!
//! # Layout
//! - `index`: what is stored, and what a command therefore changes: the rules that all back ends share.
//! - `window`: the entries that can be read, in memory, for those back ends that do not read them from a disk.
//! - [`memory`]: keeps nothing after the process ends.
//! - [`sqlite`]: one file, one writer thread, group commit.
//! - [`jetstream`]: a stream of NATS JetStream, for several hubs.
//! - `postgres`: a database that several hubs share.
//! - `contract`: the tests that each back end must pass.

#[cfg(test)]
mod contract;
mod idempotency;
mod index;
#[cfg(feature = "nats")]
pub mod jetstream;
pub mod memory;
#[cfg(feature = "postgres")]
pub mod postgres;
pub mod sqlite;
mod window;

use std::{
    num::NonZeroU64,
    sync::Arc,
    time::{Duration, Instant},
};

pub use futures_util::future::BoxFuture;
use tokio::sync::watch;
use uuid::Uuid;

pub use self::{
    idempotency::{IDEMPOTENCY_PERIOD, IdempotencyKey, MAX_IDEMPOTENCY_KEYS},
    index::MAX_OPEN,
};
use crate::{
    event_id::{Epoch, Seq},
    notification::{Draft, EncodedNotification, Revision},
};

/// What an entry says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A notification was published or, with an id that is known, revised.
    Put(Arc<EncodedNotification>),
    /// A notification was deleted, withdrawn, or overtaken by a newer one of its key.
    Remove(Uuid),
    /// All notifications were deleted.
    Clear,
    /// Whoever reads this feed has read up to this notification.
    Read(Uuid),
    /// From here on event ids carry this name.
    Epoch(Epoch),
}

/// What an entry is about: a later entry about the same voids it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// One notification.
    Notification(Uuid),
    /// The read mark.
    ReadMark,
    /// All notifications.
    Everything,
    /// The log itself; nothing voids it.
    Log,
}

impl Change {
    /// What it is about.
    pub fn subject(&self) -> Subject {
        match self {
            Change::Put(encoded) => Subject::Notification(encoded.notification.id),
            Change::Remove(id) => Subject::Notification(*id),
            Change::Clear => Subject::Everything,
            Change::Read(_) => Subject::ReadMark,
            Change::Epoch(_) => Subject::Log,
        }
    }
}

impl Subject {
    /// Whether a later entry about this voids an earlier one about `earlier`: the rule of compaction.
    pub fn voids(self, earlier: Subject) -> bool {
        match self {
            Subject::Log => false,
            Subject::Everything => matches!(earlier, Subject::Notification(_) | Subject::Everything),
            _ => self == earlier,
        }
    }
}

/// One entry of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number.
    pub seq: Seq,
    /// What it says.
    pub change: Change,
}

/// What to append. The log decides what that changes, in one step with storing it, so that two who post at the same
/// time cannot decide by the same state.
#[derive(Clone, Debug)]
pub enum Command {
    /// Publish a notification. Open ones of its key are removed with the same transaction.
    Publish {
        /// What to publish.
        draft: Box<Draft>,
        /// The poster's name for this post: if it was used before, nothing is published.
        idempotency: Option<IdempotencyKey>,
    },
    /// Revise the notification with this id.
    Revise(Uuid, Revision),
    /// Remove the notifications with these ids.
    Remove(Vec<Uuid>),
    /// Remove the open notifications of this key.
    Withdraw(String),
    /// Remove all notifications.
    Clear,
    /// Move the read mark to this notification, never back.
    Read(Uuid),
    /// Drop what has become too old, as every command does.
    Retain,
    /// Take over what another log holds. For a log that holds nothing.
    TakeOver(Contents),
}

/// What a log holds, as another one can take it over: ids are kept, numbers and epochs are not.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    /// In the order of ids.
    pub notifications: Vec<Arc<EncodedNotification>>,
    /// The read mark.
    pub read_through: Option<Uuid>,
}

/// What an append came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Appended {
    /// The notification that was published or revised, as it is stored.
    pub notification: Option<Arc<EncodedNotification>>,
    /// How many notifications were removed because that was asked for.
    pub removed: u64,
    /// The read mark after a [`Command::Read`].
    pub read_through: Option<Uuid>,
    /// The idempotency key was used before, for the same content: `notification` is what came of it then.
    pub replayed: bool,
}

/// A notification that retention has dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// Its id.
    pub id: Uuid,
    /// The number of the entry that held it.
    pub seq: Seq,
    /// Whether that entry was a revision: it is replayed as [`Change::Remove`]. Nobody resumes over a publication
    /// that was dropped.
    pub is_revision: bool,
}

/// What one transaction stored.
#[derive(Clone, Debug, Default)]
pub struct Commit {
    /// The new entries, in order.
    pub entries: Vec<Entry>,
    /// What retention dropped.
    pub dropped: Vec<Dropped>,
    /// The oldest entry that can be resumed after.
    pub oldest_resume_point: Seq,
    /// When the log was given what each entry comes from, in the same order; may be shorter.
    pub accepted: Vec<Instant>,
    /// How many commands it carried out; 0: another hub has stored it.
    pub commands: usize,
    /// How long storing it took; zero if another hub did.
    pub took: Duration,
}

/// What a log holds when it is opened.
#[derive(Clone, Debug, Default)]
pub struct Stored {
    /// All entries, in order.
    pub entries: Vec<Entry>,
    /// The oldest entry that can be resumed after.
    pub oldest_resume_point: Seq,
}

/// What follows a log: it is handed what is stored when the log is opened, and then every commit, in order, after it
/// is stored and before anyone who appended is answered.
pub trait Replica: Send + Sync {
    /// What the log holds: before any commit, and again where it turns out to hold something else than was handed over,
    /// such as an older state that was restored. All that was handed over before is void then.
    fn load(&self, stored: Stored);
    /// What was stored since, by this hub or by another one on the same log.
    fn apply(&self, commit: Commit);
}

/// How much a log keeps.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// The most notifications that are not open; the oldest beyond it are dropped.
    pub max_notifications: NonZeroU64,
    /// The most entries to resume over. Removals are entries too, so this is more than `max_notifications`.
    pub max_entries: u64,
    /// Notifications older than this are dropped, but for the open ones.
    pub max_age: Option<Duration>,
}

impl Retention {
    /// Keeps this many notifications, and 10,000 entries more to resume over.
    pub const fn keeping(max_notifications: NonZeroU64) -> Self {
        Retention {
            max_notifications,
            max_entries: max_notifications.get().saturating_add(10_000),
            max_age: None,
        }
    }

    /// The same, dropping what is older than `max_age`.
    #[must_use]
    pub const fn and_max_age(self, max_age: Option<Duration>) -> Self {
        Retention { max_age, ..self }
    }
}

/// How much waits to be stored, and how much is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Commands that wait for their turn.
    pub waiting: usize,
    /// The size of the database, in bytes; 0 in memory.
    pub database_bytes: u64,
    /// The size of its write-ahead log, in bytes.
    pub wal_bytes: u64,
}

/// Whether the log does its work.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Condition {
    /// It stores what it is given.
    #[default]
    Ready,
    /// It stores nothing for now, for this reason, and tries again by itself.
    Degraded(Arc<str>),
    /// It stores nothing any more, for this reason, until the hub is started again.
    Stopped(Arc<str>),
}

impl Condition {
    /// In a word.
    pub fn name(&self) -> &'static str {
        match self {
            Condition::Ready => "ready",
            Condition::Degraded(_) => "degraded",
            Condition::Stopped(_) => "stopped",
        }
    }

    /// Why it does not do its work.
    pub fn reason(&self) -> Option<&Arc<str>> {
        match self {
            Condition::Ready => None,
            Condition::Degraded(reason) | Condition::Stopped(reason) => Some(reason),
        }
    }
}

/// Why an append was not acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// The storage refused it; nothing was stored.
    #[error("the storage failed: {0}")]
    Rejected(String),
    /// The storage failed in a way that leaves open whether it is stored.
    #[error("the storage failed, and it is not known whether this was stored: {0}")]
    Unknown(String),
    /// Nothing is taken for now; nothing was stored.
    #[error("{reason}")]
    Unavailable {
        /// Why.
        reason: String,
    },
    /// The idempotency key was used before, for something else; nothing was stored.
    #[error("the idempotency key was used before, for a notification with other content")]
    KeyReused,
    /// The log has been closed; nothing was stored.
    #[error("the log is closed")]
    Closed,
}

/// Why entries cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Entries after the given position are no longer kept.
    #[error("the entries are no longer kept")]
    Expired,
    /// The storage failed.
    #[error("the storage failed: {0}")]
    Storage(String),
    /// The log has been closed.
    #[error("the log is closed")]
    Closed,
}

/// It cannot be told whether the replica has what other hubs have stored: where the entries are kept does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this hub has lost touch with where notifications are kept, and may lack the newest ones")]
pub struct Behind;

/// How long a log that several hubs share is ready although nothing is heard from where its entries are kept: then it is
/// [`Condition::Degraded`] until something is.
pub const MAX_SILENCE: Duration = Duration::from_secs(10);

/// Some entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryPage {
    /// In order; numbers may be missing.
    pub entries: Vec<Entry>,
    /// How far the page reaches: there is no other entry up to here.
    pub through: Seq,
}

/// An ordered, durable sequence of entries.
pub trait Log: Send + Sync {
    /// Carries out a command. When the future resolves, what came of it is stored as durably as this log promises
    /// and the [`Replica`] has had it. A command whose future is dropped before the log has begun with it is not
    /// carried out.
    fn append(&self, command: Command) -> BoxFuture<'_, Result<Appended, AppendError>>;

    /// Entries after `after`, in order: about `max_bytes` of them, at least one if there is one.
    fn read_after(&self, after: Seq, max_bytes: usize) -> BoxFuture<'_, Result<EntryPage, ReadError>>;

    /// Waits, for a bounded time, until the replica has had all that any hub had been acknowledged before this call, and
    /// `seq`, which another hub may have told of a moment ago. `Ok` without `seq`: the log has no such entry (yet).
    ///
    /// A log of one's own has nothing to wait for.
    fn catch_up(&self, seq: Seq) -> BoxFuture<'_, Result<(), Behind>> {
        let _ = seq;
        Box::pin(std::future::ready(Ok(())))
    }

    /// Whether other hubs may append to the same log.
    fn is_shared(&self) -> bool {
        false
    }

    /// How long nothing has been heard from where the entries are kept. Zero for a log of one's own.
    fn silence(&self) -> Duration {
        Duration::ZERO
    }

    /// Whether it does its work, now and from now on. Short of [`MAX_SILENCE`], silence alone is no reason not to.
    fn condition(&self) -> watch::Receiver<Condition>;

    /// How much waits to be stored, and how much is. Never waits for the storage itself.
    fn usage(&self) -> Usage;

    /// Resolves when the log has ended: after [`Log::close`] when what was begun is finished and the storage is
    /// released; before, if what does its work has died. For one caller.
    fn ended(&self) -> BoxFuture<'_, ()>;

    /// Takes nothing more: every later append answers [`AppendError::Closed`].
    fn close(&self);
}

/// About how much of an event stream an entry makes, in bytes.
fn approximate_bytes(change: &Change) -> usize {
    const FRAME: usize = 96;
    match change {
        Change::Put(encoded) => FRAME + encoded.json_len(),
        _ => FRAME,
    }
}
