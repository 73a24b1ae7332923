//! Where the parts meet: publishes to the log, keeps history and hub in step with what the log has stored,
//! and opens subscriptions. It is the only one that writes to the hub.

mod follower;
mod resume;
mod subscription;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use chrono::Utc;
use uuid::Uuid;

use self::resume::Resume;
pub use self::{
    follower::{Follower, Step},
    subscription::Subscription,
};
use crate::{
    event_id::{Epoch, EventId, Seq},
    frame::{Frame, Hello, Reason},
    history::{History, Query, UnknownBefore},
    hub::{Hub, RingLimits},
    log::{
        BoxFuture, Change, Command, Commit, CommitSink, Entry, Log, LogError, Outcome, ReadError, Snapshot,
    },
    notification::{EncodedNotification, Notification},
};

/// The shortest and the longest delay a subscriber is told to wait before it comes back, in milliseconds.
/// Each is told another, so that a restart does not bring all of them back in the same instant.
const RETRY_MS: std::ops::Range<u32> = 1000..5000;

/// How many entries are read from the log at a time.
const REPLAY_PAGE: usize = 256;

/// See the module.
pub struct Feed {
    log: Arc<dyn Log>,
    hub: Arc<Hub>,
    history: Arc<History>,
    epoch: Epoch,
    heartbeat: Duration,
    /// Each open subscription holds a clone.
    open_streams: Arc<()>,
}

/// What posting came to.
#[derive(Clone, Debug)]
pub struct Published {
    /// The notification as JSON: the new one or, for a key that was used before, the first.
    pub json: Bytes,
    /// Whether the key was used before.
    pub repeated: bool,
}

/// What the feed holds now.
#[derive(Clone, Debug)]
pub struct Status {
    /// How many notifications are stored.
    pub stored: usize,
    /// The id of the newest event.
    pub latest_id: EventId,
    /// How many streams are open.
    pub streams: usize,
}

impl Feed {
    /// Starts the log with a sink that feeds history and hub, and fills the ring with its newest entries:
    /// after a restart everybody resumes at once.
    pub async fn start(
        snapshot: Snapshot,
        ring: RingLimits,
        heartbeat: Duration,
        start_log: impl FnOnce(CommitSink) -> Arc<dyn Log>,
    ) -> Result<Arc<Self>, LogError> {
        let Snapshot { epoch, head, notifications } = snapshot;
        let history = Arc::new(History::new(epoch, head, notifications));
        let ring_start = head.back(ring.frames as u64);
        let (mut after, hub, log) = {
            // The ring starts where the log can be read from; nobody appends before this function returns.
            let slot: Arc<std::sync::OnceLock<Arc<Hub>>> = Arc::default();
            let log = start_log(sink(epoch, Arc::clone(&history), Arc::clone(&slot)));
            let after = ring_start.max(log.oldest_resume_point());
            let hub = Arc::new(Hub::new(after, ring));
            slot.set(Arc::clone(&hub)).expect("the slot is filled once");
            (after, hub, log)
        };
        while after < head {
            let entries = match log.read_after(after, REPLAY_PAGE).await {
                Ok(entries) => entries,
                Err(ReadError::Log(error)) => return Err(error),
                Err(ReadError::Expired) => {
                    return Err(LogError::Storage("its newest entries are missing".into()));
                }
            };
            let Some(last) = entries.last() else { break };
            after = last.seq;
            hub.push(entries.iter().map(|entry| encode(epoch, entry)));
        }
        Ok(Arc::new(Feed { log, hub, history, epoch, heartbeat, open_streams: Arc::default() }))
    }

    /// Stores a notification and sends it to everyone. Under an idempotency key that was used before nothing
    /// new is stored or sent.
    pub async fn publish(
        &self,
        notification: Notification,
        key: Option<String>,
    ) -> Result<Published, LogError> {
        let notification = Arc::new(EncodedNotification::new(notification));
        let json = notification.json.clone();
        match self.log.append(Command::Publish { notification, key }).await? {
            Outcome::Repeated(json) => Ok(Published { json, repeated: true }),
            Outcome::Appended(_) | Outcome::Nothing => Ok(Published { json, repeated: false }),
        }
    }

    /// Deletes one notification; says whether there was one.
    pub async fn delete(&self, id: Uuid) -> Result<bool, LogError> {
        Ok(self.log.append(Command::Delete(id)).await? != Outcome::Nothing)
    }

    /// Deletes all notifications.
    pub async fn clear(&self) -> Result<(), LogError> {
        self.log.append(Command::Clear).await.map(drop)
    }

    /// One notification as JSON.
    pub fn get(&self, id: Uuid) -> Option<Bytes> {
        self.history.get(id)
    }

    /// A JSON array of notifications, newest first.
    pub fn list(&self, query: &Query) -> Result<Bytes, UnknownBefore> {
        self.history.list(query)
    }

    /// What the feed holds now.
    pub fn status(&self) -> Status {
        let (stored, head) = self.history.status();
        Status { stored, latest_id: self.event_id(head), streams: Arc::strong_count(&self.open_streams) - 1 }
    }

    /// Opens a subscription: after the last event id if that is possible, else with what is stored, at most
    /// `limit` notifications of it.
    pub fn subscribe(self: &Arc<Self>, last_event_id: Option<&str>, limit: u16) -> Subscription {
        // The signal first: whatever happens from here on wakes the subscriber.
        let signal = self.hub.signal();
        let resume = Resume::decide(
            last_event_id,
            self.epoch,
            self.log.oldest_resume_point(),
            self.history.status().1,
        );
        let (opening, after) = self.opening(resume, limit);
        let follower = Follower::new(Arc::clone(&self.hub), signal, after);
        Subscription::new(Arc::clone(self), follower, opening, limit, resume.after.is_some())
    }

    /// Follows what comes from now on.
    pub fn follow(&self) -> Follower {
        Follower::new(Arc::clone(&self.hub), self.hub.signal(), self.hub.head())
    }

    /// Sends a heartbeat to everyone at each interval, for ever.
    pub async fn beat(&self) {
        let mut interval = tokio::time::interval(self.heartbeat);
        interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        interval.tick().await;
        loop {
            interval.tick().await;
            self.hub.beat(Frame::heartbeat(Utc::now()));
        }
    }

    /// Tells every stream to end.
    pub fn end_streams(&self) {
        self.hub.end();
    }

    /// Finishes what was begun and releases the storage.
    pub fn close(&self) -> BoxFuture<'_, ()> {
        self.log.close()
    }

    /// What a stream begins with, and the entry it goes on after. Taking the snapshot is one step with
    /// subscribing, for the cursor is the very entry the snapshot goes up to.
    fn opening(&self, resume: Resume, limit: u16) -> (Vec<Frame>, Seq) {
        let (init, after) = match resume.after {
            Some(after) => (None, after),
            None => {
                let (head, init) = self.history.init(limit);
                (Some(init), head)
            }
        };
        let hello = Hello {
            resumed: resume.after.is_some(),
            reason: resume.reason,
            missed: resume.missed,
            latest_id: self.event_id(resume.head.max(after)).to_string(),
            heartbeat_ms: u64::try_from(self.heartbeat.as_millis()).unwrap_or(u64::MAX),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let hello = Frame::hello(&hello, fastrand::u32(RETRY_MS));
        (std::iter::once(hello).chain(init).collect(), after)
    }

    /// What a stream goes on with that fell behind the ring: the next entries of the log or, where the log no
    /// longer has them, a fresh start.
    async fn catch_up(&self, after: Seq, limit: u16) -> Result<(Vec<Frame>, Seq), LogError> {
        match self.log.read_after(after, REPLAY_PAGE).await {
            Ok(entries) => {
                let last = entries.last().map_or(after, |entry| entry.seq);
                Ok((entries.iter().map(|entry| encode(self.epoch, entry)).collect(), last))
            }
            Err(ReadError::Expired) => {
                let head = self.history.status().1;
                let expired =
                    Resume { reason: Reason::Expired, after: None, missed: head.since(after), head };
                Ok(self.opening(expired, limit))
            }
            Err(ReadError::Log(error)) => Err(error),
        }
    }

    fn event_id(&self, seq: Seq) -> EventId {
        EventId { epoch: self.epoch, seq }
    }
}

/// Encodes each stored entry, once for all subscribers.
fn sink(epoch: Epoch, history: Arc<History>, hub: Arc<std::sync::OnceLock<Arc<Hub>>>) -> CommitSink {
    Box::new(move |commit: Commit| {
        // History first: whoever is woken by the hub finds there what woke it.
        history.apply(&commit);
        let hub = hub.get().expect("the hub is there before anyone appends");
        hub.push(commit.entries.iter().map(|entry| encode(epoch, entry)));
    })
}

fn encode(epoch: Epoch, entry: &Entry) -> Frame {
    let id = EventId { epoch, seq: entry.seq };
    match &entry.change {
        Change::Published(notification) => Frame::notification(id, notification),
        Change::Deleted(notification_id) => Frame::deleted(id, *notification_id),
        Change::Cleared => Frame::cleared(id),
    }
}

#[cfg(test)]
mod tests;
