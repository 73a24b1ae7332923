//! One subscriber's place in the feed: a cursor and what is to be sent before it moves on. How frames get to
//! the subscriber is not its business.

use std::sync::Arc;

use tokio::sync::watch;

use super::Feed;
use crate::{event_id::Seq, frame::Frame, hub::Signal, log::LogError};

/// See the module. Its size counts: there is one for each open stream.
pub struct Subscription {
    feed: Arc<Feed>,
    signal: watch::Receiver<Signal>,
    /// What comes before the entry after `after`; empty, and without memory of its own, most of the time.
    pending: std::vec::IntoIter<Frame>,
    after: Seq,
    beats: u64,
    limit: u16,
    resumed: bool,
}

/// What a subscriber does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Send the frames it was given, then ask again.
    Send,
    /// Wait for [`Subscription::changed`], then ask again.
    Wait,
    /// Call [`Subscription::catch_up`], then ask again.
    CatchUp,
    /// Everything was sent and the hub is stopping: end the stream soon.
    End,
}

impl Subscription {
    pub(super) fn new(
        feed: Arc<Feed>,
        signal: watch::Receiver<Signal>,
        opening: Vec<Frame>,
        after: Seq,
        limit: u16,
        resumed: bool,
    ) -> Self {
        let beats = signal.borrow().beats;
        Subscription { feed, signal, pending: opening.into_iter(), after, beats, limit, resumed }
    }

    /// Adds at most `limit` frames to `frames`, in order, and moves on past them.
    pub fn next(&mut self, frames: &mut Vec<Frame>, limit: usize) -> Step {
        let before = frames.len();
        // The signal first: a frame that comes while we look at the ring will have changed it.
        let seen = *self.signal.borrow_and_update();
        frames.extend(self.pending.by_ref().take(limit));
        if self.pending.len() == 0 {
            self.pending = Vec::new().into_iter();
        }
        let room = limit - (frames.len() - before);
        let ring = self.feed.hub.frames_after(self.after, room, |frame| {
            frames.push(frame.clone());
            self.after = self.after.next();
        });
        let added = frames.len() - before;
        if ring.is_err() && added == 0 {
            return Step::CatchUp;
        }
        if added < limit && seen.beats != self.beats {
            self.beats = seen.beats;
            frames.extend(self.feed.hub.heartbeat());
            return Step::Send;
        }
        match (added, seen.ending) {
            (0, false) => Step::Wait,
            (0, true) => Step::End,
            (1.., _) => Step::Send,
        }
    }

    /// Whether it goes on after a last event id, rather than afresh.
    pub fn is_resumed(&self) -> bool {
        self.resumed
    }

    /// Waits until there may be something to send.
    pub async fn changed(&mut self) {
        // The feed holds the other end of the signal, and we hold the feed.
        let _ = self.signal.changed().await;
    }

    /// Gets what is missing from the log.
    pub async fn catch_up(&mut self) -> Result<(), LogError> {
        let (frames, after) = self.feed.catch_up(self.after, self.limit).await?;
        self.pending = frames.into_iter();
        self.after = after;
        Ok(())
    }
}
