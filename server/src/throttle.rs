//! Lets one of many equal events through in a while, so that what is logged about them stays readable.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

/// See the module.
#[derive(Debug)]
pub struct Throttle {
    interval_ms: u64,
    began: Instant,
    /// From when on the next one passes, in milliseconds after `began`.
    next_ms: AtomicU64,
    skipped: AtomicU64,
}

impl Throttle {
    /// Lets one through in each interval.
    pub fn every(interval: Duration) -> Self {
        Throttle {
            interval_ms: u64::try_from(interval.as_millis()).unwrap_or(u64::MAX),
            began: Instant::now(),
            next_ms: AtomicU64::new(0),
            skipped: AtomicU64::new(0),
        }
    }

    /// `Some` if this one passes, with how many did not since the last one that did.
    pub fn pass(&self) -> Option<u64> {
        let now_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let next_ms = self.next_ms.load(Ordering::Relaxed);
        let after = now_ms.saturating_add(self.interval_ms);
        let passes = now_ms >= next_ms
            // Of two at the same time one passes.
            && self.next_ms.compare_exchange(next_ms, after, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if passes {
            return Some(self.skipped.swap(0, Ordering::Relaxed));
        }
        self.skipped.fetch_add(1, Ordering::Relaxed);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_passes_in_each_interval_and_says_how_many_did_not() {
        let throttle = Throttle::every(Duration::from_hours(1));
        assert_eq!([throttle.pass(), throttle.pass(), throttle.pass()], [Some(0), None, None]);
        throttle.next_ms.store(0, Ordering::Relaxed);
        assert_eq!([throttle.pass(), throttle.pass()], [Some(2), None]);
    }
}
