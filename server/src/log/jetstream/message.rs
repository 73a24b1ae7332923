//! Messages of the stream: each says one thing, on the subject of what it is about. The stream keeps the newest message of each
//! subject, so that it compacts by the log's own rule. Hubs of different versions read the same messages: what stands here
//! is a format (`notifyhub-format` in the stream's metadata).
//!
//! | subject | says |
//! |---|---|
//! | `<stream>.n.<id>` | a notification as JSON; an empty one, that it was removed |
//! | `<stream>.clear` | all notifications were removed |
//! | `<stream>.read` | the read mark |
//! | `<stream>.epoch.<name>` | from here on event ids carry this name |
//! | `<stream>.retention` | what retention has dropped |
//! | `<stream>.k.<hash>` | an idempotency key was used; forgotten after a day |

use std::{fmt::Write as _, sync::Arc};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::{
    event_id::{Epoch, Seq},
    log::{Change, idempotency::FirstUse},
    notification::EncodedNotification,
};

/// Identifies an idempotency key, which may be secret to its poster.
pub(super) type KeyHash = [u8; 32];

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Message {
    /// An entry.
    Entry {
        change: Change,
        /// The entry that published the notification, if this one revises it.
        published: Option<Seq>,
    },
    /// An idempotency key was used.
    Key { key: KeyHash, first: FirstUse },
    /// What retention has dropped.
    Retention(Retained),
}

/// What retention has dropped: one message holds for all that came before it, so that each hub drops the same, however
/// late it reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Retained {
    /// Every notification up to this id that is not open at this place of the log.
    pub(super) through: Uuid,
    /// The oldest entry that can be resumed after.
    pub(super) oldest_resume_point: u64,
    /// The greatest id that was given out: it may be of one that is gone without a trace, and ids rise.
    pub(super) newest: Uuid,
}

/// What an idempotency key's message holds.
#[derive(Serialize, Deserialize)]
struct KeyUse {
    fingerprint: Option<String>,
    id: Uuid,
    time_ms: i64,
}

/// Where a message stands among those that were stored with it, in one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// What was stored together carries the same.
    pub(super) append: Uuid,
    /// How many stand before it.
    pub(super) index: u64,
    /// How many there are.
    pub(super) count: u64,
}

/// A message as the broker keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// Behind the stream's name and a dot.
    pub(super) subject: String,
    pub(super) published: Option<Seq>,
    pub(super) payload: Bytes,
    /// Whether the broker forgets it after the period of idempotency keys.
    pub(super) expires: bool,
}

/// Why a message says nothing to us.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the message on {subject:?} is none of a hub's: {reason}")]
pub(super) struct Foreign {
    subject: String,
    reason: String,
}

impl Message {
    pub(super) fn encode(&self) -> Record {
        let (subject, payload, published) = match self {
            Message::Entry { change, published } => {
                let (subject, payload) = match change {
                    Change::Put(encoded) => (notification_subject(encoded.notification.id), encoded.json()),
                    Change::Remove(id) => (notification_subject(*id), Bytes::new()),
                    Change::Clear => ("clear".into(), Bytes::new()),
                    Change::Read(through) => ("read".into(), through.to_string().into()),
                    Change::Epoch(epoch) => (format!("epoch.{epoch}"), Bytes::new()),
                };
                (subject, payload, *published)
            }
            Message::Key { key, first } => {
                let FirstUse { fingerprint, id, time_ms } = *first;
                let fingerprint = fingerprint.map(|bytes| hex(&bytes));
                (format!("k.{}", hex(key)), json(&KeyUse { fingerprint, id, time_ms }), None)
            }
            Message::Retention(retained) => ("retention".into(), json(retained), None),
        };
        Record { subject, published, payload, expires: matches!(self, Message::Key { .. }) }
    }

    pub(super) fn decode(record: &Record) -> Result<Self, Foreign> {
        let foreign = |reason: String| Foreign { subject: record.subject.clone(), reason };
        let text = || std::str::from_utf8(&record.payload).map_err(|error| foreign(error.to_string()));
        let id = |text: &str| text.parse::<Uuid>().map_err(|error| foreign(error.to_string()));
        let (kind, name) = record.subject.split_once('.').unwrap_or((&record.subject, ""));
        let change = match kind {
            "n" if record.payload.is_empty() => Change::Remove(id(name)?),
            "n" => {
                let encoded =
                    EncodedNotification::from_json(text()?).map_err(|error| foreign(error.to_string()))?;
                if encoded.notification.id != id(name)? {
                    return Err(foreign("it holds another notification".into()));
                }
                Change::Put(Arc::new(encoded))
            }
            "clear" => Change::Clear,
            "read" => Change::Read(id(text()?)?),
            "epoch" => Change::Epoch(name.parse::<Epoch>().map_err(|error| foreign(error.to_string()))?),
            "retention" => {
                let retained = serde_json::from_slice(&record.payload);
                return retained.map(Message::Retention).map_err(|error| foreign(error.to_string()));
            }
            "k" => {
                let used: KeyUse =
                    serde_json::from_slice(&record.payload).map_err(|error| foreign(error.to_string()))?;
                let key = unhex(name).ok_or_else(|| foreign("its subject is no hash".into()))?;
                let fingerprint = used.fingerprint.as_deref().and_then(unhex);
                let first = FirstUse { fingerprint, id: used.id, time_ms: used.time_ms };
                return Ok(Message::Key { key, first });
            }
            _ => return Err(foreign("nobody knows what it means".into())),
        };
        Ok(Message::Entry { change, published: record.published })
    }
}

impl Part {
    /// As it stands in a header.
    pub(super) fn text(&self) -> String {
        format!("{} {} {}", self.append.simple(), self.index, self.count)
    }

    /// Reads it back.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        Some(Part {
            append: words.next()?.parse().ok()?,
            index: words.next()?.parse().ok()?,
            count: words.next()?.parse().ok()?,
        })
    }

    /// Whether the message with this number was stored together with the one that carries this and has the number `seq`.
    pub(super) fn contains(&self, seq: u64, number: u64) -> bool {
        let first = seq.saturating_sub(self.index);
        (first..first + self.count).contains(&number)
    }

    /// Whether none that was stored with it follows.
    pub(super) fn is_last(&self) -> bool {
        self.index + 1 >= self.count
    }
}

/// The subject of a notification, behind the stream's name.
pub(super) fn notification_subject(id: Uuid) -> String {
    format!("n.{id}")
}

/// What an idempotency key is known by.
pub(super) fn hash_of(key: &str) -> KeyHash {
    Sha256::digest(key.as_bytes()).into()
}

fn json(value: &impl Serialize) -> Bytes {
    serde_json::to_vec(value).expect("strings and numbers always encode").into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notification::{NewNotification, Notification};
    use poem_openapi::types::Example as _;

    #[test]
    fn what_is_written_is_read_back() {
        let _ = NewNotification::default();
        let notification = Arc::new(EncodedNotification::new(Notification::example()));
        let id = notification.notification.id;
        let entry = |change| Message::Entry { change, published: None };
        let first = FirstUse { fingerprint: Some([7; 32]), id, time_ms: 12 };
        for message in [
            entry(Change::Put(Arc::clone(&notification))),
            Message::Entry { change: Change::Put(notification), published: Some(Seq::new(3)) },
            entry(Change::Remove(id)),
            entry(Change::Clear),
            entry(Change::Read(id)),
            entry(Change::Epoch(Epoch::random())),
            Message::Key { key: hash_of("a key, with spaces.*>"), first },
            Message::Retention(Retained { through: id, oldest_resume_point: 5, newest: id }),
        ] {
            let record = message.encode();
            assert!(
                record.subject.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'*' && byte != b'>')
            );
            assert_eq!(Message::decode(&record), Ok(message));
        }
        let part = Part { append: id, index: 2, count: 5 };
        assert_eq!(Part::parse(&part.text()), Some(part));
        assert!(
            part.contains(12, 10) && part.contains(12, 14) && !part.contains(12, 9) && !part.contains(12, 15)
        );
    }

    #[test]
    fn what_others_write_is_passed_over() {
        for (subject, payload) in [
            ("n.x", ""),
            ("n.0198c5a5-4c00-7c3d-9a61-0f2e7a4b5c6d", "{}"),
            ("read", "no id"),
            ("epoch.UPPER", ""),
            ("retention", "[]"),
            ("k.12", "{}"),
            ("something.else", "x"),
        ] {
            let record =
                Record { subject: subject.into(), published: None, payload: payload.into(), expires: false };
            assert!(Message::decode(&record).is_err(), "{subject}");
        }
    }
}
