//! How values are distributed, in buckets whose bounds double. Observing takes no lock.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// How many buckets there are besides the one for everything greater.
const BUCKETS: usize = 20;

/// See the module. Values are whole numbers of some unit: nanoseconds, or things.
#[derive(Debug)]
pub struct Histogram {
    /// The bound of the first bucket; each further one is twice the one before.
    first_bound: u64,
    counts: [AtomicU64; BUCKETS + 1],
    sum: AtomicU64,
}

/// What a histogram held at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    first_bound: u64,
    counts: [u64; BUCKETS + 1],
    pub(super) sum: u64,
}

impl Histogram {
    /// For durations of 50 µs to 26 s.
    pub(super) fn of_durations() -> Self {
        Histogram::new(50_000)
    }

    /// For numbers of things, from 1 to half a million.
    pub(super) fn of_counts() -> Self {
        Histogram::new(1)
    }

    fn new(first_bound: u64) -> Self {
        Histogram { first_bound, counts: Default::default(), sum: AtomicU64::new(0) }
    }

    /// Counts a duration.
    pub fn observe(&self, duration: Duration) {
        self.observe_value(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Counts a number.
    pub fn observe_value(&self, value: u64) {
        let bucket = bounds(self.first_bound).take_while(|bound| value > *bound).count();
        self.counts[bucket].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    /// What it holds now.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            first_bound: self.first_bound,
            counts: std::array::from_fn(|bucket| self.counts[bucket].load(Ordering::Relaxed)),
            sum: self.sum.load(Ordering::Relaxed),
        }
    }
}

fn bounds(first: u64) -> impl Iterator<Item = u64> {
    (0..BUCKETS).map(move |bucket| first << bucket)
}

impl Snapshot {
    /// How many values there are.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The bound of each bucket, and how many values are not greater.
    pub(super) fn cumulative(&self) -> impl Iterator<Item = (u64, u64)> {
        bounds(self.first_bound).zip(self.counts.iter().scan(0, |sum, count| {
            *sum += count;
            Some(*sum)
        }))
    }

    /// What came since an earlier moment.
    #[must_use]
    pub fn since(&self, earlier: &Snapshot) -> Snapshot {
        Snapshot {
            first_bound: self.first_bound,
            counts: std::array::from_fn(|bucket| self.counts[bucket].saturating_sub(earlier.counts[bucket])),
            sum: self.sum.wrapping_sub(earlier.sum),
        }
    }

    /// The bound that this share of the values does not exceed; `None` where there are no values. What is greater than
    /// all bounds is told as the greatest.
    pub fn quantile(&self, share: f64) -> Option<u64> {
        let count = self.count();
        if count == 0 {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "a share of so many is exact enough")]
        let is_reached = |below: u64| below as f64 >= share * count as f64;
        let bound = self.cumulative().find(|(_, below)| is_reached(*below));
        bound.or(self.cumulative().last()).map(|(bound, _)| bound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_in_the_first_bucket_whose_bound_it_does_not_exceed() {
        let histogram = Histogram::of_counts();
        for value in [0, 1, 2, 3, 4, 5, u64::MAX >> 1] {
            histogram.observe_value(value);
        }
        let snapshot = histogram.snapshot();
        assert_eq!(snapshot.count(), 7);
        let cumulative: Vec<_> = snapshot.cumulative().take(4).collect();
        assert_eq!(cumulative, [(1, 2), (2, 3), (4, 5), (8, 6)]);
        assert_eq!(snapshot.cumulative().last(), Some((1 << 19, 6)));
    }

    #[test]
    fn quantiles_are_bounds_of_buckets() {
        let histogram = Histogram::of_durations();
        assert_eq!(histogram.snapshot().quantile(0.5), None);
        for micros in [10, 20, 30, 150] {
            histogram.observe(Duration::from_micros(micros));
        }
        let snapshot = histogram.snapshot();
        assert_eq!((snapshot.quantile(0.5), snapshot.quantile(0.99)), (Some(50_000), Some(200_000)));
        histogram.observe(Duration::from_hours(1));
        let later = histogram.snapshot().since(&snapshot);
        assert_eq!((later.count(), later.quantile(0.5)), (1, Some(50_000 << 19)));
    }
}
