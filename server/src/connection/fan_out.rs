//! The streams that are up to date, which is nearly all of them nearly always. A few tasks, one for each core,
//! take each frame once and send it to many sockets in a row: no task is woken for a stream, and what a stream
//! costs while it waits is its socket and its cursor. A stream that cannot take a frame at once gets a task of its
//! own until it is up to date again.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    task::{Context, Wake, Waker},
    time::{Duration, Instant},
};

use bytes::Bytes;
use slab::Slab;
use tokio::{
    sync::{Notify, mpsc},
    task::JoinSet,
};
use tokio_util::task::TaskTracker;

use super::{
    settings::Settings,
    stream::{BATCH, Outcome, Stream},
};
use crate::{
    event_id::Seq,
    feed::{Cursor, Feed, LiveFrame, Step},
};

/// How long a shard sends before other tasks get a turn, and after how many sends it looks at the clock.
const TURN: Duration = Duration::from_micros(500);
const SENDS_PER_LOOK: usize = 16;

/// The way into a shard.
struct Door {
    joining: mpsc::UnboundedSender<Stream>,
    /// The entry that the shard has got to; the greatest number if it has no streams.
    position: Arc<AtomicU64>,
}

/// See the module. Cloning shares it.
#[derive(Clone)]
pub struct FanOut {
    shards: Arc<[Door]>,
    next: Arc<AtomicUsize>,
    tasks: TaskTracker,
}

impl FanOut {
    /// Starts one task for each core. They end when the hub stops, and are on `essential` for whoever watches over
    /// them; they and the streams are on `tasks`.
    pub fn start(
        feed: &Arc<Feed>,
        settings: &Arc<Settings>,
        tasks: &TaskTracker,
        essential: &mut JoinSet<()>,
    ) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let (shards, joining): (Vec<_>, Vec<_>) = (0..cores)
            .map(|_| {
                let (sender, joining) = mpsc::unbounded_channel();
                (Door { joining: sender, position: Arc::default() }, joining)
            })
            .unzip();
        let fan_out = FanOut { shards: shards.into(), next: Arc::default(), tasks: tasks.clone() };
        for (door, joining) in fan_out.shards.iter().zip(joining) {
            let shard = Shard {
                streams: Slab::new(),
                readable: Arc::default(),
                feed: Arc::clone(feed),
                cursor: feed.follow(),
                position: Arc::clone(&door.position),
                settings: Arc::clone(settings),
                fan_out: fan_out.clone(),
            };
            essential.spawn(tasks.track_future(shard.run(joining)));
        }
        fan_out
    }

    /// Takes charge of a stream: by itself until it is up to date, then among the others.
    pub(super) fn take(&self, mut stream: Stream) {
        let fan_out = self.clone();
        self.tasks.spawn(async move {
            while stream.run().await == Outcome::UpToDate {
                let shard = fan_out.next.fetch_add(1, Ordering::Relaxed) % fan_out.shards.len();
                let door = &fan_out.shards[shard];
                // A shard that lags is on its way to where this stream is already, and would keep it waiting until then.
                if stream.cursor().position().since(door.position()) > BATCH as u64 {
                    if let Err(error) = stream.changed().await {
                        return stream.note_end(&error);
                    }
                    continue;
                }
                match door.joining.send(stream) {
                    Ok(()) => return,
                    // The hub stops: the stream will be told so.
                    Err(mpsc::error::SendError(back)) => stream = back,
                }
            }
        });
    }
}

impl Door {
    fn position(&self) -> Seq {
        Seq::new(self.position.load(Ordering::Relaxed))
    }
}

/// The streams of one task.
struct Shard {
    streams: Slab<Stream>,
    readable: Arc<Readable>,
    feed: Arc<Feed>,
    cursor: Cursor,
    /// Where the cursor is, for those who want to join.
    position: Arc<AtomicU64>,
    settings: Arc<Settings>,
    fan_out: FanOut,
}

/// The streams whose peers have said something, or gone.
#[derive(Default)]
struct Readable {
    /// Held for a push or a swap.
    keys: Mutex<Vec<usize>>,
    changed: Notify,
}

/// Wakes a shard for one of its streams. A key that has been given to another stream since then does no harm:
/// that one is looked at for nothing.
struct ReadableStream {
    key: usize,
    readable: Arc<Readable>,
}

impl Wake for ReadableStream {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.readable.keys.lock().expect("no code panics while it holds the keys").push(self.key);
        self.readable.changed.notify_one();
    }
}

/// Frames in one piece.
struct Batch {
    bytes: Bytes,
    /// Where each numbered frame ends. The frames behind them have no number and are for everyone.
    ends: Vec<FrameEnd>,
    notifications: u64,
    /// When the log was given each new notification.
    accepted: Vec<Instant>,
}

/// The end of a frame in a batch.
struct FrameEnd {
    seq: Seq,
    /// Where it is in the bytes.
    offset: usize,
    /// How many notifications there are up to here.
    notifications: u64,
}

impl Batch {
    fn new(frames: &[LiveFrame]) -> Self {
        let bytes = match frames {
            [only] => only.frame.chunk().clone(),
            several => several.iter().map(|live| &live.frame.chunk()[..]).collect::<Vec<_>>().concat().into(),
        };
        let (mut offset, mut notifications) = (0, 0);
        let mut ends = Vec::with_capacity(frames.len());
        let mut accepted = Vec::new();
        for live in frames {
            offset += live.frame.chunk().len();
            if live.frame.is_notification() {
                notifications += 1;
                accepted.extend(live.accepted);
            }
            ends.extend(live.seq.map(|seq| FrameEnd { seq, offset, notifications }));
        }
        Batch { bytes, ends, notifications, accepted }
    }

    /// What one who has got to `position` has not had yet, and how many notifications that is.
    fn part_after(&self, position: Seq) -> (Bytes, u64) {
        let had = self.ends.partition_point(|end| end.seq <= position);
        match had.checked_sub(1).map(|last| &self.ends[last]) {
            Some(last) => (self.bytes.slice(last.offset..), self.notifications - last.notifications),
            None => (self.bytes.clone(), self.notifications),
        }
    }
}

/// What a round of sending came to.
enum Round {
    /// There may be more to send.
    More,
    /// Everything was sent.
    UpToDate,
    /// The hub stops.
    End,
}

impl Shard {
    async fn run(mut self, mut joining: mpsc::UnboundedReceiver<Stream>) {
        let readable = Arc::clone(&self.readable);
        let shutdown = self.settings.shutdown.clone();
        let mut round = Round::UpToDate;
        self.tell_position();
        loop {
            if matches!(round, Round::UpToDate) {
                let has_streams = !self.streams.is_empty();
                tokio::select! {
                    () = self.cursor.changed(), if has_streams => {}
                    // Without streams it is not woken for what is posted.
                    () = shutdown.begun(), if !has_streams => round = Round::End,
                    stream = joining.recv() => {
                        if let Some(stream) = stream { self.add(stream); }
                    }
                    () = readable.changed.notified() => {}
                }
            }
            // After every round of sending, however much there is to send: newcomers wait for one round at most.
            while let Ok(stream) = joining.try_recv() {
                self.add(stream);
            }
            // On a line of its own: in the head of the loop the lock would be held until its end, and waking takes it.
            let keys =
                std::mem::take(&mut *readable.keys.lock().expect("no code panics while it holds the keys"));
            for key in keys {
                self.watch_input(key);
            }
            round = match round {
                _ if !self.streams.is_empty() => self.send_round().await,
                Round::End => Round::End,
                Round::More | Round::UpToDate => Round::UpToDate,
            };
            self.tell_position();
            if matches!(round, Round::End) {
                joining.close();
                while let Some(stream) = joining.recv().await {
                    self.fan_out.take(stream);
                }
                return;
            }
        }
    }

    fn tell_position(&self) {
        let position = if self.streams.is_empty() { u64::MAX } else { self.cursor.position().get() };
        self.position.store(position, Ordering::Relaxed);
    }

    /// Sends what comes next to everyone, once.
    async fn send_round(&mut self) -> Round {
        let mut frames = Vec::new();
        match self.cursor.next(&mut frames, BATCH) {
            Step::Send => {
                let through = self.cursor.position();
                self.broadcast(&Batch::new(&frames), through).await;
                Round::More
            }
            Step::Wait => Round::UpToDate,
            Step::CatchUp => self.send_page().await,
            Step::End => {
                // Each finds its own way to its end.
                self.hand_over_all();
                Round::End
            }
        }
    }

    /// Sends a page of what lies behind the ring: all streams here have one position, so one page serves them all.
    async fn send_page(&mut self) -> Round {
        let read = if self.cursor.is_current() {
            self.feed.page_after(self.cursor.position()).await.ok()
        } else {
            None
        };
        match read {
            Some(page) => {
                let frames: Vec<_> = page
                    .frames_after(self.cursor.position())
                    .iter()
                    .map(|(seq, frame)| LiveFrame { seq: Some(*seq), frame: frame.clone(), accepted: None })
                    .collect();
                self.cursor.move_to(page.through);
                if !frames.is_empty() {
                    self.broadcast(&Batch::new(&frames), page.through).await;
                }
            }
            None => {
                // Each is told that it starts afresh.
                self.hand_over_all();
                self.cursor.skip_to_newest();
            }
        }
        Round::More
    }

    fn hand_over_all(&mut self) {
        for stream in self.streams.drain() {
            self.fan_out.take(stream);
        }
    }

    /// Sends to everyone what it has not had yet; after that everyone has got to `through`.
    async fn broadcast(&mut self, batch: &Batch, through: Seq) {
        let mut sends = 0;
        let mut deliveries = 0;
        let mut turn_began = Instant::now();
        // By key: a stream may leave while its neighbours are served.
        for key in 0..self.streams.capacity() {
            let Some(stream) = self.streams.get_mut(key) else { continue };
            let (part, notifications) = batch.part_after(stream.cursor().position());
            stream.cursor().keep_up_with(&self.cursor);
            stream.cursor().move_to(through);
            if part.is_empty() {
                continue;
            }
            match stream.send_now(&part) {
                Ok(true) => deliveries += notifications,
                Ok(false) => {
                    deliveries += notifications;
                    let stream = self.streams.remove(key);
                    self.fan_out.take(stream);
                }
                Err(error) => {
                    stream.note_end(&error);
                    self.streams.remove(key);
                }
            }
            sends += 1;
            if sends % SENDS_PER_LOOK == 0 && turn_began.elapsed() >= TURN {
                tokio::task::yield_now().await;
                turn_began = Instant::now();
            }
        }
        if self.streams.is_empty() {
            self.streams.shrink_to_fit();
        }
        let metrics = &self.settings.metrics;
        metrics.deliveries.inc_by(deliveries);
        // Once for a round, however many streams there are.
        if sends > 0 && !batch.accepted.is_empty() {
            let now = Instant::now();
            batch
                .accepted
                .iter()
                .for_each(|accepted| metrics.delivery.observe(now.duration_since(*accepted)));
        }
    }

    /// Takes in a stream, and sends it at once what came while it was on its way here.
    fn add(&mut self, mut stream: Stream) {
        if self.streams.is_empty() {
            self.cursor.keep_up_with(stream.cursor());
        }
        if !stream.cursor().is_comparable_with(&self.cursor) {
            return self.fan_out.take(stream);
        }
        while stream.cursor().position() < self.cursor.position() {
            let mut frames = Vec::new();
            match stream.cursor().next(&mut frames, BATCH) {
                Step::Send => {}
                // What came says nothing to subscribers.
                Step::Wait => continue,
                Step::CatchUp | Step::End => return self.fan_out.take(stream),
            }
            let batch = Batch::new(&frames);
            match stream.send_now(&batch.bytes) {
                Ok(took_all) => {
                    self.settings.metrics.deliveries.inc_by(batch.notifications);
                    if !took_all {
                        return self.fan_out.take(stream);
                    }
                }
                Err(error) => return stream.note_end(&error),
            }
        }
        let key = self.streams.insert(stream);
        self.watch_input(key);
    }

    fn watch_input(&mut self, key: usize) {
        let Some(stream) = self.streams.get_mut(key) else { return };
        let waker = Waker::from(Arc::new(ReadableStream { key, readable: Arc::clone(&self.readable) }));
        if let Err(error) = stream.watch_input(&mut Context::from_waker(&waker)) {
            stream.note_end(&error);
            self.streams.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        event_id::EventId,
        notification::{EncodedNotification, NewNotification},
        sse::frame::Frame,
    };

    fn notification(id: EventId) -> Frame {
        let draft =
            NewNotification { message: "x".into(), ..NewNotification::default() }.check().expect("valid");
        let notification = draft.notification(uuid::Uuid::nil(), chrono::DateTime::UNIX_EPOCH);
        Frame::notification(id, &EncodedNotification::new(notification))
    }

    #[test]
    fn each_is_sent_what_it_has_not_had_and_everyone_the_heartbeat() {
        let id = |seq| EventId { epoch: "aaaaaa".parse().expect("valid"), seq: Seq::new(seq) };
        let live =
            |seq: u64, frame| LiveFrame { seq: Some(Seq::new(seq)), frame, accepted: Some(Instant::now()) };
        let beat = LiveFrame {
            seq: None,
            frame: Frame::heartbeat(chrono::DateTime::UNIX_EPOCH, None),
            accepted: None,
        };
        // Number 6 is missing.
        let all = [live(5, Frame::cleared(id(5))), live(7, notification(id(7))), beat.clone()];
        let batch = Batch::new(&all);
        let part = |position| batch.part_after(Seq::new(position));
        let together = |frames: &[LiveFrame]| {
            let bytes = frames.iter().map(|live| live.frame.chunk().to_vec()).collect::<Vec<_>>().concat();
            (Bytes::from(bytes), frames.iter().filter(|live| live.frame.is_notification()).count() as u64)
        };
        assert_eq!(batch.accepted.len(), 1, "one notification");
        assert_eq!(part(4), together(&all));
        assert_eq!(part(5), together(&all[1..]));
        assert_eq!(part(6), together(&all[1..]));
        assert_eq!(part(7), together(&all[2..]));
        assert_eq!(part(9), together(&all[2..]));
        assert_eq!(Batch::new(std::slice::from_ref(&beat)).part_after(Seq::new(4)), together(&all[2..]));
        assert_eq!(Batch::new(&all[..1]).part_after(Seq::new(5)), (Bytes::new(), 0));
    }
}
