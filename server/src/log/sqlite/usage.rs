//! How much waits for the writer, and how large its files are: noted where it changes, read by whoever watches.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::log::Usage;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Gauges {
    waiting: AtomicUsize,
    database_bytes: AtomicU64,
    wal_bytes: AtomicU64,
}

impl Gauges {
    /// One more is about to wait.
    pub(super) fn comes(&self) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
    }

    /// So many wait no longer.
    pub(super) fn go(&self, count: usize) {
        self.waiting.fetch_sub(count, Ordering::Relaxed);
    }

    pub(super) fn nobody_waits(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) == 0
    }

    /// The files have these sizes.
    pub(super) fn note_sizes(&self, database_bytes: u64, wal_bytes: u64) {
        self.database_bytes.store(database_bytes, Ordering::Relaxed);
        self.wal_bytes.store(wal_bytes, Ordering::Relaxed);
    }

    pub(super) fn usage(&self) -> Usage {
        Usage {
            waiting: self.waiting.load(Ordering::Relaxed),
            database_bytes: self.database_bytes.load(Ordering::Relaxed),
            wal_bytes: self.wal_bytes.load(Ordering::Relaxed),
        }
    }
}
