//! A log in memory: for tests, and for those who want nothing kept.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    ops::Bound,
    sync::{Mutex, MutexGuard},
    time::Instant,
};

use bytes::Bytes;
use uuid::Uuid;

use crate::{
    event_id::{Epoch, Seq},
    log::{
        BoxFuture, Change, Command, Commit, CommitSink, Entry, IDEMPOTENCY_PERIOD, Log, LogError, Outcome,
        ReadError, Retention, Snapshot,
    },
};

/// See the module.
pub struct MemoryLog {
    /// Held while the sink runs, so that commits reach it in order.
    state: Mutex<State>,
    retention: Retention,
}

struct State {
    /// Gone once the log is closed.
    sink: Option<CommitSink>,
    /// All entries after the oldest resume point, and the published ones before it that are still stored.
    entries: BTreeMap<Seq, Change>,
    /// The stored notifications, oldest first, and where each of them is.
    stored: BTreeMap<Seq, Uuid>,
    seq_by_id: HashMap<Uuid, Seq>,
    head: Seq,
    oldest_resume_point: Seq,
    keys: HashMap<String, Bytes>,
    keys_by_age: VecDeque<(Instant, String)>,
}

impl MemoryLog {
    /// An empty log.
    pub fn new(retention: Retention, sink: CommitSink) -> Self {
        MemoryLog {
            state: Mutex::new(State {
                sink: Some(sink),
                entries: BTreeMap::new(),
                stored: BTreeMap::new(),
                seq_by_id: HashMap::new(),
                head: Seq::START,
                oldest_resume_point: Seq::START,
                keys: HashMap::new(),
                keys_by_age: VecDeque::new(),
            }),
            retention,
        }
    }

    /// What every log in memory starts from.
    pub fn snapshot() -> Snapshot {
        Snapshot { epoch: Epoch::random(), head: Seq::START, notifications: Vec::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no one panics with the log in hand")
    }
}

impl State {
    fn apply(&mut self, command: Command, retention: &Retention) -> Result<Outcome, LogError> {
        if self.sink.is_none() {
            return Err(LogError::Closed);
        }
        let seq = self.head.next();
        let change = match command {
            Command::Publish { notification, key } => {
                if let Some(key) = key {
                    self.forget_old_keys();
                    if let Some(json) = self.keys.get(&key) {
                        return Ok(Outcome::Repeated(json.clone()));
                    }
                    self.keys.insert(key.clone(), notification.json.clone());
                    self.keys_by_age.push_back((Instant::now(), key));
                }
                self.stored.insert(seq, notification.notification.id);
                self.seq_by_id.insert(notification.notification.id, seq);
                Change::Published(notification)
            }
            Command::Delete(id) => {
                let Some(published) = self.seq_by_id.remove(&id) else { return Ok(Outcome::Nothing) };
                self.stored.remove(&published);
                self.forget(published, id);
                Change::Deleted(id)
            }
            Command::Clear if self.stored.is_empty() => return Ok(Outcome::Nothing),
            Command::Clear => {
                self.seq_by_id.clear();
                for (published, id) in std::mem::take(&mut self.stored) {
                    self.forget(published, id);
                }
                Change::Cleared
            }
        };
        self.head = seq;
        self.entries.insert(seq, change.clone());
        let dropped_through = self.retain(retention);
        if let Some(sink) = &mut self.sink {
            sink(Commit { entries: vec![Entry { seq, change }], dropped_through });
        }
        Ok(Outcome::Appended(seq))
    }

    /// Replaces a published entry by the news that it is gone; one that is older than anyone can resume over
    /// leaves nothing behind.
    fn forget(&mut self, published: Seq, id: Uuid) {
        if published <= self.oldest_resume_point {
            self.entries.remove(&published);
        } else {
            self.entries.insert(published, Change::Deleted(id));
        }
    }

    /// Drops the oldest notifications and the oldest entries beyond the limits.
    fn retain(&mut self, retention: &Retention) -> Seq {
        let mut dropped_through = Seq::START;
        while self.stored.len() as u64 > retention.max_notifications.get() {
            let Some((seq, id)) = self.stored.pop_first() else { break };
            self.seq_by_id.remove(&id);
            self.entries.remove(&seq);
            dropped_through = seq;
        }
        let before = self.oldest_resume_point;
        let point = before.max(dropped_through).max(retention.oldest_resume_point(self.head));
        self.oldest_resume_point = point;
        if before < point {
            // Before the old point all that is left is stored.
            let stored = &self.stored;
            let passed = (Bound::Excluded(before), Bound::Included(point));
            self.entries.extract_if(passed, |seq, _| !stored.contains_key(seq)).for_each(drop);
        }
        dropped_through
    }

    fn forget_old_keys(&mut self) {
        while self.keys_by_age.front().is_some_and(|(since, _)| since.elapsed() > IDEMPOTENCY_PERIOD) {
            if let Some((_, key)) = self.keys_by_age.pop_front() {
                self.keys.remove(&key);
            }
        }
    }
}

impl Log for MemoryLog {
    fn append(&self, command: Command) -> BoxFuture<'_, Result<Outcome, LogError>> {
        let outcome = self.state().apply(command, &self.retention);
        Box::pin(std::future::ready(outcome))
    }

    fn read_after(&self, after: Seq, limit: usize) -> BoxFuture<'_, Result<Vec<Entry>, ReadError>> {
        let state = self.state();
        let read = if after < state.oldest_resume_point {
            Err(ReadError::Expired)
        } else {
            let following = state.entries.range((Bound::Excluded(after), Bound::Unbounded));
            Ok(following
                .take(limit)
                .map(|(seq, change)| Entry { seq: *seq, change: change.clone() })
                .collect())
        };
        Box::pin(std::future::ready(read))
    }

    fn oldest_resume_point(&self) -> Seq {
        self.state().oldest_resume_point
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.state().sink = None;
        Box::pin(std::future::ready(()))
    }
}
