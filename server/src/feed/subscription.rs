//! One subscriber's place in the feed: a follower, and what is to be sent before it moves on. How frames get to
//! the subscriber is not its business.

use std::sync::Arc;

use super::{
    Feed,
    follower::{Follower, Step},
};
use crate::{frame::Frame, log::LogError};

/// See the module. Its size counts: there is one for each open stream.
pub struct Subscription {
    feed: Arc<Feed>,
    follower: Follower,
    /// What comes before the entry after the follower's; empty, and without memory of its own, most of the time.
    pending: std::vec::IntoIter<Frame>,
    limit: u16,
    resumed: bool,
    /// Counts the open streams.
    _open: Arc<()>,
}

impl Subscription {
    pub(super) fn new(
        feed: Arc<Feed>,
        follower: Follower,
        opening: Vec<Frame>,
        limit: u16,
        resumed: bool,
    ) -> Self {
        let open = Arc::clone(&feed.open_streams);
        Subscription { feed, follower, pending: opening.into_iter(), limit, resumed, _open: open }
    }

    /// Adds at most `limit` frames to `frames`, in order, and moves on past them. [`Step::CatchUp`] asks for
    /// [`Subscription::catch_up`].
    pub fn next(&mut self, frames: &mut Vec<Frame>, limit: usize) -> Step {
        if self.pending.len() > 0 {
            frames.extend(self.pending.by_ref().take(limit));
            if self.pending.len() == 0 {
                self.pending = Vec::new().into_iter();
            }
            return Step::Send;
        }
        self.follower.next(frames, limit)
    }

    /// Where it is in the live feed. There it can be moved on by whoever sends for it, unless it is to send
    /// something of its own first.
    pub fn follower(&mut self) -> &mut Follower {
        &mut self.follower
    }

    /// Whether it goes on after a last event id, rather than afresh.
    pub fn is_resumed(&self) -> bool {
        self.resumed
    }

    /// Waits until there may be something to send.
    pub async fn changed(&mut self) {
        self.follower.changed().await;
    }

    /// Gets what is missing from the log.
    pub async fn catch_up(&mut self) -> Result<(), LogError> {
        let (frames, after) = self.feed.catch_up(self.follower.position(), self.limit).await?;
        self.pending = frames.into_iter();
        self.follower.move_to(after);
        Ok(())
    }
}
