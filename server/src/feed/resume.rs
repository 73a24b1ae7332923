//! The rule that decides how a stream starts. Pure: it sees positions only.

use crate::{
    event_id::{Epoch, EventId, Seq},
    sse::event::Reason,
};

/// The names that stretches of the log carry, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Epochs(Vec<(Seq, Epoch)>);

impl Epochs {
    /// From this entry on ids carry this name.
    pub(super) fn begin(&mut self, seq: Seq, epoch: Epoch) {
        self.0.push((seq, epoch));
    }

    /// The id of an entry.
    pub(super) fn event_id(&self, seq: Seq) -> EventId {
        let next = self.0.partition_point(|(start, _)| *start <= seq);
        // Every log begins with an epoch.
        let epoch = self.0.get(next.saturating_sub(1)).map_or_else(Epoch::none, |(_, epoch)| *epoch);
        EventId { epoch, seq }
    }

    /// Whether an entry up to `head` had this id.
    pub(super) fn knows(&self, id: EventId, head: Seq) -> bool {
        id.seq <= head && self.event_id(id.seq).epoch == id.epoch
    }
}

/// How a stream starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Resume {
    /// What the subscriber is told.
    pub(super) reason: Reason,
    /// The entry to go on after; `None`: start afresh, with `init`.
    pub(super) after: Option<Seq>,
    /// How many entries were missed, at most.
    pub(super) missed: u64,
}

impl Resume {
    /// `last_event_id` as the client sent it; the log's names, the oldest entry that can be resumed after, and its
    /// newest entry.
    pub(super) fn decide(last_event_id: Option<&str>, epochs: &Epochs, oldest: Seq, head: Seq) -> Self {
        let afresh = |reason, missed| Resume { reason, after: None, missed };
        // An EventSource that has seen no id yet sends none, or an empty one (WHATWG HTML, section 9.2.2).
        let Some(text) = last_event_id.filter(|text| !text.is_empty()) else {
            return afresh(Reason::Fresh, 0);
        };
        match text.parse::<EventId>() {
            // Of another log, or of a history that this one does not have: it was restored from an older copy.
            Ok(id) if !epochs.knows(id, head) => afresh(Reason::Unknown, 0),
            Ok(id) if id.seq < oldest => afresh(Reason::Expired, head.since(id.seq)),
            Ok(id) => Resume { reason: Reason::Resumed, after: Some(id.seq), missed: head.since(id.seq) },
            Err(_) => afresh(Reason::Unknown, 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(last_event_id: &str) -> (Reason, Option<u64>, u64) {
        let mut epochs = Epochs::default();
        epochs.begin(Seq::START, "aaaaaa".parse().expect("valid"));
        epochs.begin(Seq::new(15), "bbbbbb".parse().expect("valid"));
        let resume = Resume::decide(Some(last_event_id), &epochs, Seq::new(10), Seq::new(20));
        (resume.reason, resume.after.map(Seq::get), resume.missed)
    }

    #[test]
    fn every_case_of_the_contract() {
        assert_eq!(decide(""), (Reason::Fresh, None, 0));
        assert_eq!(decide("bbbbbb-20"), (Reason::Resumed, Some(20), 0));
        assert_eq!(decide("bbbbbb-15"), (Reason::Resumed, Some(15), 5));
        assert_eq!(decide("aaaaaa-14"), (Reason::Resumed, Some(14), 6));
        assert_eq!(decide("aaaaaa-10"), (Reason::Resumed, Some(10), 10));
        assert_eq!(decide("aaaaaa-9"), (Reason::Expired, None, 11));
        assert_eq!(decide("aaaaaa-0"), (Reason::Expired, None, 20));
        // The first history went further than the copy that was restored.
        assert_eq!(decide("aaaaaa-15"), (Reason::Unknown, None, 0));
        assert_eq!(decide("aaaaaa-20"), (Reason::Unknown, None, 0));
        assert_eq!(decide("bbbbbb-14"), (Reason::Unknown, None, 0));
        assert_eq!(decide("bbbbbb-21"), (Reason::Unknown, None, 0));
        assert_eq!(decide("cccccc-15"), (Reason::Unknown, None, 0));
        assert_eq!(decide("no id at all"), (Reason::Unknown, None, 0));
    }
}
