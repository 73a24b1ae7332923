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

    /// A JSON array, newest first.
    pub fn list(&self, query: &Query) -> Result<Bytes, UnknownBefore> {
        if query.is_everything() {
            return Ok(self.init(MAX_LIST).1.data());
        }
        let limit = query.limit.unwrap_or(usize::MAX).min(MAX_LIST.into());
        let candidates: Vec<_> = {
            let stored = self.stored.read().expect("no one panics with the history in hand");
            let end = match query.before {
                Some(id) => stored.position(id).ok_or(UnknownBefore)?,
                None => stored.items.len(),
            };
            // Without a filter no more than the answer is copied.
            let filtered = query.text.is_some() || query.level.is_some() || query.tag.is_some();
            let most = if filtered { usize::MAX } else { limit };
            stored.items.range(..end).rev().take(most).map(|(_, item)| Arc::clone(item)).collect()
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
        Ok(array(&found).into())
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

#[cfg(test)]
mod tests {
    use chrono::Utc;

    use super::*;
    use crate::{log::Entry, notification::NewNotification};

    fn notification(message: &str, level: Option<Level>, tag: &str) -> Arc<EncodedNotification> {
        let new = NewNotification {
            message: message.into(),
            title: Some(format!("Title of {message}")),
            level,
            tags: vec![tag.into()],
            ..NewNotification::default()
        };
        Arc::new(EncodedNotification::new(new.accept(Utc::now()).expect("valid")))
    }

    fn history(count: u64) -> (History, Vec<Uuid>) {
        let levels = [None, Some(Level::Error)];
        let items: Vec<_> = (1..=count)
            .map(|n| {
                (
                    Seq::new(n),
                    notification(
                        &format!("Message {n}"),
                        levels[usize::from(n % 2 == 0)],
                        if n % 3 == 0 { "Ci" } else { "other" },
                    ),
                )
            })
            .collect();
        let ids = items.iter().map(|(_, item)| item.notification.id).collect();
        (History::new(Epoch::random(), Seq::new(count), items), ids)
    }

    fn messages(history: &History, query: &Query) -> Vec<String> {
        let json = history.list(query).expect("`before` is stored");
        let listed: Vec<serde_json::Value> = serde_json::from_slice(&json).expect("JSON");
        listed
            .iter()
            .map(|item| item["message"].as_str().expect("a message").replace("Message ", ""))
            .collect()
    }

    #[test]
    fn a_list_is_newest_first_and_goes_on_before_an_id() {
        let (history, ids) = history(5);
        assert_eq!(messages(&history, &Query::default()), ["5", "4", "3", "2", "1"]);
        let page = Query { limit: Some(2), before: Some(ids[3]), ..Query::default() };
        assert_eq!(messages(&history, &page), ["3", "2"]);
        let last = Query { before: Some(ids[0]), ..Query::default() };
        assert!(messages(&history, &last).is_empty());
        let unknown = Query { before: Some(Uuid::nil()), ..Query::default() };
        assert_eq!(history.list(&unknown).map(drop), Err(UnknownBefore));
    }

    #[test]
    fn filters_combine_and_search_ignores_case() {
        let (history, ids) = history(12);
        let text = |text: &str| Query { text: Some(text.into()), ..Query::default() };
        assert_eq!(messages(&history, &text("MESSAGE 1")), ["12", "11", "10", "1"]);
        assert_eq!(messages(&history, &text("title OF message 7")), ["7"]);
        assert_eq!(messages(&history, &text("ci")), ["12", "9", "6", "3"]);
        let tag = |tag: &str| Query { tag: Some(tag.into()), ..Query::default() };
        assert_eq!(messages(&history, &tag("Ci")), ["12", "9", "6", "3"]);
        assert!(messages(&history, &tag("ci")).is_empty(), "a tag is taken exactly");
        let all = Query {
            level: Some(Level::Error),
            tag: Some("Ci".into()),
            before: Some(ids[11]),
            limit: Some(1),
            text: Some("message".into()),
        };
        assert_eq!(messages(&history, &all), ["6"]);
    }

    #[test]
    fn one_answer_holds_at_most_a_thousand() {
        let (history, _) = history(1003);
        assert_eq!(messages(&history, &Query::default()).len(), 1000);
        assert_eq!(messages(&history, &Query { limit: Some(5000), ..Query::default() }).len(), 1000);
        assert_eq!(messages(&history, &Query { level: Some(Level::Error), ..Query::default() }).len(), 501);
    }

    #[test]
    fn the_init_frame_is_made_once_until_something_changes() {
        let (history, ids) = history(3);
        let first = history.init(MAX_LIST).1;
        assert_eq!(history.init(MAX_LIST).1.chunk().as_ptr(), first.chunk().as_ptr());
        let entries = vec![Entry { seq: Seq::new(4), change: Change::Deleted(ids[1]) }];
        history.apply(&Commit { entries, dropped_through: Seq::START });
        let (head, second) = history.init(MAX_LIST);
        assert_eq!(head, Seq::new(4));
        assert_ne!(first.data(), second.data());
        assert_eq!(messages(&history, &Query::default()), ["3", "1"]);
        assert!(history.get(ids[1]).is_none());
        assert!(history.get(ids[0]).is_some());
    }
}
