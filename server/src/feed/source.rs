//! What subscriptions are made of and read from: the ring, the read model, and the log for what lies behind both.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    cursor::Cursor,
    encode::encode,
    json_array::JsonArray,
    pages::{Page, Pages},
    read_model::{Lost, ReadModel},
    ring::{Ring, RingLimits, Slot},
};
use crate::{
    clock,
    event_id::{EventId, Seq},
    log::{Behind, Commit, Entry, Log, ReadError, Replica, Stored},
    metrics::Metrics,
    sse::{
        event::{Hello, Reason},
        frame::Frame,
    },
    throttle::Throttle,
};

/// The shortest and the longest delay a subscriber is told to wait before it comes back, in milliseconds.
/// Each is told another, so that a restart does not bring all of them back in the same instant.
const RETRY_MS: std::ops::Range<u32> = 1000..5000;

/// How long a hub may not have heard from where notifications are kept before it says so: longer than a log that several
/// hubs share is silent when all is well.
const STALE_AFTER: Duration = Duration::from_secs(3);

/// How often a log that cannot be read is complained about.
const COMPLAINT_INTERVAL: Duration = Duration::from_secs(10);

/// What the log writes to: one part for everything that follows it.
pub(super) struct View {
    pub(super) ring: Arc<Ring>,
    pub(super) read_model: ReadModel,
    pages: Pages,
    ring_limits: RingLimits,
    metrics: Metrics,
}

impl View {
    pub(super) fn new(ring_limits: RingLimits, metrics: Metrics) -> Self {
        View {
            ring: Arc::new(Ring::new(Seq::START, ring_limits)),
            read_model: ReadModel::default(),
            pages: Pages::default(),
            ring_limits,
            metrics,
        }
    }

    fn slot(&self, entry: &Entry, accepted: Instant) -> Slot {
        let (epochs, _) = self.read_model.epochs();
        Slot { seq: entry.seq, subject: entry.change.subject(), frame: encode(&epochs, entry), accepted }
    }
}

impl Replica for View {
    fn load(&self, stored: Stored) {
        self.read_model.load(&stored);
        self.pages.forget();
        let head = self.read_model.epochs().1;
        // The newest entries, as far back as everything can be resumed over: after a restart everybody resumes at once.
        let newest = stored.entries.len().saturating_sub(self.ring_limits.frames);
        let floor = match newest.checked_sub(1).and_then(|before| stored.entries.get(before)) {
            Some(entry) => entry.seq.max(stored.oldest_resume_point),
            None => stored.oldest_resume_point,
        };
        let slots = stored.entries[newest..].iter().filter(|entry| entry.seq > floor);
        let now = Instant::now();
        self.ring.load(floor, head, slots.map(|entry| self.slot(entry, now)).collect());
    }

    fn apply(&self, commit: Commit) {
        // The read model first: whoever is woken by the ring finds there what woke it.
        let applied = self.read_model.apply(&commit);
        self.metrics.published.inc_by(applied.published);
        if commit.commands > 0 {
            self.metrics.commit.observe(commit.took);
            self.metrics.commit_size.observe_value(commit.commands as u64);
        }
        if applied.voided {
            self.pages.forget();
        }
        let (epochs, _) = self.read_model.epochs();
        // Publications that were dropped stay for those who are on their way to them; revisions are replayed as
        // removals, as the log does.
        let revisions = commit.dropped.iter().filter(|dropped| dropped.is_revision);
        let replaced = revisions
            .map(|dropped| (dropped.seq, Frame::deleted(epochs.event_id(dropped.seq), dropped.id)))
            .collect();
        let accepted = commit.accepted.iter().copied().chain(std::iter::repeat_with(Instant::now));
        let slots = commit.entries.iter().zip(accepted).map(|(entry, accepted)| self.slot(entry, accepted));
        self.ring.push(slots.collect(), replaced);
    }
}

/// What a stream begins with, and the entry it goes on after.
pub(super) struct Opening {
    pub(super) hello: Frame,
    /// Why it begins so.
    pub(super) reason: Reason,
    /// The stored notifications, up to this event.
    pub(super) init: Option<(EventId, JsonArray)>,
    pub(super) after: Seq,
}

/// See the module.
pub(super) struct Source {
    pub(super) view: Arc<View>,
    pub(super) log: Arc<dyn Log>,
    pub(super) heartbeat: Duration,
    complaints: Throttle,
}

impl Source {
    pub(super) fn new(view: Arc<View>, log: Arc<dyn Log>, heartbeat: Duration) -> Self {
        Source { view, log, heartbeat, complaints: Throttle::every(COMPLAINT_INTERVAL) }
    }

    /// A cursor that goes on after the newest entry.
    pub(super) fn cursor_at_head(&self) -> Cursor {
        let signal = self.view.ring.signal();
        let (generation, head) = self.view.ring.head();
        Cursor::new(Arc::clone(&self.view.ring), signal, generation, head)
    }

    /// What a stream begins with, and a cursor behind it.
    pub(super) fn opening(
        &self,
        last_event_id: Option<&str>,
        lost: Option<Lost>,
        limit: u16,
    ) -> (Opening, Cursor) {
        // The signal first: whatever happens from here on wakes the subscriber. And the generation before what is taken
        // from it: if that changes meanwhile, the subscriber starts afresh once more.
        let signal = self.view.ring.signal();
        let (generation, _) = self.view.ring.head();
        let beginning = self.view.read_model.begin(last_event_id, lost, limit);
        let hello = Hello {
            resumed: beginning.init.is_none(),
            reason: beginning.resume.reason,
            missed: beginning.resume.missed,
            latest_id: beginning.latest_id.to_string(),
            read_through: beginning.read_through,
            heartbeat_ms: u64::try_from(self.heartbeat.as_millis()).unwrap_or(u64::MAX),
            now: Some(clock::now()),
            stale_ms: self.stale_ms(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let opening = Opening {
            hello: Frame::hello(&hello, fastrand::u32(RETRY_MS)),
            reason: beginning.resume.reason,
            init: beginning.init.map(|array| (beginning.latest_id, array)),
            after: beginning.after,
        };
        let cursor = Cursor::new(Arc::clone(&self.view.ring), signal, generation, opening.after);
        (opening, cursor)
    }

    /// How long this hub has not heard from where notifications are kept, in milliseconds, if that is long.
    pub(super) fn stale_ms(&self) -> Option<u64> {
        let silence = self.log.silence();
        (silence >= STALE_AFTER).then(|| u64::try_from(silence.as_millis()).unwrap_or(u64::MAX))
    }

    /// Waits until the replica has had what a subscriber seems to know more of than this hub.
    pub(super) async fn reach(&self, last_event_id: &str) -> Result<(), Behind> {
        let (epochs, head) = self.view.read_model.epochs();
        match last_event_id.parse::<EventId>() {
            Ok(id) if !epochs.knows(id, head) => {
                // Only numbers of the newest epoch can be ahead of this hub.
                let is_ahead = epochs.event_id(head).epoch == id.epoch && id.seq > head;
                self.log.catch_up(if is_ahead { id.seq } else { Seq::START }).await
            }
            _ => Ok(()),
        }
    }

    /// One page of what follows an entry, read and encoded once for all who need it. A log that cannot be read is
    /// counted and told here.
    pub(super) async fn page_after(&self, after: Seq) -> Result<Arc<Page>, ReadError> {
        let read = self.view.pages.after(&*self.log, &self.view.read_model, after).await;
        if let Err(ReadError::Storage(error)) = &read {
            self.view.metrics.read_failures.inc();
            if let Some(skipped) = self.complaints.pass() {
                tracing::warn!(
                    error,
                    skipped,
                    "the log cannot be read; subscribers who need it start afresh from memory"
                );
            }
        }
        read
    }
}
