//! What a process has at one moment, as the system sees it; and whether that stays so.

use std::{fs, path::Path, time::Duration};

use crate::footprint::Footprint;

/// One look.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sample {
    /// Since the beginning.
    pub(crate) at: Duration,
    /// Resident memory, in bytes.
    pub(crate) memory: u64,
    /// Open file descriptors.
    pub(crate) descriptors: u64,
    /// Threads.
    pub(crate) threads: u64,
    /// All files in the data directory, in bytes.
    pub(crate) files: u64,
    /// Open event streams.
    pub(crate) streams: u64,
    /// From the post to the subscriber since the look before: the median, the 99th percentile, and the slowest.
    pub(crate) latency: [Duration; 3],
}

impl Sample {
    /// Looks at a process.
    pub(crate) fn of(pid: u32, data: &Path) -> Self {
        let footprint = Footprint::unless_gone(pid);
        let number = |of: fn(Footprint) -> usize| footprint.map_or(0, |footprint| of(footprint) as u64);
        let sizes = fs::read_dir(data).into_iter().flatten().flatten();
        Sample {
            memory: number(|footprint| footprint.memory_kib) * 1024,
            threads: number(|footprint| footprint.threads),
            descriptors: number(|footprint| footprint.descriptors),
            files: sizes.filter_map(|file| Some(file.metadata().ok()?.len())).sum(),
            ..Sample::default()
        }
    }
}

/// The 50th, 99th and 100th percentile.
pub(crate) fn percentiles(mut times: Vec<Duration>) -> [Duration; 3] {
    times.sort_unstable();
    let at = |percent: usize| times.get((times.len() * percent / 100).min(times.len().saturating_sub(1)));
    [50, 99, 100].map(|percent| at(percent).copied().unwrap_or_default())
}

/// What grows: the medians of the second and the last quarter, compared. The first quarter is for warming up.
pub(crate) fn growth(samples: &[Sample], value: impl Fn(&Sample) -> u64) -> (u64, u64) {
    let quarter = samples.len() / 4;
    let median = |samples: &[Sample]| {
        let mut values: Vec<u64> = samples.iter().map(&value).collect();
        values.sort_unstable();
        values.get(values.len() / 2).copied().unwrap_or(0)
    };
    (median(&samples[quarter..quarter * 2]), median(&samples[samples.len() - quarter..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_compares_quarters_and_percentiles_are_of_all() {
        let samples: Vec<_> = (0..40).map(|n| Sample { memory: n, ..Sample::default() }).collect();
        assert_eq!(growth(&samples, |sample| sample.memory), (15, 35));
        let times = (0..100).map(Duration::from_millis).collect();
        assert_eq!(percentiles(times), [50, 99, 99].map(Duration::from_millis));
        assert_eq!(percentiles(Vec::new()), [Duration::ZERO; 3]);
    }
}
