//! An append of this hub whose end is not known yet. Only one append can have the place after the newest message: so what the
//! reader finds in that place says what became of this one, whatever the broker answered or did not.

use uuid::Uuid;

use super::message::Part;

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Trial {
    append: Uuid,
    after: u64,
    fate: Option<Fate>,
}

/// What became of an append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is stored, and ends with this message.
    Stored(u64),
    /// Another one has its place: it never will be.
    Overtaken,
    /// Whatever was stored in its place has been voided since.
    Unknown,
}

impl Trial {
    /// An append that is to stand after a message.
    pub(super) fn new(append: Uuid, after: u64) -> Self {
        Trial { append, after, fate: None }
    }

    /// Learns from the message with this number.
    pub(super) fn see(&mut self, number: u64, part: Option<Part>) {
        if number <= self.after || self.fate.is_some() {
            return;
        }
        self.fate = Some(match part {
            Some(part) if part.append == self.append => Fate::Stored(number - part.index + part.count - 1),
            Some(part) if part.contains(number, self.after + 1) => Fate::Overtaken,
            None if number == self.after + 1 => Fate::Overtaken,
            _ => Fate::Unknown,
        });
    }

    /// The log holds something else now.
    pub(super) fn forget(&mut self) {
        self.fate.get_or_insert(Fate::Unknown);
    }

    pub(super) fn fate(&self) -> Option<Fate> {
        self.fate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_its_place_decides() {
        let (own, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let part = |append, index, count| Some(Part { append, index, count });
        for (number, part, fate) in [
            (10, part(own, 0, 3), None),
            (11, part(own, 0, 3), Some(Fate::Stored(13))),
            // Its first message was voided before it was read.
            (12, part(own, 1, 3), Some(Fate::Stored(13))),
            (11, part(other, 0, 1), Some(Fate::Overtaken)),
            (13, part(other, 2, 3), Some(Fate::Overtaken)),
            (11, None, Some(Fate::Overtaken)),
            // Nobody can tell any more whose number 11 was.
            (13, part(other, 1, 2), Some(Fate::Unknown)),
            (12, None, Some(Fate::Unknown)),
        ] {
            let mut trial = Trial::new(own, 10);
            trial.see(number, part);
            assert_eq!(trial.fate(), fate, "{number} {part:?}");
        }
    }
}
