//! Deleting what retention has dropped: not with each commit, which would touch the oldest pages each time, but many rows
//! at once. What is left when the hub ends is dropped again at the next start: nothing is left where there is room for it.

use rusqlite::Connection;

use super::rows;
use crate::{event_id::Seq, log::Commit};

/// What the file still holds although it was dropped; nobody is handed any of it.
pub(super) struct Unswept {
    rows: Vec<Seq>,
    /// The resume point in the file, and the one that counts.
    stored_point: Seq,
    point: Seq,
}

/// See [`Unswept::mark`].
#[derive(Clone, Copy)]
pub(super) struct Mark {
    rows: usize,
    point: Seq,
}

impl Unswept {
    /// Nothing: the file's resume point is the one that counts.
    pub(super) const fn nothing(point: Seq) -> Self {
        Unswept { rows: Vec::new(), stored_point: point, point }
    }

    /// Adds what a commit has dropped.
    pub(super) fn add(&mut self, commit: &Commit) {
        self.point = commit.oldest_resume_point;
        // Later ones are replayed as removals.
        let rows = commit.dropped.iter().map(|dropped| dropped.seq).filter(|seq| *seq <= self.point);
        self.rows.extend(rows);
    }

    /// Where it stands: a commit that fails goes back there.
    pub(super) fn mark(&self) -> Mark {
        Mark { rows: self.rows.len(), point: self.point }
    }

    pub(super) fn roll_back(&mut self, to: Mark) {
        self.rows.truncate(to.rows);
        self.point = to.point;
    }

    /// How many rows there are.
    pub(super) fn row_count(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is nothing to do: no row, and no removals before a resume point that has moved.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.stored_point == self.point
    }

    /// Deletes all of it in a transaction, and the removals that nobody resumes over any more.
    pub(super) fn delete(&self, transaction: &Connection) -> rusqlite::Result<()> {
        for rows in self.rows.chunk_by(|a, b| a.next() == *b) {
            if let [first, .., last] | [first @ last] = rows {
                rows::delete_range(transaction, *first, *last)?;
            }
        }
        rows::set_oldest_resume_point(transaction, self.stored_point, self.point)
    }

    /// That transaction is stored.
    pub(super) fn are_deleted(&mut self) {
        *self = Self::nothing(self.point);
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::log::Dropped;

    #[test]
    fn a_commit_that_fails_leaves_nothing_to_delete() {
        let mut unswept = Unswept::nothing(Seq::new(1));
        let before = unswept.mark();
        unswept.add(&Commit {
            dropped: vec![Dropped { id: Uuid::nil(), seq: Seq::new(2), is_revision: false }],
            oldest_resume_point: Seq::new(2),
            ..Commit::default()
        });
        assert!(!unswept.is_empty());
        unswept.roll_back(before);
        assert!(unswept.is_empty());
    }
}
