//! The times in which nothing was acknowledged, and what was wrong meanwhile.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, MutexGuard},
    time::{Duration, Instant},
};

/// What is shorter is not worth a line.
const WORTH_TELLING: Duration = Duration::from_secs(8);

/// What is shorter is no pause.
const LEAST: Duration = Duration::from_millis(500);

/// What was done to hubs and brokers, and when.
pub(crate) struct Chronicle {
    began: Instant,
    brokers: usize,
    deeds: Mutex<Vec<(Instant, Deed)>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    /// A fault begins.
    Fault(&'static str),
    /// A broker is killed or frozen.
    Down(usize),
    /// A broker takes connections again.
    Up(usize),
}

/// A time in which nothing was acknowledged.
#[derive(Clone, Debug)]
pub struct Pause {
    /// How long after the beginning.
    pub at: Duration,
    /// How long it was in all.
    pub length: Duration,
    /// For how long of it a majority of the brokers was down: whoever waits for a majority cannot acknowledge anything.
    pub without_majority: Duration,
    /// How long it was from the last broker on that was killed or frozen in it: one that is hit again has to begin again.
    pub after_last_broker: Duration,
    /// The faults that began shortly before it or during it, and how long after its beginning.
    pub faults: Vec<(&'static str, f64)>,
}

impl Pause {
    /// Whether it is worth a line.
    pub(crate) fn is_long(&self) -> bool {
        self.length >= WORTH_TELLING
    }

    /// For how long nothing was acknowledged although a majority of the brokers ran.
    pub fn with_majority(&self) -> Duration {
        self.length.saturating_sub(self.without_majority)
    }
}

impl fmt::Display for Pause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} s after {:.0} s", self.length.as_secs_f64(), self.at.as_secs_f64())?;
        if self.without_majority > Duration::ZERO {
            write!(f, ", {:.1} s of it without a majority", self.without_majority.as_secs_f64())?;
        }
        for (fault, after) in &self.faults {
            write!(f, "; {fault} at {after:+.1}")?;
        }
        Ok(())
    }
}

impl Chronicle {
    /// Nothing has happened yet to so many brokers.
    pub(crate) fn of(brokers: usize) -> Self {
        Chronicle { began: Instant::now(), brokers, deeds: Mutex::default() }
    }

    /// A fault begins.
    pub(crate) fn fault(&self, name: &'static str) {
        self.deeds().push((Instant::now(), Deed::Fault(name)));
    }

    /// How often each kind of fault was made.
    pub(crate) fn faults(&self) -> BTreeMap<&'static str, usize> {
        let mut faults = BTreeMap::new();
        for (_, deed) in self.deeds().iter() {
            if let Deed::Fault(name) = deed {
                *faults.entry(*name).or_default() += 1;
            }
        }
        faults
    }

    /// A broker is killed or frozen.
    pub(crate) fn down(&self, broker: usize) {
        self.deeds().push((Instant::now(), Deed::Down(broker)));
    }

    /// A broker takes connections again.
    pub(crate) fn up(&self, broker: usize) {
        self.deeds().push((Instant::now(), Deed::Up(broker)));
    }

    fn deeds(&self) -> MutexGuard<'_, Vec<(Instant, Deed)>> {
        self.deeds.lock().expect("no one panics with them in hand")
    }

    /// What was wrong while nothing was acknowledged.
    fn explain(&self, from: Instant, to: Instant) -> Pause {
        let deeds = self.deeds();
        let mut up = vec![true; self.brokers];
        let (mut lost, mut without_majority) = (None, Duration::ZERO);
        let mut last_broker = from;
        let mut faults = Vec::new();
        for (at, deed) in deeds.iter().copied().take_while(|(at, _)| *at <= to) {
            match deed {
                Deed::Fault(name) if at + LEAST >= from => {
                    let offset = at.saturating_duration_since(from).as_secs_f64();
                    faults.push((name, offset - from.saturating_duration_since(at).as_secs_f64()));
                }
                Deed::Fault(_) => {}
                Deed::Down(broker) => {
                    up[broker] = false;
                    last_broker = last_broker.max(at);
                }
                Deed::Up(broker) => up[broker] = true,
            }
            let has_majority = up.iter().filter(|is_up| **is_up).count() * 2 > self.brokers;
            if !has_majority {
                lost = lost.or(Some(at));
            } else if let Some(lost) = lost.take() {
                without_majority += at.saturating_duration_since(lost.max(from));
            }
        }
        if let Some(lost) = lost {
            without_majority += to.saturating_duration_since(lost.max(from));
        }
        Pause {
            at: from.saturating_duration_since(self.began),
            length: to - from,
            without_majority,
            after_last_broker: to - last_broker,
            faults,
        }
    }
}

/// The pauses that are seen.
pub(crate) struct Pauses {
    acknowledged: usize,
    since: Instant,
    seen: Vec<(Instant, Instant)>,
}

impl Pauses {
    /// None yet.
    pub(crate) fn begin() -> Self {
        Pauses { acknowledged: 0, since: Instant::now(), seen: Vec::new() }
    }

    /// So many were acknowledged by now.
    pub(crate) fn see(&mut self, acknowledged: usize, now: Instant) {
        if acknowledged != self.acknowledged {
            self.end(now);
            self.acknowledged = acknowledged;
        }
    }

    fn end(&mut self, now: Instant) {
        if now - self.since >= LEAST {
            self.seen.push((self.since, now));
        }
        self.since = now;
    }

    /// All of them, explained.
    pub(crate) fn explained(mut self, chronicle: &Chronicle) -> Vec<Pause> {
        self.end(Instant::now());
        self.seen.iter().map(|(from, to)| chronicle.explain(*from, *to)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_wrong_in_a_pause_is_told_and_a_lost_majority_counted_apart() {
        let chronicle = Chronicle::of(3);
        let start = chronicle.began;
        let after = |ms| start + Duration::from_millis(ms);
        *chronicle.deeds() = vec![
            (after(100), Deed::Fault("early")),
            (after(9_900), Deed::Fault("leader")),
            (after(9_900), Deed::Down(0)),
            (after(12_000), Deed::Fault("follower")),
            (after(12_000), Deed::Down(1)),
            (after(13_000), Deed::Up(0)),
            (after(14_000), Deed::Up(1)),
            (after(30_000), Deed::Fault("late")),
        ];
        let mut pauses = Pauses::begin();
        pauses.since = start;
        for (ms, acknowledged) in [(200, 1), (400, 2), (10_000, 2), (10_000, 3), (18_000, 4), (18_100, 5)] {
            pauses.see(acknowledged, after(ms));
        }
        let pause = chronicle.explain(pauses.seen[1].0, pauses.seen[1].1);
        assert_eq!(pauses.seen.len(), 2);
        assert_eq!((pause.at, pause.length), (Duration::from_secs(10), Duration::from_secs(8)));
        assert_eq!(pause.with_majority(), Duration::from_secs(7));
        assert_eq!(pause.after_last_broker, Duration::from_secs(6));
        assert_eq!(
            pause.to_string(),
            "8.0 s after 10 s, 1.0 s of it without a majority; leader at -0.1; follower at +2.0"
        );
    }
}
