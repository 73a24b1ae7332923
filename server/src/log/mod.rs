//! The log: the only truth. Each entry gets the next [`Seq`]; entries say that a notification was published,
//! that one was deleted, or that all were cleared. The trait holds nothing of any one back end.
//!
//! # Layout
//! - [`memory`]: keeps nothing after the process ends.
//! - [`sqlite`]: one file, one writer thread, group commit.
//! - `contract`: the tests that each back end must pass.

#[cfg(test)]
mod contract;
pub mod memory;
pub mod sqlite;

use std::{future::Future, num::NonZeroU64, pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;
use uuid::Uuid;

use crate::{
    event_id::{Epoch, Seq},
    notification::EncodedNotification,
};

/// How long the first answer to an idempotency key is remembered.
pub const IDEMPOTENCY_PERIOD: Duration = Duration::from_hours(24);

/// What an entry says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A notification was published.
    Published(Arc<EncodedNotification>),
    /// The notification with this id was deleted. The entry that once published it reads the same from then
    /// on: what was deleted is not kept for the sake of replaying it.
    Deleted(Uuid),
    /// All notifications were deleted.
    Cleared,
}

/// One entry of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its position.
    pub seq: Seq,
    /// What it says.
    pub change: Change,
}

/// What to append.
#[derive(Clone, Debug)]
pub enum Command {
    /// Publish a notification; under a key that was used before, do nothing and give the first answer.
    Publish {
        /// What to publish.
        notification: Arc<EncodedNotification>,
        /// The poster's idempotency key.
        key: Option<String>,
    },
    /// Delete the notification with this id.
    Delete(Uuid),
    /// Delete all notifications.
    Clear,
}

/// What an append came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The entry is stored and was handed to the [`CommitSink`].
    Appended(Seq),
    /// The key was used before: the JSON of the notification that was published then.
    Repeated(Bytes),
    /// There was nothing to delete; no entry was made.
    Nothing,
}

/// What one transaction stored.
#[derive(Clone, Debug)]
pub struct Commit {
    /// The new entries, without a gap to those before; never empty.
    pub entries: Vec<Entry>,
    /// Retention has dropped the notifications published up to here.
    pub dropped_through: Seq,
}

/// Is handed each commit, in order, after it is stored and before anyone who appended is answered: whoever
/// has an answer finds what it appended.
pub type CommitSink = Box<dyn FnMut(Commit) + Send>;

/// What a log holds when it is opened.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The log's name.
    pub epoch: Epoch,
    /// The newest entry.
    pub head: Seq,
    /// The stored notifications, oldest first.
    pub notifications: Vec<(Seq, Arc<EncodedNotification>)>,
}

/// How much a log keeps.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// The most notifications; the oldest beyond it are dropped.
    pub max_notifications: NonZeroU64,
    /// The most entries to resume over. Deletes and clears are entries too, so this is more than
    /// `max_notifications`.
    pub max_entries: u64,
}

impl Retention {
    /// Keeps this many notifications, and 10,000 entries more to resume over.
    pub const fn keeping(max_notifications: NonZeroU64) -> Self {
        Retention { max_notifications, max_entries: max_notifications.get().saturating_add(10_000) }
    }

    /// The entry after which a log with this head can still be resumed, as far as the number of entries goes.
    fn oldest_resume_point(&self, head: Seq) -> Seq {
        head.back(self.max_entries)
    }
}

/// Why a log did not do what was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LogError {
    /// The storage failed; nothing was stored.
    #[error("the storage failed: {0}")]
    Storage(String),
    /// The log has been closed.
    #[error("the log is closed")]
    Closed,
}

/// Why entries cannot be read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ReadError {
    /// Entries after the given position are no longer kept.
    #[error("the entries are no longer kept")]
    Expired,
    /// The storage failed.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// A future that can be held behind a trait object.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// An ordered, durable sequence of entries.
pub trait Log: Send + Sync {
    /// Appends an entry. When the future resolves, the entry is stored as durably as this log promises and
    /// the sink has had it. Once called, the append happens even if the future is dropped.
    fn append(&self, command: Command) -> BoxFuture<'_, Result<Outcome, LogError>>;

    /// At most `limit` entries after `after`, in order and without a gap.
    fn read_after(&self, after: Seq, limit: usize) -> BoxFuture<'_, Result<Vec<Entry>, ReadError>>;

    /// The oldest entry a subscriber can resume after.
    fn oldest_resume_point(&self) -> Seq;

    /// Finishes what was begun and releases the storage; every later call answers [`LogError::Closed`].
    fn close(&self) -> BoxFuture<'_, ()>;
}
