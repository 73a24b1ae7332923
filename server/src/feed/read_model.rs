//! The stored notifications, in memory: what `init` and the REST lists answer from. It is derived from the
//! log, entry by entry, and never runs ahead of it. No I/O here.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
    sync::{Arc, OnceLock, RwLock, RwLockReadGuard},
};

use bytes::Bytes;
use uuid::Uuid;

use super::{
    json_array::{JsonArray, Selection, Snapshot},
    resume::{Epochs, Resume},
};
use crate::{
    event_id::{EventId, Seq},
    log::{Change, Commit, Entry, Stored},
    notification::EncodedNotification,
    sse::event::Reason,
};

/// The most notifications in one answer.
pub const MAX_LIST: u16 = 1000;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct ReadModel {
    /// Held for pointer copies only: answers are put together outside, so that publishing never waits for a
    /// reader.
    state: RwLock<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The newest entry that is contained.
    head: Seq,
    oldest_resume_point: Seq,
    epochs: Arc<Epochs>,
    read_through: Option<Uuid>,
    /// The newest that was ever published, as far as is known.
    newest_id: Option<Uuid>,
    /// In the order of ids, which is that of publishing.
    items: BTreeMap<Uuid, Arc<EncodedNotification>>,
    open: BTreeSet<Uuid>,
    /// Made by the first who asks and shared until the next change: thousands may connect in one instant.
    snapshot: Arc<OnceLock<Arc<Snapshot>>>,
}

/// What a commit came to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Applied {
    /// How many notifications were published.
    pub(super) published: u64,
    /// Whether an earlier entry was voided.
    pub(super) voided: bool,
}

/// Why an open stream has lost its place, and the entry that it had got to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Lost {
    /// What follows is no longer kept, or cannot be read.
    Expired { after: Seq },
    /// The log holds something else now than what the stream was sent.
    Reloaded { after: Seq },
}

/// What the read model holds, in numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Totals {
    pub(super) stored: usize,
    pub(super) open: usize,
    pub(super) latest_id: EventId,
    pub(super) read_through: Option<Uuid>,
}

/// Where a subscriber begins, and what with.
pub(super) struct Beginning {
    pub(super) resume: Resume,
    pub(super) latest_id: EventId,
    pub(super) read_through: Option<Uuid>,
    /// The entry to go on after.
    pub(super) after: Seq,
    /// The data of `init`, unless it resumes.
    pub(super) init: Option<JsonArray>,
}

impl State {
    fn apply(&mut self, entry: &Entry) -> Applied {
        self.head = entry.seq;
        match &entry.change {
            Change::Put(encoded) => {
                let id = encoded.notification.id;
                self.newest_id = self.newest_id.max(Some(id));
                if encoded.notification.is_open() {
                    self.open.insert(id);
                } else {
                    self.open.remove(&id);
                }
                let is_new = self.items.insert(id, Arc::clone(encoded)).is_none();
                return Applied { published: u64::from(is_new), voided: !is_new };
            }
            Change::Remove(id) => {
                self.newest_id = self.newest_id.max(Some(*id));
                self.remove(*id);
            }
            Change::Clear => {
                self.items.clear();
                self.open.clear();
            }
            Change::Read(through) => {
                self.read_through = Some(*through);
                self.newest_id = self.newest_id.max(Some(*through));
            }
            Change::Epoch(epoch) => {
                Arc::make_mut(&mut self.epochs).begin(entry.seq, *epoch);
                return Applied::default();
            }
        }
        Applied { published: 0, voided: true }
    }

    fn remove(&mut self, id: Uuid) {
        self.items.remove(&id);
        self.open.remove(&id);
    }

    /// The newest, and the older ones that are open.
    fn collect_snapshot(&self) -> Snapshot {
        let mut items: Vec<_> = self.items.values().rev().take(MAX_LIST.into()).cloned().collect();
        if let Some(oldest) = items.last().map(|item| item.notification.id)
            && items.len() < self.items.len()
        {
            items.extend(self.open.range(..oldest).rev().filter_map(|id| self.items.get(id).cloned()));
        }
        Snapshot { items }
    }
}

impl ReadModel {
    /// Takes what a log holds in the place of what is here.
    pub(super) fn load(&self, stored: &Stored) {
        let mut state = State::default();
        for entry in &stored.entries {
            state.apply(entry);
        }
        state.oldest_resume_point = stored.oldest_resume_point;
        state.head = state.head.max(stored.oldest_resume_point);
        *self.state.write().expect("no code panics while it holds the read model") = state;
    }

    /// Takes in what the log has stored.
    pub(super) fn apply(&self, commit: &Commit) -> Applied {
        let mut total = Applied { published: 0, voided: !commit.dropped.is_empty() };
        let mut state = self.state.write().expect("no code panics while it holds the read model");
        for entry in &commit.entries {
            let applied = state.apply(entry);
            total.published += applied.published;
            total.voided |= applied.voided;
        }
        for dropped in &commit.dropped {
            state.remove(dropped.id);
        }
        state.oldest_resume_point = commit.oldest_resume_point;
        state.snapshot = Arc::default();
        total
    }

    /// How a stream begins. Taking the snapshot is one step with subscribing, for the cursor is the very entry the
    /// snapshot goes up to. A stream that loses its place while it is open passes `lost`.
    pub(super) fn begin(&self, last_event_id: Option<&str>, lost: Option<Lost>, limit: u16) -> Beginning {
        let state = self.state();
        let (oldest, head) = (state.oldest_resume_point, state.head);
        let afresh = |reason, missed| Resume { reason, after: None, missed };
        let resume = match lost {
            Some(Lost::Reloaded { after }) if after >= oldest => afresh(Reason::Unknown, 0),
            Some(Lost::Reloaded { after } | Lost::Expired { after }) => {
                afresh(Reason::Expired, head.since(after))
            }
            None => Resume::decide(last_event_id, &state.epochs, oldest, head),
        };
        let latest_id = state.epochs.event_id(head);
        let read_through = state.read_through;
        let after = resume.after.unwrap_or(head);
        let snapshot = resume.after.is_none().then(|| Self::snapshot(state));
        let selection = Selection::FirstAndOpen(limit.min(MAX_LIST).into());
        let init = snapshot.map(|snapshot| JsonArray::new(snapshot, selection));
        Beginning { resume, latest_id, read_through, after, init }
    }

    /// The newest notifications, newest first: all of them, at most [`MAX_LIST`].
    pub(super) fn newest(&self, limit: usize) -> JsonArray {
        JsonArray::new(Self::snapshot(self.state()), Selection::First(limit.min(MAX_LIST.into())))
    }

    /// At most `limit` notifications that are older than `before`, newest first.
    pub(super) fn older(&self, before: Option<Uuid>, limit: usize) -> Vec<Arc<EncodedNotification>> {
        let end = before.map_or(Bound::Unbounded, Bound::Excluded);
        self.state()
            .items
            .range((Bound::Unbounded, end))
            .rev()
            .take(limit)
            .map(|(_, item)| Arc::clone(item))
            .collect()
    }

    /// One notification as JSON.
    pub(super) fn get(&self, id: Uuid) -> Option<Bytes> {
        self.state().items.get(&id).map(|item| item.json())
    }

    /// The newest that was ever published, as far as is known.
    pub(super) fn newest_id(&self) -> Option<Uuid> {
        self.state().newest_id
    }

    /// What it holds, in numbers.
    pub(super) fn totals(&self) -> Totals {
        let state = self.state();
        Totals {
            stored: state.items.len(),
            open: state.open.len(),
            latest_id: state.epochs.event_id(state.head),
            read_through: state.read_through,
        }
    }

    /// The names of the log's entries, and the newest of those.
    pub(super) fn epochs(&self) -> (Arc<Epochs>, Seq) {
        let state = self.state();
        (Arc::clone(&state.epochs), state.head)
    }

    fn snapshot(state: RwLockReadGuard<'_, State>) -> Arc<Snapshot> {
        let shared = Arc::clone(&state.snapshot);
        if let Some(snapshot) = shared.get() {
            return Arc::clone(snapshot);
        }
        let snapshot = Arc::new(state.collect_snapshot());
        drop(state);
        // Whoever was first: both are of the same moment.
        Arc::clone(shared.get_or_init(|| snapshot))
    }

    fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().expect("no code panics while it holds the read model")
    }
}
