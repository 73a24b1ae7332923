//! The newest frames, and a way to wait for the next one. A subscriber is a cursor, not a queue: what it
//! costs does not grow with its lag, and publishing never waits for it. No I/O here.
//!
//! The ring follows the log's rule of compaction: a frame that a later one voids is forgotten at once.

use std::{
    collections::{HashMap, VecDeque},
    sync::RwLock,
    time::{Duration, Instant},
};

use tokio::sync::watch;
use uuid::Uuid;

use crate::{event_id::Seq, log::Subject, sse::frame::Frame};

/// How much the ring of newest frames holds; whichever limit is reached first counts.
#[derive(Clone, Copy, Debug)]
pub struct RingLimits {
    /// The most entries.
    pub frames: usize,
    /// The most bytes of frames.
    pub bytes: usize,
}

impl Default for RingLimits {
    fn default() -> Self {
        RingLimits { frames: 4096, bytes: 16 << 20 }
    }
}

/// What has happened; a cursor compares it with what it has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Signal {
    /// How many heartbeats there were.
    pub(super) beats: u64,
    /// The hub is stopping: streams should end.
    pub(super) is_ending: bool,
}

/// An entry as the ring keeps it.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub(super) seq: Seq,
    pub(super) subject: Subject,
    /// `None`: it says nothing to subscribers, or was voided by a later one.
    pub(super) frame: Option<Frame>,
    /// When the log was given what it comes from; for what was stored before the start, when that was read.
    pub(super) accepted: Instant,
}

/// What the ring holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RingUsage {
    /// Events.
    pub events: usize,
    /// Their bytes.
    pub bytes: usize,
    /// How long ago the oldest of them came, or was read at the start.
    pub age: Duration,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Ring {
    /// Read by each cursor for the length of a few pointer copies, written once per commit; a reader therefore never
    /// holds a publisher up noticeably, nor the other way round.
    slots: RwLock<Slots>,
    signal: watch::Sender<Signal>,
}

#[derive(Debug)]
struct Slots {
    entries: VecDeque<Slot>,
    /// The slot of each notification, and of the read mark.
    by_id: HashMap<Uuid, Seq>,
    read_mark: Option<Seq>,
    /// Cursors before this entry have to read from the log.
    floor: Seq,
    head: Seq,
    /// Which of the log's contents this is: the log may turn out to hold another one.
    generation: u32,
    bytes: usize,
    limits: RingLimits,
    heartbeat: Option<Frame>,
}

/// What follows a cursor is older than the ring: the log has it, if anyone. Or it is of another generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BehindRing;

impl Ring {
    /// An empty ring whose newest entry is `head`.
    pub(super) fn new(head: Seq, limits: RingLimits) -> Self {
        let slots = Slots {
            entries: VecDeque::new(),
            by_id: HashMap::new(),
            read_mark: None,
            floor: head,
            head,
            generation: 0,
            bytes: 0,
            limits,
            heartbeat: None,
        };
        Ring { slots: RwLock::new(slots), signal: watch::Sender::default() }
    }

    /// Takes what a log holds in the place of what is here: its newest entries, and the entry before the first of them.
    pub(super) fn load(&self, floor: Seq, head: Seq, newest: Vec<Slot>) {
        {
            let mut slots = self.write();
            slots.entries.clear();
            slots.by_id.clear();
            slots.read_mark = None;
            slots.bytes = 0;
            slots.floor = floor;
            for slot in newest {
                slots.push(slot);
            }
            slots.head = head;
            slots.generation += 1;
            slots.trim();
        }
        self.signal.send_modify(|_| {});
    }

    /// Adds entries that follow the newest one, puts other frames in the place of some, and wakes everyone once.
    pub(super) fn push(&self, new: Vec<Slot>, replaced: Vec<(Seq, Frame)>) {
        {
            let mut slots = self.write();
            for slot in new {
                slots.push(slot);
            }
            for (seq, frame) in replaced {
                slots.set_frame(seq, Some(frame));
            }
            slots.trim();
        }
        self.signal.send_modify(|_| {});
    }

    /// Sends a heartbeat to everyone: one frame for all.
    pub(super) fn beat(&self, frame: Frame) {
        self.write().heartbeat = Some(frame);
        self.signal.send_modify(|signal| signal.beats += 1);
    }

    /// Tells every stream to end.
    pub(super) fn end(&self) {
        self.signal.send_modify(|signal| signal.is_ending = true);
    }

    /// A way to wait for the next thing to happen.
    pub(super) fn signal(&self) -> watch::Receiver<Signal> {
        self.signal.subscribe()
    }

    /// The newest heartbeat.
    pub(super) fn heartbeat(&self) -> Option<Frame> {
        self.read().heartbeat.clone()
    }

    /// The newest entry, and the generation it belongs to.
    pub(super) fn head(&self) -> (u32, Seq) {
        let slots = self.read();
        (slots.generation, slots.head)
    }

    /// What it holds now.
    pub(super) fn usage(&self) -> RingUsage {
        let slots = self.read();
        RingUsage {
            events: slots.entries.iter().filter(|slot| slot.frame.is_some()).count(),
            bytes: slots.bytes,
            age: slots.entries.front().map(|oldest| oldest.accepted.elapsed()).unwrap_or_default(),
        }
    }

    /// Hands at most `limit` frames after `after` to `take`, oldest first, and says up to which entry that is
    /// everything. `generation` is the one in which `after` was got to.
    pub(super) fn frames_after(
        &self,
        generation: u32,
        after: Seq,
        limit: usize,
        mut take: impl FnMut(&Slot, &Frame),
    ) -> Result<Seq, BehindRing> {
        let slots = self.read();
        if generation != slots.generation || after < slots.floor {
            return Err(BehindRing);
        }
        let start = slots.entries.partition_point(|slot| slot.seq <= after);
        let mut position = after;
        let mut taken = 0;
        for slot in slots.entries.range(start..) {
            if taken == limit {
                return Ok(position);
            }
            if let Some(frame) = &slot.frame {
                take(slot, frame);
                taken += 1;
            }
            position = slot.seq;
        }
        Ok(slots.head.max(after))
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Slots> {
        self.slots.read().expect("no code panics while it holds the ring")
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Slots> {
        self.slots.write().expect("no code panics while it holds the ring")
    }
}

impl Slots {
    fn push(&mut self, slot: Slot) {
        match slot.subject {
            Subject::Notification(id) => {
                if let Some(voided) = self.by_id.insert(id, slot.seq) {
                    self.set_frame(voided, None);
                }
            }
            Subject::ReadMark => {
                if let Some(voided) = self.read_mark.replace(slot.seq) {
                    self.set_frame(voided, None);
                }
            }
            Subject::Everything => {
                for earlier in &mut self.entries {
                    if slot.subject.voids(earlier.subject)
                        && let Some(frame) = earlier.frame.take()
                    {
                        self.bytes -= frame.chunk().len();
                    }
                }
                self.by_id.clear();
            }
            Subject::Log => {}
        }
        self.head = slot.seq;
        self.bytes += slot.frame.as_ref().map_or(0, |frame| frame.chunk().len());
        self.entries.push_back(slot);
    }

    fn set_frame(&mut self, seq: Seq, frame: Option<Frame>) {
        let Ok(position) = self.entries.binary_search_by_key(&seq, |slot| slot.seq) else { return };
        let length = |frame: &Option<Frame>| frame.as_ref().map_or(0, |frame| frame.chunk().len());
        self.bytes += length(&frame);
        let before = std::mem::replace(&mut self.entries[position].frame, frame);
        self.bytes -= length(&before);
    }

    fn trim(&mut self) {
        while self.entries.len() > self.limits.frames || self.bytes > self.limits.bytes {
            let Some(oldest) = self.entries.pop_front() else { break };
            self.bytes -= oldest.frame.map_or(0, |frame| frame.chunk().len());
            self.floor = oldest.seq;
            if let Subject::Notification(id) = oldest.subject
                && self.by_id.get(&id) == Some(&oldest.seq)
            {
                self.by_id.remove(&id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event_id::{Epoch, EventId};

    fn id(seq: u64) -> EventId {
        EventId { epoch: "aaaaaa".parse::<Epoch>().expect("valid"), seq: Seq::new(seq) }
    }

    fn slot(seq: u64) -> Slot {
        about(seq, Subject::Notification(Uuid::from_u128(seq.into())))
    }

    fn about(seq: u64, subject: Subject) -> Slot {
        Slot { seq: Seq::new(seq), subject, frame: Some(Frame::cleared(id(seq))), accepted: Instant::now() }
    }

    fn collect(ring: &Ring, after: u64, limit: usize) -> Result<Vec<u64>, BehindRing> {
        let mut seqs = Vec::new();
        ring.frames_after(0, Seq::new(after), limit, |slot, _| seqs.push(slot.seq.get()))?;
        Ok(seqs)
    }

    fn ring_with(slots: Vec<Slot>, limits: RingLimits) -> Ring {
        let ring = Ring::new(Seq::START, limits);
        ring.push(slots, Vec::new());
        ring
    }

    #[test]
    fn frames_come_in_order_and_at_most_as_many_as_asked_for() {
        // With gaps: 2, 4, 6, 8, 10.
        let ring = ring_with((1..=5).map(|n| slot(2 * n)).collect(), RingLimits::default());
        assert_eq!(collect(&ring, 0, 10), Ok(vec![2, 4, 6, 8, 10]));
        assert_eq!(collect(&ring, 5, 2), Ok(vec![6, 8]));
        assert_eq!(collect(&ring, 10, 10), Ok(vec![]));
        assert_eq!(ring.frames_after(0, Seq::new(5), 2, |_, _| {}), Ok(Seq::new(8)));
        assert_eq!(ring.frames_after(0, Seq::new(5), 9, |_, _| {}), Ok(Seq::new(10)));
        assert_eq!(ring.frames_after(0, Seq::new(12), 9, |_, _| {}), Ok(Seq::new(12)));
    }

    #[test]
    fn a_cursor_behind_the_ring_is_told_so_rather_than_given_a_gap() {
        let ring = ring_with((1..=5).map(slot).collect(), RingLimits { frames: 3, ..RingLimits::default() });
        assert_eq!(collect(&ring, 2, 10), Ok(vec![3, 4, 5]));
        assert_eq!(collect(&ring, 1, 10), Err(BehindRing));
    }

    #[test]
    fn the_ring_is_bounded_in_bytes_too() {
        let bytes = slot(1).frame.expect("a frame").chunk().len() * 2;
        let ring = ring_with((1..=5).map(slot).collect(), RingLimits { bytes, ..RingLimits::default() });
        assert_eq!(collect(&ring, 3, 10), Ok(vec![4, 5]));
        assert_eq!(collect(&ring, 2, 10), Err(BehindRing));
    }

    #[test]
    fn what_a_later_entry_voids_is_forgotten() {
        let subject = |n: u128| Subject::Notification(Uuid::from_u128(n));
        let ring = ring_with(
            vec![about(1, subject(1)), about(2, subject(2)), about(3, Subject::ReadMark)],
            RingLimits::default(),
        );
        ring.push(vec![about(4, subject(1)), about(5, Subject::ReadMark)], Vec::new());
        assert_eq!(collect(&ring, 0, 10), Ok(vec![2, 4, 5]));
        ring.push(vec![about(6, Subject::Everything), about(7, subject(3))], Vec::new());
        assert_eq!(collect(&ring, 0, 10), Ok(vec![5, 6, 7]));
        ring.push(Vec::new(), vec![(Seq::new(7), Frame::deleted(id(7), Uuid::nil()))]);
        let mut texts = Vec::new();
        ring.frames_after(0, Seq::new(6), 9, |_, frame| texts.push(frame.event())).expect("in the ring");
        assert_eq!(texts, [Frame::deleted(id(7), Uuid::nil()).event()]);
    }

    #[test]
    fn what_was_got_to_in_another_generation_is_no_place_in_this_one() {
        let ring = ring_with((1..=5).map(slot).collect(), RingLimits::default());
        ring.load(Seq::START, Seq::new(3), (1..=3).map(slot).collect());
        assert_eq!(collect(&ring, 2, 10), Err(BehindRing));
        assert_eq!(ring.head(), (1, Seq::new(3)));
        let mut seqs = Vec::new();
        ring.frames_after(1, Seq::new(1), 9, |slot, _| seqs.push(slot.seq.get())).expect("in the ring");
        assert_eq!(seqs, [2, 3]);
        let bytes: usize = (1..=3).map(|n| slot(n).frame.expect("a frame").chunk().len()).sum();
        assert_eq!(ring.usage().bytes, bytes);
    }

    #[tokio::test]
    async fn a_commit_wakes_a_subscriber_once() {
        let ring = Ring::new(Seq::START, RingLimits::default());
        let mut signal = ring.signal();
        ring.push((1..=3).map(slot).collect(), Vec::new());
        signal.changed().await.expect("the ring lives");
        signal.borrow_and_update();
        assert!(!signal.has_changed().expect("the ring lives"));
    }
}
