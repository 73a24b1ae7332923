//! A stored notification, and what readers change of it.

use chrono::{DateTime, Utc};
use poem_openapi::Object;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    time::{serialize_optional_timestamp, serialize_timestamp, whole_millis},
    words::{Format, Level, State, StoredAction},
};

/// A stored notification. Fields that were not set are left out. Later versions may add fields, and values to the
/// enumerations: pass over what you do not know.
#[derive(Clone, Debug, PartialEq, Eq, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct Notification {
    /// Made by the hub: a UUID of version 7 (RFC 9562). Ids sort by the time of publishing.
    pub id: Uuid,
    /// The text, exactly as it was posted.
    pub message: String,
    /// When it happened: RFC 3339, UTC, milliseconds.
    #[serde(serialize_with = "serialize_timestamp")]
    pub timestamp: DateTime<Utc>,
    /// A short heading.
    #[oai(skip_serializing_if_is_none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// How much it matters.
    #[oai(skip_serializing_if_is_none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// Words to filter by.
    #[oai(default, skip_serializing_if_is_empty)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Where to read more: an http or https address.
    #[oai(skip_serializing_if_is_none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// The project or system it is about.
    #[oai(skip_serializing_if_is_none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Who speaks: `claude-code`, `codex`, `ci`, `cron`.
    #[oai(skip_serializing_if_is_none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// The run, session or thing it is about. A newer post of the same key removes the open ones before it.
    #[oai(skip_serializing_if_is_none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Where that stands.
    #[oai(skip_serializing_if_is_none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// What a reader can open with one click.
    #[oai(default, skip_serializing_if_is_empty)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<StoredAction>,
    /// How the message is to be read.
    #[oai(skip_serializing_if_is_none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// When this waiting or running began: it is inherited from the post that this one overtook.
    #[oai(skip_serializing_if_is_none)]
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "serialize_optional_timestamp"
    )]
    pub since: Option<DateTime<Utc>>,
    /// When a person said that it is settled.
    #[oai(skip_serializing_if_is_none)]
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "serialize_optional_timestamp"
    )]
    pub resolved_at: Option<DateTime<Utc>>,
    /// Until when it should not ask for attention.
    #[oai(skip_serializing_if_is_none)]
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "serialize_optional_timestamp"
    )]
    pub snoozed_until: Option<DateTime<Utc>>,
}

impl Notification {
    /// Whether something is still to come: its state is open and nobody has settled it.
    pub fn is_open(&self) -> bool {
        self.state.is_some_and(State::is_open) && self.resolved_at.is_none()
    }
}

/// What a reader changes of a stored notification; `None` leaves a field as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Revision {
    /// Whether it is settled.
    pub resolved: Option<bool>,
    /// Until when it should not ask for attention; `Some(None)`: no longer snoozed.
    pub snoozed_until: Option<Option<DateTime<Utc>>>,
}

impl Revision {
    /// The notification with the revision carried out at this time.
    #[must_use]
    pub fn of(&self, notification: &Notification, now: DateTime<Utc>) -> Notification {
        let mut revised = notification.clone();
        match self.resolved {
            Some(true) => revised.resolved_at = revised.resolved_at.or(whole_millis(now)),
            Some(false) => revised.resolved_at = None,
            None => {}
        }
        if let Some(until) = self.snoozed_until {
            revised.snoozed_until = until.and_then(whole_millis);
        }
        revised
    }
}
