//! What happened in about the last minute, for people who look at the page: the difference to what was counted then.

use std::{
    collections::VecDeque,
    sync::Mutex,
    time::{Duration, Instant},
};

use super::histogram::Snapshot;

/// How often the counters are noted.
pub const NOTE_INTERVAL: Duration = Duration::from_secs(5);

/// How far back "recent" reaches.
const PERIOD: Duration = Duration::from_mins(1);

/// Counters at one moment.
#[derive(Clone, Debug)]
pub(super) struct Note {
    pub(super) at: Instant,
    pub(super) published: u64,
    pub(super) deliveries: u64,
    pub(super) delivery: Snapshot,
}

/// What happened lately.
#[derive(Clone, Debug, PartialEq)]
pub struct Lately {
    /// How long ago it begins.
    pub period: Duration,
    /// Notifications that were stored.
    pub published: u64,
    /// Notification events that were sent.
    pub deliveries: u64,
    /// The time from accepting a post to the end of the round of sending, for half of all rounds; `None`: there was no
    /// round.
    pub delivery_median: Option<Duration>,
    /// The same for 99 of 100.
    pub delivery_p99: Option<Duration>,
}

/// The notes of the last minute, oldest first; never empty.
#[derive(Debug)]
pub(super) struct Notes(Mutex<VecDeque<Note>>);

impl Notes {
    pub(super) fn beginning_with(note: Note) -> Self {
        Notes(Mutex::new(VecDeque::from([note])))
    }

    pub(super) fn add(&self, note: Note) {
        let mut notes = self.notes();
        // The oldest that stays is the last one that is a whole period old.
        while notes.get(1).is_some_and(|second| note.at.duration_since(second.at) >= PERIOD) {
            notes.pop_front();
        }
        notes.push_back(note);
    }

    /// What came since the oldest note.
    pub(super) fn until(&self, now: &Note) -> Lately {
        let notes = self.notes();
        let then = notes.front().unwrap_or(now);
        let delivery = now.delivery.since(&then.delivery);
        let quantile = |share| delivery.quantile(share).map(Duration::from_nanos);
        Lately {
            period: now.at.duration_since(then.at),
            published: now.published - then.published,
            deliveries: now.deliveries - then.deliveries,
            delivery_median: quantile(0.5),
            delivery_p99: quantile(0.99),
        }
    }

    fn notes(&self) -> std::sync::MutexGuard<'_, VecDeque<Note>> {
        self.0.lock().expect("no code panics while it holds the notes")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::histogram::Histogram;

    #[test]
    fn lately_is_the_last_minute_and_no_more() {
        let start = Instant::now();
        let delivery = Histogram::of_durations();
        let note = |seconds: u64, published| Note {
            at: start + Duration::from_secs(seconds),
            published,
            deliveries: 10 * published,
            delivery: delivery.snapshot(),
        };
        let notes = Notes::beginning_with(note(0, 0));
        let quiet = notes.until(&note(1, 0));
        assert_eq!((quiet.period, quiet.delivery_p99), (Duration::from_secs(1), None));
        delivery.observe(Duration::from_millis(3));
        for seconds in (5..=100).step_by(5) {
            notes.add(note(seconds, seconds));
        }
        assert_eq!(notes.notes().len(), 13);
        delivery.observe(Duration::from_micros(60));
        let lately = notes.until(&note(102, 102));
        assert_eq!(lately.period, Duration::from_secs(62));
        assert_eq!((lately.published, lately.deliveries), (62, 620));
        assert_eq!(lately.delivery_p99, Some(Duration::from_micros(100)), "the older one is forgotten");
    }
}
