//! What all readers have seen together: how often each message has arrived, and how long after the instant
//! it was scheduled for.

use std::{
    sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed},
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;

/// A histogram of times in nanoseconds, exact to three digits.
pub(crate) type Times = Histogram<u64>;

/// The longest time that is told from longer ones.
const LONGEST: Duration = Duration::from_mins(10);

/// An empty histogram.
pub(crate) fn times() -> Times {
    Histogram::new_with_bounds(1, nanoseconds(LONGEST), 3).expect("the bounds and three digits are allowed")
}

/// A duration as it is counted here.
pub(crate) fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// See the module. Messages are numbered from 1.
#[derive(Debug)]
pub(crate) struct Tally {
    started: Instant,
    messages: Vec<Arrivals>,
    /// Messages before this one only warm the server up: they are counted, their times are not.
    timed_from: u32,
    /// Streams that are open now.
    pub(crate) open: AtomicUsize,
    /// Attempts to open a stream that came to nothing.
    pub(crate) failed: AtomicUsize,
    /// Heartbeats that have come.
    heartbeats: AtomicU64,
    /// Streams that ended though nobody here ended them.
    pub(crate) ended: AtomicUsize,
}

#[derive(Debug, Default)]
struct Arrivals {
    scheduled_ns: AtomicU64,
    count: AtomicU32,
    latest_ns: AtomicU64,
}

impl Tally {
    /// Room for `messages` messages, of which those from `timed_from` on are timed.
    pub(crate) fn new(messages: u32, timed_from: u32) -> Self {
        Tally {
            started: Instant::now(),
            messages: (0..=messages).map(|_| Arrivals::default()).collect(),
            timed_from,
            open: AtomicUsize::new(0),
            failed: AtomicUsize::new(0),
            heartbeats: AtomicU64::new(0),
            ended: AtomicUsize::new(0),
        }
    }

    /// Message `number` is to be sent at `instant`: what it takes from then on is its latency, even if it is
    /// sent later.
    pub(crate) fn schedule(&self, number: u32, instant: Instant) {
        let since_start = nanoseconds(instant.saturating_duration_since(self.started));
        self.messages[number as usize].scheduled_ns.store(since_start, Relaxed);
    }

    /// Message `number` has arrived at one more reader; its latency, if it is timed.
    pub(crate) fn arrived(&self, number: u32, now: Instant) -> Option<u64> {
        let message = self.messages.get(number as usize)?;
        let since_start = nanoseconds(now.saturating_duration_since(self.started));
        message.latest_ns.fetch_max(since_start, Relaxed);
        message.count.fetch_add(1, Relaxed);
        (number >= self.timed_from).then(|| since_start.saturating_sub(message.scheduled_ns.load(Relaxed)))
    }

    /// A heartbeat has come.
    pub(crate) fn heartbeat(&self) {
        self.heartbeats.fetch_add(1, Relaxed);
    }

    /// How many heartbeats have come.
    pub(crate) fn heartbeats(&self) -> u64 {
        self.heartbeats.load(Relaxed)
    }

    /// How many readers have message `number`.
    pub(crate) fn count(&self, number: u32) -> usize {
        self.messages[number as usize].count.load(Relaxed) as usize
    }

    /// From the instant message `number` was scheduled for until its last reader had it.
    pub(crate) fn to_last_reader(&self, number: u32) -> Duration {
        let message = &self.messages[number as usize];
        let scheduled_ns = message.scheduled_ns.load(Relaxed);
        Duration::from_nanos(message.latest_ns.load(Relaxed).saturating_sub(scheduled_ns))
    }

    /// Waits until `condition` holds, at most for `limit`; says whether it does.
    pub(crate) fn wait_until(&self, limit: Duration, condition: impl Fn(&Self) -> bool) -> bool {
        let deadline = Instant::now() + limit;
        loop {
            if condition(self) {
                return true;
            }
            if Instant::now() > deadline {
                return false;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}
