//! The stored notifications, in memory: what `init` and the REST lists answer from. It is derived from the
//! log, entry by entry, and never runs ahead of it. No I/O here.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, OnceLock, RwLock},
};

use bytes::Bytes;
use uuid::Uuid;

use crate::{
    event_id::{Epoch, EventId, Seq},
    frame::Frame,
    log::{Change, Commit},
    notification::{EncodedNotification, Level},
};

/// The most notifications in one answer.
pub const MAX_LIST: u16 = 1000;

/// Which notifications to list.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// The most to return; at most [`MAX_LIST`] are, whatever it says.
    pub limit: Option<usize>,
    /// Only those older than the one with this id.
    pub before: Option<Uuid>,
    /// Only those whose message, title or a tag contains this text, whatever the case.
    pub text: Option<String>,
    /// Only those of this level.
    pub level: Option<Level>,
    /// Only those with this tag.
    pub tag: Option<String>,
}

impl Query {
    fn is_everything(&self) -> bool {
        self.limit.is_none_or(|limit| limit >= usize::from(MAX_LIST))
            && self.before.is_none()
            && self.text.is_none()
            && self.level.is_none()
            && self.tag.is_none()
    }
}

/// `before` names no stored notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownBefore;

/// See the module.
#[derive(Debug)]
pub struct History {
    epoch: Epoch,
    /// Held for pointer copies only: answers are put together outside, so that publishing never waits for a
    /// reader.
    stored: RwLock<Stored>,
}

#[derive(Debug, Default)]
struct Stored {
    /// The newest entry that is contained.
    head: Seq,
    /// Oldest first.
    items: VecDeque<(Seq, Arc<EncodedNotification>)>,
    by_id: HashMap<Uuid, Seq>,
    /// The newest [`MAX_LIST`] as an `init` frame, made by the first who asks and shared until the next
    /// change: thousands may connect in one instant.
    init: Arc<OnceLock<Frame>>,
}

impl Stored {
    fn insert(&mut self, seq: Seq, notification: Arc<EncodedNotification>) {
        self.by_id.insert(notification.notification.id, seq);
        self.items.push_back((seq, notification));
    }

    fn position(&self, id: Uuid) -> Option<usize> {
        let seq = self.by_id.get(&id)?;
        self.items.binary_search_by_key(seq, |(seq, _)| *seq).ok()
    }

    fn newest(&self, limit: usize) -> Vec<Arc<EncodedNotification>> {
        self.items.iter().rev().take(limit).map(|(_, item)| Arc::clone(item)).collect()
    }
}

impl History {
    /// What a log held when it was opened, oldest first, and its newest entry.
    pub fn new(
        epoch: Epoch,
        head: Seq,
        notifications: impl IntoIterator<Item = (Seq, Arc<EncodedNotification>)>,
    ) -> Self {
        let mut stored = Stored { head, ..Stored::default() };
        for (seq, notification) in notifications {
            stored.insert(seq, notification);
        }
        History { epoch, stored: RwLock::new(stored) }
    }

    /// Takes in what the log has stored.
    pub fn apply(&self, commit: &Commit) {
        let mut stored = self.stored.write().expect("no one panics with the history in hand");
        for entry in &commit.entries {
            match &entry.change {
                Change::Published(notification) => stored.insert(entry.seq, Arc::clone(notification)),
                Change::Deleted(id) => {
                    if let Some(position) = stored.position(*id) {
                        stored.items.remove(position);
                        stored.by_id.remove(id);
                    }
                }
                Change::Cleared => {
                    stored.items.clear();
                    stored.by_id.clear();
                }
            }
            stored.head = entry.seq;
        }
        while stored.items.front().is_some_and(|(seq, _)| *seq <= commit.dropped_through) {
            if let Some((_, oldest)) = stored.items.pop_front() {
                stored.by_id.remove(&oldest.notification.id);
            }
        }
        stored.init = Arc::default();
    }

    /// The `init` event of the newest notifications, and the entry it goes up to.
    pub fn init(&self, limit: u16) -> (Seq, Frame) {
        let limit = limit.min(MAX_LIST);
        let (head, shared, items) = {
            let stored = self.stored.read().expect("no one panics with the history in hand");
            let shared = (limit == MAX_LIST).then(|| Arc::clone(&stored.init));
            if let Some(frame) = shared.as_ref().and_then(|shared| shared.get()) {
                return (stored.head, frame.clone());
            }
            (stored.head, shared, stored.newest(limit.into()))
        };
        let make = || Frame::init(EventId { epoch: self.epoch, seq: head }, &array(&items));
        match shared {
            Some(shared) => (head, shared.get_or_init(make).clone()),
            None => (head, make()),
        }
    }

    /// A JSON array, newest first, and the entry it goes up to.
    pub fn list(&self, query: &Query) -> Result<(Seq, Bytes), UnknownBefore> {
        if query.is_everything() {
            let (head, frame) = self.init(MAX_LIST);
            return Ok((head, frame.data()));
        }
        let limit = query.limit.unwrap_or(usize::MAX).min(MAX_LIST.into());
        let (head, candidates) = {
            let stored = self.stored.read().expect("no one panics with the history in hand");
            let end = match query.before {
                Some(id) => stored.position(id).ok_or(UnknownBefore)?,
                None => stored.items.len(),
            };
            // Without a filter no more than the answer is copied.
            let filtered = query.text.is_some() || query.level.is_some() || query.tag.is_some();
            let most = if filtered { usize::MAX } else { limit };
            let candidates: Vec<_> =
                stored.items.range(..end).rev().take(most).map(|(_, item)| Arc::clone(item)).collect();
            (stored.head, candidates)
        };
        let text = query.text.as_ref().map(|text| text.to_lowercase());
        let matches = |item: &Arc<EncodedNotification>| {
            let notification = &item.notification;
            query.level.is_none_or(|level| notification.level == Some(level))
                && query.tag.as_ref().is_none_or(|tag| notification.tags.contains(tag))
                && text.as_ref().is_none_or(|text| {
                    std::iter::once(&notification.message)
                        .chain(&notification.title)
                        .chain(&notification.tags)
                        .any(|field| field.to_lowercase().contains(text))
                })
        };
        let found: Vec<_> = candidates.into_iter().filter(matches).take(limit).collect();
        Ok((head, array(&found).into()))
    }

    /// One notification as JSON.
    pub fn get(&self, id: Uuid) -> Option<Bytes> {
        let stored = self.stored.read().expect("no one panics with the history in hand");
        stored.position(id).map(|position| stored.items[position].1.json.clone())
    }

    /// How many are stored, and the newest entry.
    pub fn status(&self) -> (usize, Seq) {
        let stored = self.stored.read().expect("no one panics with the history in hand");
        (stored.items.len(), stored.head)
    }
}

fn array(items: &[Arc<EncodedNotification>]) -> Vec<u8> {
    let length: usize = items.iter().map(|item| item.json.len() + 1).sum();
    let mut json = Vec::with_capacity(length + 2);
    json.push(b'[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            json.push(b',');
        }
        json.extend_from_slice(&item.json);
    }
    json.push(b']');
    json
}
