//! Messages that were read and wait to be handed over. A number that is missing was voided by a later message, or dropped by
//! retention and cleared away. What explains it is stored before it vanishes: so whatever follows it is held back until
//! everything was read that was there when it was missed. If retention has passed it by then, its event is lost here.

use std::collections::VecDeque;

use super::message::{Message, Part};

/// A message that was read.
#[derive(Clone, Debug)]
pub(super) struct Read {
    pub(super) number: u64,
    pub(super) part: Option<Part>,
    /// `None`: it says nothing.
    pub(super) message: Option<Message>,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    messages: VecDeque<Read>,
    gaps: VecDeque<Gap>,
    /// The newest message.
    newest: u64,
}

#[derive(Clone, Copy, Debug)]
struct Gap {
    /// The first number that is missing.
    missing: u64,
    /// The message after it.
    next: u64,
    /// What has to be read before it can be judged; unknown until somebody was asked.
    head: Option<u64>,
}

/// What can be handed over.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub(super) messages: Vec<Read>,
    /// Something before the last of these was lost here: what is known cannot be trusted any more.
    pub(super) is_lost: bool,
}

impl Backlog {
    /// Nothing is read after this message yet.
    pub(super) fn after(position: u64) -> Self {
        Backlog { newest: position, ..Backlog::default() }
    }

    /// The newest message that was read.
    pub(super) fn newest(&self) -> u64 {
        self.newest
    }

    pub(super) fn push(&mut self, read: Read) {
        if read.number > self.newest + 1 {
            self.gaps.push_back(Gap { missing: self.newest + 1, next: read.number, head: None });
        }
        self.newest = read.number;
        self.messages.push_back(read);
    }

    /// Takes in what was found to end the stream, if it was not read meanwhile.
    pub(super) fn extend(&mut self, end: Option<Read>) {
        if let Some(end) = end.filter(|end| end.number > self.newest) {
            self.push(end);
        }
    }

    /// Whether somebody has to be asked for the newest message there is.
    pub(super) fn has_question(&self) -> bool {
        self.gaps.iter().any(|gap| gap.head.is_none())
    }

    /// What was answered to that, after the last message was read.
    pub(super) fn answer(&mut self, head: u64) {
        for gap in self.gaps.iter_mut().filter(|gap| gap.head.is_none()) {
            gap.head = Some(head);
        }
    }

    /// What can be handed over, in order; `point` is the oldest entry that can be resumed after, as far as was handed over.
    /// What was stored in one step stays together, unless nothing more `is_coming`.
    pub(super) fn take(&mut self, point: u64, is_coming: bool) -> Taken {
        let newest_point = self.messages.iter().rev().find_map(|read| match read.message {
            Some(Message::Retention(retained)) => Some(retained.oldest_resume_point),
            _ => None,
        });
        let point = newest_point.unwrap_or(point).max(point);
        let mut taken = Taken::default();
        while let Some(gap) = self.gaps.front().filter(|gap| gap.head.is_some_and(|head| head <= self.newest))
        {
            taken.is_lost |= gap.missing <= point;
            self.gaps.pop_front();
        }
        let end = match self.gaps.front() {
            Some(gap) => self.messages.partition_point(|read| read.number < gap.next),
            None if is_coming => {
                let is_end = |read: &Read| read.part.is_none_or(|part| part.is_last());
                self.messages.iter().rposition(is_end).map_or(0, |position| position + 1)
            }
            None => self.messages.len(),
        };
        taken.messages = self.messages.drain(..end).collect();
        taken
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{super::message::Retained, *};

    fn read(number: u64) -> Read {
        Read { number, part: None, message: None }
    }

    fn numbers(taken: &Taken) -> Vec<u64> {
        taken.messages.iter().map(|read| read.number).collect()
    }

    #[test]
    fn what_follows_a_gap_waits_until_the_gap_is_explained() {
        let mut backlog = Backlog::after(0);
        for number in [1, 2, 4] {
            backlog.push(read(number));
        }
        assert_eq!(numbers(&backlog.take(0, true)), [1, 2]);
        assert!(backlog.has_question());
        backlog.answer(6);
        assert!(!backlog.has_question());
        assert!(backlog.take(0, true).messages.is_empty());
        backlog.push(read(5));
        backlog.push(read(6));
        let taken = backlog.take(0, true);
        assert_eq!((numbers(&taken), taken.is_lost), (vec![4, 5, 6], false));
    }

    #[test]
    fn a_gap_that_retention_has_passed_is_a_loss() {
        for (point, is_lost) in [(2, false), (3, true)] {
            let mut backlog = Backlog::after(2);
            backlog.push(read(4));
            backlog.answer(5);
            let retained = Retained { oldest_resume_point: point, ..Retained::default() };
            backlog.push(Read { message: Some(Message::Retention(retained)), ..read(5) });
            assert_eq!(backlog.take(0, true).is_lost, is_lost);
        }
    }

    #[test]
    fn what_was_stored_in_one_step_stays_together() {
        let part = |index| Some(Part { append: Uuid::nil(), index, count: 3 });
        let mut backlog = Backlog::after(0);
        backlog.push(read(1));
        backlog.push(Read { part: part(0), ..read(2) });
        backlog.push(Read { part: part(1), ..read(3) });
        assert_eq!(numbers(&backlog.take(0, true)), [1]);
        assert_eq!(numbers(&backlog.take(0, false)), [2, 3]);
        backlog.push(Read { part: part(2), ..read(4) });
        assert_eq!(numbers(&backlog.take(0, true)), [4]);
    }
}
