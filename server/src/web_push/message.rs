//! What a device is told: that something waits for a person or has failed, and that it does so no longer. Pure: events of
//! the feed become messages.

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::encryption::TEXT_BYTES;
use crate::{
    notification::{Level, Notification, State},
    sse::frame::{Frame, Framing},
};

/// How many notifications that were told are remembered, for telling that they are settled.
const MAX_TOLD: usize = 1000;

/// How much of a message is shown at most: systems show three or four lines.
const MAX_LINES: usize = 6;
const MAX_CHARS: usize = 500;

/// Why a notification asks for somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Asks {
    /// It waits for a person.
    Waiting,
    /// It failed.
    Failed,
}

impl Asks {
    /// Why this one asks now, if it does. A notification without a state has that of its level, as on the page.
    pub(super) fn of(notification: &Notification, now: DateTime<Utc>) -> Option<Self> {
        if notification.resolved_at.is_some() || notification.snoozed_until.is_some_and(|until| until > now) {
            return None;
        }
        match (notification.state, notification.level) {
            (Some(State::Waiting), _) => Some(Asks::Waiting),
            (Some(State::Failed), _) | (None, Some(Level::Error)) => Some(Asks::Failed),
            _ => None,
        }
    }
}

/// One message for every device that wants it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Message {
    /// What it is about: later messages about the same take its place.
    pub(super) about: Arc<str>,
    /// Which notification.
    pub(super) id: Uuid,
    pub(super) news: News,
}

/// What there is to say of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum News {
    /// It asks for somebody.
    Asks(Asks, Arc<Notification>),
    /// It does no longer.
    Settled,
}

impl Message {
    /// As the service worker of the page reads it: JSON of at most [`TEXT_BYTES`].
    pub(super) fn text(&self) -> Vec<u8> {
        #[derive(Serialize)]
        #[serde(tag = "type", rename_all = "lowercase")]
        enum Text<'a> {
            Show {
                id: Uuid,
                about: &'a str,
                state: Asks,
                #[serde(skip_serializing_if = "Option::is_none")]
                title: Option<&'a str>,
                #[serde(skip_serializing_if = "Option::is_none")]
                source: Option<&'a str>,
                #[serde(skip_serializing_if = "Option::is_none")]
                actor: Option<&'a str>,
                message: &'a str,
            },
            Close {
                id: Uuid,
            },
        }
        let encode = |text: &Text<'_>| serde_json::to_vec(text).expect("strings always encode");
        let (asks, notification) = match &self.news {
            News::Settled => return encode(&Text::Close { id: self.id }),
            News::Asks(asks, notification) => (*asks, notification),
        };
        let mut title = notification.title.as_deref();
        let mut message = beginning(&notification.message, MAX_CHARS);
        loop {
            let text = encode(&Text::Show {
                id: self.id,
                about: &self.about,
                state: asks,
                title,
                source: notification.source.as_deref(),
                actor: notification.actor.as_deref(),
                message,
            });
            // Control characters are six bytes each in JSON. Everything else has room even so.
            if text.len() <= TEXT_BYTES {
                return text;
            }
            let half = |text| beginning(text, str::chars(text).count() / 2);
            if message.is_empty() {
                title = title.map(half);
            } else {
                message = half(message);
            }
        }
    }
}

/// The first lines of a text, at most so many characters of them.
fn beginning(text: &str, max_chars: usize) -> &str {
    let end_of_lines = text.match_indices('\n').nth(MAX_LINES - 1).map_or(text.len(), |(at, _)| at);
    let lines = &text[..end_of_lines];
    lines.char_indices().nth(max_chars).map_or(lines, |(at, _)| &lines[..at])
}

/// What an event of the feed says, as far as it matters here.
pub(super) enum Event {
    Notification(Box<Notification>),
    Deleted(Uuid),
    Cleared,
    Other,
}

impl Event {
    pub(super) fn of(frame: &Frame) -> Self {
        #[derive(Deserialize)]
        struct Deleted {
            id: Uuid,
        }
        let bytes = Framing::Plain.of(frame);
        let text = std::str::from_utf8(&bytes).expect("events are UTF-8");
        let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        let data = field("data").unwrap_or_default();
        let known = match field("event") {
            Some("notification") => serde_json::from_str(data).ok().map(Event::Notification),
            Some("deleted") => serde_json::from_str(data).ok().map(|Deleted { id }| Event::Deleted(id)),
            Some("cleared") => Some(Event::Cleared),
            _ => None,
        };
        known.unwrap_or(Event::Other)
    }
}

/// Makes messages of events, and remembers what was told.
#[derive(Debug, Default)]
pub(super) struct Watch {
    told: BTreeMap<Uuid, Arc<str>>,
}

impl Watch {
    /// The messages that an event makes.
    pub(super) fn take(&mut self, event: Event, now: DateTime<Utc>) -> Vec<Message> {
        let settled = |(id, about)| Message { about, id, news: News::Settled };
        match event {
            Event::Notification(notification) => match Asks::of(&notification, now) {
                Some(asks) => vec![self.tell(asks, *notification)],
                None => self.told.remove_entry(&notification.id).map(settled).into_iter().collect(),
            },
            Event::Deleted(id) => self.told.remove_entry(&id).map(settled).into_iter().collect(),
            Event::Cleared => std::mem::take(&mut self.told).into_iter().map(settled).collect(),
            Event::Other => Vec::new(),
        }
    }

    /// That this one asks.
    pub(super) fn tell(&mut self, asks: Asks, notification: Notification) -> Message {
        let id = notification.id;
        let about: Arc<str> = match &notification.key {
            Some(key) => format!("{}/{key}", notification.source.as_deref().unwrap_or_default()).into(),
            None => id.to_string().into(),
        };
        self.told.insert(id, Arc::clone(&about));
        if self.told.len() > MAX_TOLD {
            self.told.pop_first();
        }
        Message { about, id, news: News::Asks(asks, Arc::new(notification)) }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        event_id::{Epoch, EventId, Seq},
        notification::{EncodedNotification, NewNotification, Revision},
    };

    fn notification(fields: &serde_json::Value) -> Notification {
        let mut whole = serde_json::json!({ "message": "may I?" });
        whole.as_object_mut().expect("an object").extend(fields.as_object().expect("an object").clone());
        let new: NewNotification = serde_json::from_value(whole).expect("the fields of a notification");
        new.check().expect("valid").notification(Uuid::now_v7(), Utc::now())
    }

    fn put(notification: &Notification) -> Event {
        let id = EventId { epoch: "k3f9a2".parse::<Epoch>().expect("valid"), seq: Seq::new(1) };
        Event::of(&Frame::notification(id, &EncodedNotification::new(notification.clone())))
    }

    fn names(messages: &[Message]) -> Vec<&'static str> {
        messages
            .iter()
            .map(|message| match message.news {
                News::Asks(Asks::Waiting, _) => "waiting",
                News::Asks(Asks::Failed, _) => "failed",
                News::Settled => "settled",
            })
            .collect()
    }

    #[test]
    fn what_waits_or_failed_is_told_and_when_it_is_settled() {
        let mut watch = Watch::default();
        let mut take = |event| names(&watch.take(event, Utc::now()));
        for (fields, expected) in [
            (serde_json::json!({ "state": "running" }), &[][..]),
            (serde_json::json!({ "state": "done" }), &[]),
            (serde_json::json!({ "level": "warning" }), &[]),
            (serde_json::json!({ "state": "failed" }), &["failed"]),
            (serde_json::json!({ "level": "error" }), &["failed"]),
            (serde_json::json!({ "state": "done", "level": "error" }), &[]),
        ] {
            assert_eq!(take(put(&notification(&fields))), expected, "{fields}");
        }
        let waiting = notification(&serde_json::json!({ "state": "waiting" }));
        assert_eq!(take(put(&waiting)), ["waiting"]);
        let in_an_hour = Utc::now() + Duration::from_hours(1);
        let snoozed = Revision { snoozed_until: Some(Some(in_an_hour)), ..Revision::default() };
        assert_eq!(take(put(&snoozed.of(&waiting, Utc::now()))), ["settled"]);
        assert_eq!(take(put(&waiting)), ["waiting"], "it asks again");
        assert_eq!(take(Event::Deleted(waiting.id)), ["settled"]);
        assert_eq!(take(Event::Deleted(waiting.id)), [""; 0], "once is enough");
        assert_eq!(take(Event::Cleared), ["settled"; 2], "the two that failed");
    }

    #[test]
    fn what_has_a_key_is_about_it() {
        let mut watch = Watch::default();
        let mut about = |fields| watch.take(put(&notification(&fields)), Utc::now())[0].about.to_string();
        assert_eq!(
            about(serde_json::json!({ "state": "waiting", "key": "7", "source": "billing" })),
            "billing/7"
        );
        assert_eq!(about(serde_json::json!({ "state": "waiting", "key": "7" })), "/7");
        assert_eq!(about(serde_json::json!({ "state": "waiting" })).len(), 36);
    }

    #[test]
    fn a_text_has_the_first_lines_and_is_never_too_long() {
        let mut watch = Watch::default();
        let mut text = |fields| -> serde_json::Value {
            let text = watch.take(put(&notification(&fields)), Utc::now())[0].text();
            assert!(text.len() <= TEXT_BYTES);
            serde_json::from_slice(&text).expect("JSON")
        };
        let short = text(serde_json::json!({ "state": "waiting", "title": "Deploy?", "actor": "ci" }));
        assert_eq!(short["type"], "show");
        assert_eq!(
            (&short["title"], &short["actor"], &short["message"]),
            (&"Deploy?".into(), &"ci".into(), &"may I?".into())
        );
        let lines = text(serde_json::json!({ "state": "failed", "message": "line\n".repeat(20) }));
        assert_eq!(lines["message"], ["line"; 6].join("\n"));
        let wide = text(serde_json::json!({
            "state": "failed", "message": "\u{1f600}".repeat(4000), "title": "\u{1f600}".repeat(100),
            "source": "\u{1f600}".repeat(64), "actor": "\u{1f600}".repeat(32), "key": "\u{1f600}".repeat(128),
        }));
        assert!(wide["message"].as_str().is_some_and(|message| message.chars().count() > 100), "{wide}");
    }

    #[test]
    fn a_watch_forgets_the_oldest() {
        let mut watch = Watch::default();
        for _ in 0..MAX_TOLD + 10 {
            watch.take(put(&notification(&serde_json::json!({ "state": "failed" }))), Utc::now());
        }
        assert_eq!(watch.take(Event::Cleared, Utc::now()).len(), MAX_TOLD);
    }
}
