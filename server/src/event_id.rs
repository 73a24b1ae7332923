//! The position of an entry in the log, and its public form: the event id a subscriber resumes from.
//! Knows nothing of how a log stores its entries.

use std::{fmt, str::FromStr};

/// An entry's number in its log. Numbers grow, and some are missing: what is replaced or removed goes for good.
/// [`Seq::START`] stands before the first entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq(u64);

impl Seq {
    /// The position before the first entry.
    pub const START: Seq = Seq(0);

    /// The entry with this number.
    pub const fn new(number: u64) -> Self {
        Seq(number)
    }

    /// The number itself.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The entry that follows this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Seq(self.0 + 1)
    }

    /// How many entries lie after `earlier`, up to and including this one, at most: numbers may be missing.
    pub const fn since(self, earlier: Seq) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The position `count` entries earlier, at the lowest [`Seq::START`].
    #[must_use]
    pub const fn back(self, count: u64) -> Self {
        Seq(self.0.saturating_sub(count))
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A short random name for a stretch of a log's entries, so that an id of another, a wiped or a restored log is
/// known for what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Epoch([u8; Epoch::LENGTH]);

impl Epoch {
    const LENGTH: usize = 6;

    /// A new name for a new log.
    pub fn random() -> Self {
        Epoch(std::array::from_fn(|_| {
            fastrand::choice(b"0123456789abcdefghijklmnopqrstuvwxyz".iter().copied())
                .expect("the alphabet is not empty")
        }))
    }

    /// The name of a log that has none yet.
    pub const fn none() -> Self {
        Epoch([b'0'; Epoch::LENGTH])
    }

    /// The name as text: lower-case letters and digits.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("an epoch is ASCII")
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Epoch {
    type Err = InvalidEventId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes: [u8; Epoch::LENGTH] = text.as_bytes().try_into().map_err(|_| InvalidEventId)?;
        let valid = bytes.iter().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase());
        if valid { Ok(Epoch(bytes)) } else { Err(InvalidEventId) }
    }
}

/// What stands in the stream's `id:` field: `<epoch>-<seq>`, for example `k3f9a2-1042`.
///
/// Letters, digits and `-` only: in a `Last-Event-ID` header other bytes would make a cross-origin request
/// need a CORS preflight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventId {
    /// Which log.
    pub epoch: Epoch,
    /// Which entry of it.
    pub seq: Seq,
}

/// The text is not `<epoch>-<seq>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an event id of the form <epoch>-<seq>")]
pub struct InvalidEventId;

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.epoch, self.seq)
    }
}

impl FromStr for EventId {
    type Err = InvalidEventId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (epoch, seq) = text.split_once('-').ok_or(InvalidEventId)?;
        // `u64::from_str` takes a leading `+`; an id never has one.
        if !seq.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(InvalidEventId);
        }
        Ok(EventId { epoch: epoch.parse()?, seq: Seq(seq.parse().map_err(|_| InvalidEventId)?) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_id_survives_the_way_through_text() {
        let id = EventId { epoch: Epoch::random(), seq: Seq(1042) };
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!(id.to_string().bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "-",
            "k3f9a2",
            "k3f9a2-",
            "k3f9a2-x",
            "k3f9a2-+1",
            "K3F9A2-1",
            "k3f9a-1",
            "k3f9a2-99999999999999999999",
        ] {
            assert_eq!(text.parse::<EventId>(), Err(InvalidEventId), "{text}");
        }
    }
}
