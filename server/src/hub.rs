//! The newest frames, and a way to wait for the next one. A subscriber is a cursor, not a queue: what it
//! costs does not grow with its lag, and publishing never waits for it. No I/O here.
//!
//! Only `feed` writes to the hub, so there is one order for everyone: the log's.

use std::{collections::VecDeque, sync::RwLock};

use tokio::sync::watch;

use crate::{event_id::Seq, frame::Frame};

/// How much the ring of newest frames holds; whichever limit is reached first counts.
#[derive(Clone, Copy, Debug)]
pub struct RingLimits {
    /// The most frames.
    pub frames: usize,
    /// The most bytes of frames.
    pub bytes: usize,
}

impl Default for RingLimits {
    fn default() -> Self {
        RingLimits { frames: 4096, bytes: 16 << 20 }
    }
}

/// What has happened; a subscriber compares it with what it has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signal {
    /// The newest entry.
    pub head: Seq,
    /// How many heartbeats there were.
    pub beats: u64,
    /// The hub is stopping: streams should end.
    pub ending: bool,
}

/// See the module.
#[derive(Debug)]
pub struct Hub {
    /// Read by each subscriber for the length of a few pointer copies, written once per batch of frames; a
    /// reader therefore never holds a publisher up noticeably, nor the other way round.
    ring: RwLock<Ring>,
    signal: watch::Sender<Signal>,
}

#[derive(Debug)]
struct Ring {
    frames: VecDeque<Frame>,
    /// The newest entry; the last frame in the ring is its frame.
    head: Seq,
    bytes: usize,
    limits: RingLimits,
    heartbeat: Option<Frame>,
}

/// The frames after a cursor are older than the ring: the log has them, if anyone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BehindRing;

impl Hub {
    /// An empty ring whose newest entry is `head`.
    pub fn new(head: Seq, limits: RingLimits) -> Self {
        Hub {
            ring: RwLock::new(Ring { frames: VecDeque::new(), head, bytes: 0, limits, heartbeat: None }),
            signal: watch::Sender::new(Signal { head, ..Signal::default() }),
        }
    }

    /// Adds frames that follow the newest one without a gap, and wakes everyone once.
    pub fn push(&self, frames: impl IntoIterator<Item = Frame>) {
        // Encoded before the lock is taken, whatever the iterator does on the way.
        let frames: Vec<Frame> = frames.into_iter().collect();
        let head = {
            let mut ring = self.ring.write().expect("no one panics with the ring in hand");
            for frame in frames {
                ring.head = ring.head.next();
                ring.bytes += frame.chunk().len();
                ring.frames.push_back(frame);
            }
            ring.trim();
            ring.head
        };
        self.signal.send_modify(|signal| signal.head = head);
    }

    /// Sends a heartbeat to everyone: one frame for all.
    pub fn beat(&self, frame: Frame) {
        self.ring.write().expect("no one panics with the ring in hand").heartbeat = Some(frame);
        self.signal.send_modify(|signal| signal.beats += 1);
    }

    /// Tells every stream to end.
    pub fn end(&self) {
        self.signal.send_modify(|signal| signal.ending = true);
    }

    /// A way to wait for the next thing to happen.
    pub fn signal(&self) -> watch::Receiver<Signal> {
        self.signal.subscribe()
    }

    /// The newest heartbeat.
    pub fn heartbeat(&self) -> Option<Frame> {
        self.ring.read().expect("no one panics with the ring in hand").heartbeat.clone()
    }

    /// The newest entry.
    pub fn head(&self) -> Seq {
        self.ring.read().expect("no one panics with the ring in hand").head
    }

    /// Hands at most `limit` frames after `after` to `take`, oldest first.
    pub fn frames_after(
        &self,
        after: Seq,
        limit: usize,
        mut take: impl FnMut(&Frame),
    ) -> Result<(), BehindRing> {
        let ring = self.ring.read().expect("no one panics with the ring in hand");
        let missing = usize::try_from(ring.head.since(after)).unwrap_or(usize::MAX);
        let Some(start) = ring.frames.len().checked_sub(missing) else { return Err(BehindRing) };
        ring.frames.range(start..).take(limit).for_each(&mut take);
        Ok(())
    }
}

impl Ring {
    fn trim(&mut self) {
        while self.frames.len() > self.limits.frames || self.bytes > self.limits.bytes {
            let Some(oldest) = self.frames.pop_front() else { break };
            self.bytes -= oldest.chunk().len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event_id::{Epoch, EventId};

    fn frame(seq: u64) -> Frame {
        Frame::cleared(EventId { epoch: "aaaaaa".parse::<Epoch>().expect("valid"), seq: Seq::new(seq) })
    }

    fn collect(hub: &Hub, after: u64, limit: usize) -> Result<Vec<Frame>, BehindRing> {
        let mut frames = Vec::new();
        hub.frames_after(Seq::new(after), limit, |frame| frames.push(frame.clone()))?;
        Ok(frames)
    }

    fn hub_with(frames: std::ops::RangeInclusive<u64>, limits: RingLimits) -> Hub {
        let hub = Hub::new(Seq::new(frames.start() - 1), limits);
        hub.push(frames.map(frame));
        hub
    }

    #[test]
    fn frames_come_in_order_and_at_most_as_many_as_asked_for() {
        let hub = hub_with(1..=5, RingLimits::default());
        assert_eq!(collect(&hub, 0, 10), Ok((1..=5).map(frame).collect()));
        assert_eq!(collect(&hub, 2, 2), Ok(vec![frame(3), frame(4)]));
        assert_eq!(collect(&hub, 5, 10), Ok(vec![]));
    }

    #[test]
    fn a_cursor_ahead_of_the_ring_waits() {
        let hub = hub_with(1..=5, RingLimits::default());
        assert_eq!(collect(&hub, 7, 10), Ok(vec![]));
    }

    #[test]
    fn a_cursor_behind_the_ring_is_told_so_rather_than_given_a_gap() {
        let hub = hub_with(1..=5, RingLimits { frames: 3, ..RingLimits::default() });
        assert_eq!(collect(&hub, 2, 10), Ok((3..=5).map(frame).collect()));
        assert_eq!(collect(&hub, 1, 10), Err(BehindRing));
    }

    #[test]
    fn the_ring_is_bounded_in_bytes_too() {
        let bytes = frame(1).chunk().len() * 2;
        let hub = hub_with(1..=5, RingLimits { bytes, ..RingLimits::default() });
        assert_eq!(collect(&hub, 3, 10), Ok(vec![frame(4), frame(5)]));
        assert_eq!(collect(&hub, 2, 10), Err(BehindRing));
    }

    #[test]
    fn an_empty_ring_of_a_log_with_entries_sends_older_cursors_to_the_log() {
        let hub = Hub::new(Seq::new(9), RingLimits::default());
        assert_eq!(collect(&hub, 9, 10), Ok(vec![]));
        assert_eq!(collect(&hub, 8, 10), Err(BehindRing));
    }

    #[tokio::test]
    async fn a_batch_wakes_a_subscriber_once() {
        let hub = Hub::new(Seq::START, RingLimits::default());
        let mut signal = hub.signal();
        hub.push((1..=3).map(frame));
        signal.changed().await.expect("the hub lives");
        assert_eq!(signal.borrow_and_update().head, Seq::new(3));
        assert!(!signal.has_changed().expect("the hub lives"));
    }
}
