//! Where the parts meet: publishes to the log, keeps what is read from in step with what the log has stored,
//! and opens subscriptions. It is the only one that writes to the ring.
//!
//! # Layout
//! - `ring`: the newest frames, and waking those who wait for the next.
//! - `read_model`: the stored notifications, for `init` and the lists; `json_array`: those as slices of what is stored.
//! - `search`: which notifications a filter means.
//! - `cursor`: a place in the ring. `subscription`: a subscriber's place in the feed. `hand_off`: its way to a connection.
//! - `resume`: the rule that decides how a stream starts.
//! - `pages`: what lies behind the ring. `encode`: entries as frames.
//! - `source`: what all subscriptions share.

mod cursor;
mod encode;
mod hand_off;
mod json_array;
mod pages;
mod read_model;
mod resume;
mod ring;
mod search;
mod source;
mod subscription;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio::sync::{Semaphore, watch};
use uuid::Uuid;

pub use self::{
    cursor::{Cursor, LiveFrame, Step},
    hand_off::HandOff,
    json_array::JsonArray as List,
    pages::Page,
    read_model::MAX_LIST,
    ring::{RingLimits, RingUsage},
    search::Filter,
    subscription::{Pieces, Subscription},
};
use self::{
    read_model::ReadModel,
    source::{Source, View},
    subscription::OpenStreams,
};
pub use crate::log::{AppendError, Behind, Condition, ReadError};
use crate::{
    clock,
    event_id::{EventId, Seq},
    log::{Appended, BoxFuture, Command, IdempotencyKey, Log, Replica, Usage},
    metrics::Metrics,
    notification::{Draft, EncodedNotification, Revision},
    sse::frame::Frame,
};

/// How many searches run at a time, and how many more may wait.
const SEARCHES: usize = 1;
const WAITING_SEARCHES: usize = 64;

/// How many notifications a search looks at before it lets go of the read model.
const SEARCH_SLICE: usize = 1024;

/// See the module.
pub struct Feed {
    source: Arc<Source>,
    metrics: Metrics,
    open_streams: Arc<OpenStreams>,
    search_turn: Semaphore,
    waiting_searches: AtomicUsize,
}

/// What posting came to.
#[derive(Clone, Debug)]
pub struct Published {
    /// The notification as JSON: the new one or, for a key that was used before, the first.
    pub json: Bytes,
    /// Its id.
    pub id: Uuid,
    /// Whether the idempotency key was used before.
    pub replayed: bool,
}

/// Which notifications to list.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// The most to return; at most [`MAX_LIST`] are, whatever it says.
    pub limit: Option<usize>,
    /// Only those older than this one would be.
    pub before: Option<Uuid>,
    /// Only those that this means.
    pub filter: Filter,
}

/// As many searches as are allowed wait already; try again later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many searches at a time")]
pub struct Busy;

/// Why what a filter means was not removed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RemoveError {
    /// It could not be looked for.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The log did not take it.
    #[error(transparent)]
    Append(#[from] AppendError),
}

/// What the feed holds now.
#[derive(Clone, Debug)]
pub struct Status {
    /// How many notifications are stored.
    pub stored: usize,
    /// How many of them are open.
    pub open: usize,
    /// The id of the newest event.
    pub latest_id: EventId,
    /// Up to which notification whoever reads this feed has read.
    pub read_through: Option<Uuid>,
    /// How many streams are open.
    pub streams: usize,
    /// Whether the log does its work.
    pub condition: Condition,
    /// How long nothing was heard from where notifications are kept; zero for a log of the hub's own.
    pub silence: Duration,
    /// The same in milliseconds, if that is long.
    pub stale_ms: Option<u64>,
    /// How much waits to be stored, and how much is.
    pub log: Usage,
    /// What the ring of newest events holds.
    pub ring: RingUsage,
}

impl Feed {
    /// Opens a log, and follows it.
    pub async fn open<E, F: Future<Output = Result<Arc<dyn Log>, E>>>(
        ring: RingLimits,
        heartbeat: Duration,
        metrics: Metrics,
        open_log: impl FnOnce(Arc<dyn Replica>) -> F,
    ) -> Result<Arc<Self>, E> {
        let view = Arc::new(View::new(ring, metrics.clone()));
        let log = open_log(Arc::<View>::clone(&view)).await?;
        Ok(Arc::new(Feed {
            source: Arc::new(Source::new(view, log, heartbeat)),
            open_streams: OpenStreams::new(metrics.clone()),
            metrics,
            search_turn: Semaphore::new(SEARCHES),
            waiting_searches: AtomicUsize::new(0),
        }))
    }

    /// Stores a notification and sends it to everyone. Under an idempotency key that was used before nothing
    /// new is stored or sent.
    pub async fn publish(
        &self,
        draft: Draft,
        idempotency_key: Option<String>,
    ) -> Result<Published, AppendError> {
        let started = Instant::now();
        let idempotency = idempotency_key.map(|key| IdempotencyKey { key, fingerprint: draft.fingerprint() });
        let Appended { notification, replayed, .. } =
            self.append(Command::Publish { draft: Box::new(draft), idempotency }).await?;
        if replayed {
            self.metrics.repeated.inc();
        } else {
            self.metrics.publish.observe(started.elapsed());
        }
        let notification = notification.expect("a notification comes of every post");
        Ok(Published { json: notification.json(), id: notification.notification.id, replayed })
    }

    /// Revises a notification; `None`: it is not stored.
    pub async fn revise(&self, id: Uuid, revision: Revision) -> Result<Option<Bytes>, AppendError> {
        let appended = self.append(Command::Revise(id, revision)).await?;
        Ok(appended.notification.map(|notification| notification.json()))
    }

    /// Removes one notification; says whether there was one.
    pub async fn remove(&self, id: Uuid) -> Result<bool, AppendError> {
        Ok(self.append(Command::Remove(vec![id])).await?.removed > 0)
    }

    /// Removes the open notifications of a key; says how many.
    pub async fn withdraw(&self, key: &str) -> Result<u64, AppendError> {
        Ok(self.append(Command::Withdraw(key.to_owned())).await?.removed)
    }

    /// Removes what a filter means, everything if it is empty; says how many.
    pub async fn remove_matching(&self, filter: Filter) -> Result<u64, RemoveError> {
        if filter.is_empty() {
            return Ok(self.append(Command::Clear).await?.removed);
        }
        // Where it fails, removing fails too.
        let _ = self.source.log.catch_up(Seq::START).await;
        let found = self.search(Query { filter, ..Query::default() }, usize::MAX).await?;
        let ids = found.iter().map(|item| item.notification.id).collect();
        Ok(self.append(Command::Remove(ids)).await?.removed)
    }

    /// Moves the read mark, never back; says where it is now.
    pub async fn mark_read(&self, through: Uuid) -> Result<Uuid, AppendError> {
        Ok(self.append(Command::Read(through)).await?.read_through.unwrap_or(through))
    }

    /// Drops what has become too old.
    pub async fn retain(&self) -> Result<(), AppendError> {
        self.append(Command::Retain).await.map(drop)
    }

    /// One notification as JSON. What another hub has acknowledged is found, as long as that can be told.
    pub async fn get(&self, id: Uuid) -> Option<Bytes> {
        let found = self.read_model().get(id);
        if found.is_some() || self.source.log.catch_up(Seq::START).await.is_err() {
            return found;
        }
        self.read_model().get(id)
    }

    /// A JSON array of notifications, newest first.
    pub async fn list(&self, query: Query) -> Result<List, Busy> {
        let limit = query.limit.unwrap_or(usize::MAX).min(MAX_LIST.into());
        if query.filter.is_empty() {
            return Ok(match query.before {
                None => self.read_model().newest(limit),
                before => List::of(self.read_model().older(before, limit)),
            });
        }
        self.search(query, limit).await.map(List::of)
    }

    /// Whether a notification with this id may have been posted: it is not newer than every one that was.
    pub async fn knows(&self, id: Uuid) -> bool {
        let knows = || self.read_model().newest_id().is_some_and(|newest| id <= newest);
        knows() || (self.source.log.catch_up(Seq::START).await.is_ok() && knows())
    }

    /// What the feed holds now.
    pub fn status(&self) -> Status {
        let totals = self.read_model().totals();
        Status {
            stored: totals.stored,
            open: totals.open,
            latest_id: totals.latest_id,
            read_through: totals.read_through,
            streams: Arc::strong_count(&self.open_streams) - 1,
            condition: self.source.log.condition().borrow().clone(),
            silence: self.source.log.silence(),
            stale_ms: self.source.stale_ms(),
            log: self.source.log.usage(),
            ring: self.source.view.ring.usage(),
        }
    }

    /// Whether the log does its work, now and from now on.
    pub fn condition(&self) -> watch::Receiver<Condition> {
        self.source.log.condition()
    }

    /// Waits, for a bounded time, until this hub has what another one on the same log has told a subscriber already.
    pub async fn reach(&self, last_event_id: Option<&str>) -> Result<(), Behind> {
        match last_event_id {
            Some(id) => self.source.reach(id).await,
            None => Ok(()),
        }
    }

    /// Opens a subscription: after the last event id if that is possible, else with what is stored, at most
    /// `limit` notifications of it and all that are open.
    pub fn subscribe(&self, last_event_id: Option<&str>, limit: u16) -> Subscription {
        let (opening, cursor) = self.source.opening(last_event_id, None, limit);
        Subscription::new(Arc::clone(&self.source), cursor, opening, limit, Arc::clone(&self.open_streams))
    }

    /// Follows what comes from now on.
    pub fn follow(&self) -> Cursor {
        self.source.cursor_at_head()
    }

    /// One page of what follows an entry, read and encoded once for all who need it. It may begin before the entry.
    pub async fn page_after(&self, after: Seq) -> Result<Arc<Page>, ReadError> {
        self.source.page_after(after).await
    }

    /// Sends a heartbeat to everyone at each interval, for ever.
    pub async fn beat(&self) {
        let mut interval = tokio::time::interval(self.source.heartbeat);
        interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        interval.tick().await;
        let mut condition = self.source.log.condition();
        loop {
            tokio::select! {
                _ = interval.tick() => {}
                // Whoever reads a hub that has lost touch, or has found it again, need not wait to be told.
                Ok(()) = condition.changed(), if self.source.log.is_shared() => {}
            }
            self.source.view.ring.beat(Frame::heartbeat(clock::now(), self.source.stale_ms()));
        }
    }

    /// Tells every stream to end.
    pub fn end_streams(&self) {
        self.source.view.ring.end();
    }

    /// Takes nothing more.
    pub fn close(&self) {
        self.source.log.close();
    }

    /// Resolves when the log has ended: after [`Feed::close`], or because what does its work has died. For one caller.
    pub fn ended(&self) -> BoxFuture<'_, ()> {
        self.source.log.ended()
    }

    async fn append(&self, command: Command) -> Result<Appended, AppendError> {
        self.source.log.append(command).await
    }

    /// Looks for notifications on a thread made for it, a few at a time: neither those who send nor those who publish
    /// wait for it.
    async fn search(&self, query: Query, limit: usize) -> Result<Vec<Arc<EncodedNotification>>, Busy> {
        struct Waiting<'a>(&'a AtomicUsize);
        impl Drop for Waiting<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::Relaxed);
            }
        }
        let waiting = self.waiting_searches.fetch_add(1, Ordering::Relaxed);
        let _waiting = Waiting(&self.waiting_searches);
        if waiting >= SEARCHES + WAITING_SEARCHES {
            return Err(Busy);
        }
        let _turn = self.search_turn.acquire().await.map_err(|_| Busy)?;
        let view = Arc::clone(&self.source.view);
        let search = move || {
            let mut found = Vec::new();
            let mut before = query.before;
            loop {
                let slice = view.read_model.older(before, SEARCH_SLICE);
                let Some(last) = slice.last() else { return found };
                before = Some(last.notification.id);
                for item in slice {
                    if query.filter.matches(&item.notification) {
                        found.push(item);
                        if found.len() >= limit {
                            return found;
                        }
                    }
                }
            }
        };
        tokio::task::spawn_blocking(search).await.map_err(|_| Busy)
    }

    fn read_model(&self) -> &ReadModel {
        &self.source.view.read_model
    }
}

#[cfg(test)]
mod tests;
