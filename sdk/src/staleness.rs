//! When a stream leaves a hub that has lost touch with what several hubs share: it may go on for long without anything new,
//! while another hub has it.

use std::time::{Duration, Instant};

/// For how long a hub has to be without touch: until then it may find back in a moment. `/readyz` says so from then on, too.
const STALE: Duration = Duration::from_secs(10);

/// How long a stream stays where it is once each hub has been found to be like that.
const SETTLED: Duration = Duration::from_mins(1);

/// What a stream has heard of it.
#[derive(Debug, Default)]
pub(crate) struct Staleness {
    /// How many hubs were left for it, one after the other.
    left: usize,
    at: Option<Instant>,
}

impl Staleness {
    /// A hub says for how long it has heard nothing; whether to ask another one of so many.
    pub(crate) fn is_to_be_left(&mut self, stale_ms: Option<u64>, hubs: usize) -> bool {
        if stale_ms.is_none_or(|stale_ms| Duration::from_millis(stale_ms) < STALE) {
            *self = Staleness::default();
            return false;
        }
        if self.at.is_some_and(|at| at.elapsed() >= SETTLED) {
            self.left = 0;
        }
        if self.left + 1 >= hubs {
            return false;
        }
        self.left += 1;
        self.at = Some(Instant::now());
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_other_hub_is_asked_once_and_again_after_one_was_well() {
        let mut staleness = Staleness::default();
        let mut says = |stale_ms| staleness.is_to_be_left(stale_ms, 3);
        assert!(!says(None) && !says(Some(9_999)));
        assert!(says(Some(10_000)) && says(Some(20_000)));
        assert!(!says(Some(30_000)), "all are like that: the stream stays where it is");
        assert!(!says(None) && says(Some(10_000)));
        assert!(!Staleness::default().is_to_be_left(Some(10_000), 0), "there is one only");
    }

    #[test]
    fn all_are_asked_again_after_a_while() {
        let long_ago = Instant::now().checked_sub(SETTLED);
        let mut staleness = Staleness { left: 2, at: long_ago };
        assert!(long_ago.is_none() || staleness.is_to_be_left(Some(10_000), 3));
    }
}
