//! A place in the live feed: the entry one has got to, and a way to wait for more. It reads from the ring only;
//! what lies behind that is a subscription's business.

use std::{sync::Arc, time::Instant};

use tokio::sync::watch;

use super::ring::{Ring, Signal};
use crate::{event_id::Seq, sse::frame::Frame};

/// What one does who follows the feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Send what was given, then ask again.
    Send,
    /// Wait until something changes, then ask again.
    Wait,
    /// What comes next is no longer in the ring, or the log holds something else now.
    CatchUp,
    /// Everything was sent and the hub is stopping: end the stream soon.
    End,
}

/// A frame to be sent to everyone.
#[derive(Clone, Debug)]
pub struct LiveFrame {
    /// Its number; a heartbeat has none.
    pub seq: Option<Seq>,
    /// Its bytes.
    pub frame: Frame,
    /// When the log was given what it comes from; `None` for what is not new.
    pub accepted: Option<Instant>,
}

/// See the module. Its size counts: there is one for each open stream.
pub struct Cursor {
    ring: Arc<Ring>,
    signal: watch::Receiver<Signal>,
    after: Seq,
    /// Which of the log's contents `after` is a place in.
    generation: u32,
    beats: u64,
}

impl Cursor {
    /// Follows from after this entry of this generation. `signal` was taken before it was looked up, so that nothing is
    /// missed.
    pub(super) fn new(ring: Arc<Ring>, signal: watch::Receiver<Signal>, generation: u32, after: Seq) -> Self {
        let beats = signal.borrow().beats;
        Cursor { ring, signal, after, generation, beats }
    }

    /// Adds at most `limit` frames, and moves on past them: first what follows in order, then,
    /// if there is room, a heartbeat that came meanwhile.
    pub fn next(&mut self, frames: &mut Vec<LiveFrame>, limit: usize) -> Step {
        // The signal first: a frame that comes while we look at the ring will have changed it.
        let seen = *self.signal.borrow_and_update();
        let before = frames.len();
        let position = self.ring.frames_after(self.generation, self.after, limit, |slot, frame| {
            let (seq, accepted) = (Some(slot.seq), Some(slot.accepted));
            frames.push(LiveFrame { seq, frame: frame.clone(), accepted });
        });
        match position {
            Ok(position) => self.after = position,
            Err(_) => return Step::CatchUp,
        }
        if frames.len() - before < limit && seen.beats != self.beats {
            self.beats = seen.beats;
            let heartbeat = self.ring.heartbeat();
            frames.extend(heartbeat.map(|frame| LiveFrame { seq: None, frame, accepted: None }));
        }
        match (frames.len() - before, seen.is_ending) {
            (0, false) => Step::Wait,
            (0, true) => Step::End,
            (1.., _) => Step::Send,
        }
    }

    /// Waits until there may be something to send.
    pub async fn changed(&mut self) {
        // The ring is held, and with it the other end of the signal.
        let _ = self.signal.changed().await;
    }

    /// The entry it has got to.
    pub fn position(&self) -> Seq {
        self.after
    }

    /// Whether it is a place in what the log holds now.
    pub fn is_current(&self) -> bool {
        self.generation == self.ring.head().0
    }

    /// Whether both are places in the same.
    pub fn is_comparable_with(&self, other: &Cursor) -> bool {
        self.generation == other.generation
    }

    /// Moves on past what another cursor has sent for it.
    pub fn keep_up_with(&mut self, other: &Cursor) {
        self.after = if self.is_comparable_with(other) { self.after.max(other.after) } else { other.after };
        self.generation = other.generation;
        self.beats = other.beats;
    }

    /// Moves on past what was sent for it; never back.
    pub fn move_to(&mut self, after: Seq) {
        self.after = self.after.max(after);
    }

    /// Goes on with the newest entry, whatever lies between.
    pub fn skip_to_newest(&mut self) {
        (self.generation, self.after) = self.ring.head();
    }
}
