//! The entries of a log that can be read, in memory: what is void or was dropped is not among them.

use std::{collections::BTreeMap, ops::Bound};

use crate::{
    event_id::Seq,
    log::{
        Change, Dropped, Entry, EntryPage, ReadError, Stored, Subject, approximate_bytes,
        index::{Positions, Step},
    },
};

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Window {
    entries: BTreeMap<Seq, Change>,
    head: Seq,
    oldest_resume_point: Seq,
}

impl Window {
    /// What a log holds when it is opened.
    pub(super) fn of(stored: &Stored, positions: Positions) -> Self {
        let entries = stored.entries.iter().map(|entry| (entry.seq, entry.change.clone())).collect();
        Window { entries, head: positions.head, oldest_resume_point: stored.oldest_resume_point }
    }

    /// Takes in what was stored and dropped since; `positions` are those after it.
    pub(super) fn apply<'a>(
        &mut self,
        steps: impl IntoIterator<Item = &'a Step>,
        dropped: &[Dropped],
        positions: Positions,
    ) {
        for step in steps {
            if let Some(voided) = step.voids {
                self.entries.remove(&voided);
            }
            if step.entry.change.subject() == Subject::Everything {
                self.entries.retain(|_, change| !Subject::Everything.voids(change.subject()));
            }
            self.entries.insert(step.entry.seq, step.entry.change.clone());
        }
        let point = positions.oldest_resume_point;
        for dropped in dropped {
            if dropped.is_revision && dropped.seq > point {
                self.entries.insert(dropped.seq, Change::Remove(dropped.id));
            } else {
                self.entries.remove(&dropped.seq);
            }
        }
        if self.oldest_resume_point < point {
            // Epochs stay, and so do the notifications that are stored.
            let passed = (Bound::Excluded(self.oldest_resume_point), Bound::Included(point));
            self.entries
                .extract_if(passed, |_, change| matches!(change, Change::Remove(_) | Change::Clear))
                .for_each(drop);
        }
        self.head = positions.head;
        self.oldest_resume_point = point;
    }

    /// All of them, in order.
    #[cfg(feature = "nats")]
    pub(super) fn entries(&self) -> Vec<Entry> {
        self.entries.iter().map(|(seq, change)| Entry { seq: *seq, change: change.clone() }).collect()
    }

    /// The first that is about a notification.
    #[cfg(feature = "nats")]
    pub(super) fn first_about_notifications(&self) -> Option<Seq> {
        let is_about = |change: &Change| matches!(change.subject(), Subject::Notification(_));
        self.entries.iter().find(|(_, change)| is_about(change)).map(|(seq, _)| *seq)
    }

    /// As [`Log::read_after`](super::Log::read_after).
    pub(super) fn read_after(&self, after: Seq, max_bytes: usize) -> Result<EntryPage, ReadError> {
        if after < self.oldest_resume_point {
            return Err(ReadError::Expired);
        }
        let mut page = EntryPage { entries: Vec::new(), through: self.head.max(after) };
        let mut bytes = 0;
        for (seq, change) in self.entries.range((Bound::Excluded(after), Bound::Unbounded)) {
            if bytes >= max_bytes {
                page.through = page.entries.last().map_or(after, |entry: &Entry| entry.seq);
                break;
            }
            bytes += approximate_bytes(change);
            page.entries.push(Entry { seq: *seq, change: change.clone() });
        }
        Ok(page)
    }
}
