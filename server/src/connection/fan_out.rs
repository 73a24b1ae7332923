//! The streams that are up to date, which is nearly all of them nearly always. A few tasks, one for each core,
//! take each frame once and send it to many sockets in a row: no task is woken for a stream, and what a stream
//! costs while it waits is its socket and its cursor. A stream that cannot take a frame at once gets a task of its
//! own until it is up to date again.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Wake, Waker},
};

use bytes::Bytes;
use slab::Slab;
use tokio::sync::{Notify, mpsc};
use tokio_util::task::TaskTracker;

use super::{
    Settings,
    stream::{BATCH, Outcome, Stream},
};
use crate::{
    event_id::Seq,
    feed::{Feed, Follower, Step},
    frame::Frame,
};

/// After how many sends in a row other tasks get a turn.
const SENDS_IN_A_ROW: usize = 64;

/// See the module. Cloning shares it.
#[derive(Clone)]
pub struct FanOut {
    shards: Arc<[mpsc::UnboundedSender<Stream>]>,
    next: Arc<AtomicUsize>,
    tasks: TaskTracker,
}

impl FanOut {
    /// Starts one task for each core. They end when the hub stops; all of them, and the streams, are on `tasks`.
    pub fn start(feed: &Feed, settings: &Arc<Settings>, tasks: &TaskTracker) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let (shards, joining): (Vec<_>, Vec<_>) = (0..cores).map(|_| mpsc::unbounded_channel()).unzip();
        let fan_out = FanOut { shards: shards.into(), next: Arc::default(), tasks: tasks.clone() };
        for joining in joining {
            let shard = Shard {
                streams: Slab::new(),
                readable: Arc::default(),
                follower: feed.follow(),
                settings: Arc::clone(settings),
                fan_out: fan_out.clone(),
            };
            tasks.spawn(shard.run(joining));
        }
        fan_out
    }

    /// Takes charge of a stream: by itself until it is up to date, then among the others.
    pub(super) fn take(&self, mut stream: Stream) {
        let fan_out = self.clone();
        self.tasks.spawn(async move {
            while stream.run().await == Outcome::UpToDate {
                let shard = fan_out.next.fetch_add(1, Ordering::Relaxed) % fan_out.shards.len();
                match fan_out.shards[shard].send(stream) {
                    Ok(()) => return,
                    // The hub stops: the stream will be told so.
                    Err(mpsc::error::SendError(back)) => stream = back,
                }
            }
        });
    }
}

/// The streams of one task.
struct Shard {
    streams: Slab<Stream>,
    readable: Arc<Readable>,
    follower: Follower,
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
        self.readable.keys.lock().expect("no one panics with the keys in hand").push(self.key);
        self.readable.changed.notify_one();
    }
}

/// Frames in one piece.
struct Batch {
    bytes: Bytes,
    /// The entry before the first frame.
    after: Seq,
    /// How long the first so many numbered frames are together: 0, the first, the first two …
    lengths: Vec<usize>,
    frames: u64,
}

impl Batch {
    /// `after`: the entry before the first frame; `numbered`: how many of the frames are entries, the first ones.
    fn new(after: Seq, frames: &[Frame], numbered: usize) -> Self {
        let bytes = match frames {
            [only] => only.chunk().clone(),
            several => several.iter().map(|frame| &frame.chunk()[..]).collect::<Vec<_>>().concat().into(),
        };
        let mut lengths = vec![0];
        lengths.extend(frames[..numbered].iter().scan(0, |length, frame| {
            *length += frame.chunk().len();
            Some(*length)
        }));
        Batch { bytes, after, lengths, frames: frames.len() as u64 }
    }

    /// What one who has got to `position` has not had yet.
    fn part_after(&self, position: Seq) -> Bytes {
        let had = usize::try_from(position.since(self.after)).unwrap_or(usize::MAX);
        self.bytes.slice(self.lengths[had.min(self.lengths.len() - 1)]..)
    }
}

impl Shard {
    async fn run(mut self, mut joining: mpsc::UnboundedReceiver<Stream>) {
        let readable = Arc::clone(&self.readable);
        loop {
            tokio::select! {
                () = self.follower.changed() => {}
                stream = joining.recv() => {
                    if let Some(stream) = stream { self.add(stream); }
                }
                () = readable.changed.notified() => {}
            }
            while let Ok(stream) = joining.try_recv() {
                self.add(stream);
            }
            // On a line of its own: in the head of the loop the lock would be held until its end, and waking takes it.
            let keys =
                std::mem::take(&mut *readable.keys.lock().expect("no one panics with the keys in hand"));
            for key in keys {
                self.watch_input(key);
            }
            if self.send_all().await == Step::End {
                joining.close();
                while let Some(stream) = joining.recv().await {
                    self.fan_out.take(stream);
                }
                return;
            }
        }
    }

    /// Sends what there is to everyone, and says what to do next: to wait, or to end.
    async fn send_all(&mut self) -> Step {
        loop {
            let mut frames = Vec::new();
            let after = self.follower.position();
            match self.follower.next(&mut frames, BATCH) {
                Step::Send => {
                    let numbered =
                        usize::try_from(self.follower.position().since(after)).unwrap_or(frames.len());
                    self.broadcast(&Batch::new(after, &frames, numbered)).await;
                }
                Step::Wait => return Step::Wait,
                step @ (Step::CatchUp | Step::End) => {
                    // Each finds its own way on: from the log, or to its end.
                    for stream in self.streams.drain() {
                        self.fan_out.take(stream);
                    }
                    if step == Step::End {
                        return step;
                    }
                    self.follower.skip_to_newest();
                }
            }
        }
    }

    async fn broadcast(&mut self, batch: &Batch) {
        let mut sends = 0;
        // By key: a stream may leave while its neighbours are served.
        for key in 0..self.streams.capacity() {
            let Some(stream) = self.streams.get_mut(key) else { continue };
            let part = batch.part_after(stream.follower().position());
            if part.is_empty() {
                continue;
            }
            stream.follower().keep_up_with(&self.follower);
            match stream.send_now(&part) {
                Ok(true) => {}
                Ok(false) => {
                    let stream = self.streams.remove(key);
                    self.fan_out.take(stream);
                }
                Err(error) => {
                    stream.note_end(&error);
                    self.streams.remove(key);
                }
            }
            sends += 1;
            if sends % SENDS_IN_A_ROW == 0 {
                tokio::task::yield_now().await;
            }
        }
        self.settings.metrics.frames_sent.inc_by(batch.frames * sends as u64);
    }

    fn add(&mut self, mut stream: Stream) {
        if stream.follower().position() < self.follower.position() {
            // Something came while it was on its way here.
            return self.fan_out.take(stream);
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
    use crate::{event_id::EventId, frame::Frame};

    #[test]
    fn each_is_sent_what_it_has_not_had_and_everyone_the_heartbeat() {
        let frame =
            |seq| Frame::cleared(EventId { epoch: "aaaaaa".parse().expect("valid"), seq: Seq::new(seq) });
        let beat = Frame::heartbeat(chrono::DateTime::UNIX_EPOCH);
        let all = [frame(5), frame(6), beat.clone()];
        let batch = Batch::new(Seq::new(4), &all, 2);
        let together =
            |frames: &[Frame]| frames.iter().map(|f| f.chunk().to_vec()).collect::<Vec<_>>().concat();
        assert_eq!(batch.part_after(Seq::new(4)), together(&all));
        assert_eq!(batch.part_after(Seq::new(5)), together(&all[1..]));
        assert_eq!(batch.part_after(Seq::new(6)), together(&all[2..]));
        assert_eq!(batch.part_after(Seq::new(9)), together(&all[2..]));
        assert_eq!(
            Batch::new(Seq::new(4), std::slice::from_ref(&beat), 0).part_after(Seq::new(4)),
            *beat.chunk()
        );
        assert!(Batch::new(Seq::new(4), &all[..1], 1).part_after(Seq::new(5)).is_empty());
    }
}
