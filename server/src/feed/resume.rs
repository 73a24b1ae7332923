//! The rule that decides how a stream starts. Pure: it sees positions only.

use crate::{
    event_id::{Epoch, EventId, Seq},
    frame::Reason,
};

/// How a stream starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Resume {
    /// What the subscriber is told.
    pub(super) reason: Reason,
    /// The entry to go on after; `None`: start afresh, with `init`.
    pub(super) after: Option<Seq>,
    /// How many entries were missed.
    pub(super) missed: u64,
    /// The newest entry.
    pub(super) head: Seq,
}

impl Resume {
    /// `last_event_id` as the client sent it; the log's name, the oldest entry that can be resumed after, and
    /// its newest entry.
    pub(super) fn decide(last_event_id: Option<&str>, epoch: Epoch, oldest: Seq, head: Seq) -> Self {
        let afresh = |reason, missed| Resume { reason, after: None, missed, head };
        // An EventSource that has seen no id yet sends none, or an empty one (WHATWG HTML, section 9.2.2).
        let Some(text) = last_event_id.filter(|text| !text.is_empty()) else {
            return afresh(Reason::Fresh, 0);
        };
        match text.parse::<EventId>() {
            // An id from the future: the log was restored from an older copy.
            Ok(id) if id.epoch != epoch || id.seq > head => afresh(Reason::Unknown, 0),
            Ok(id) if id.seq < oldest => afresh(Reason::Expired, head.since(id.seq)),
            Ok(id) => {
                Resume { reason: Reason::Resumed, after: Some(id.seq), missed: head.since(id.seq), head }
            }
            Err(_) => afresh(Reason::Unknown, 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(last_event_id: &str) -> (Reason, Option<u64>, u64) {
        let epoch = "aaaaaa".parse().expect("valid");
        let resume = Resume::decide(Some(last_event_id), epoch, Seq::new(10), Seq::new(20));
        (resume.reason, resume.after.map(Seq::get), resume.missed)
    }

    #[test]
    fn every_case_of_the_contract() {
        assert_eq!(decide(""), (Reason::Fresh, None, 0));
        assert_eq!(decide("aaaaaa-20"), (Reason::Resumed, Some(20), 0));
        assert_eq!(decide("aaaaaa-10"), (Reason::Resumed, Some(10), 10));
        assert_eq!(decide("aaaaaa-9"), (Reason::Expired, None, 11));
        assert_eq!(decide("aaaaaa-0"), (Reason::Expired, None, 20));
        assert_eq!(decide("aaaaaa-21"), (Reason::Unknown, None, 0));
        assert_eq!(decide("bbbbbb-15"), (Reason::Unknown, None, 0));
        assert_eq!(decide("15"), (Reason::Unknown, None, 0));
        assert_eq!(decide("aaaaaa-15\r\nx"), (Reason::Unknown, None, 0));
    }
}
