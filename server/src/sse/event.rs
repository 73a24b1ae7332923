//! What the events of a stream say, by their names. No bytes here.

use chrono::{DateTime, Utc};
use poem_openapi::{Enum, Object};
use serde::Serialize;
use uuid::Uuid;

use crate::notification::{serialize_optional_timestamp, serialize_timestamp};

/// Why a stream starts as it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum, Serialize)]
#[oai(rename_all = "lowercase")]
#[serde(rename_all = "lowercase")]
pub enum Reason {
    /// No last event id was given.
    Fresh,
    /// The stream goes on right after the last event id.
    Resumed,
    /// The last event id is of another log, of a history that was lost, or none of ours.
    Unknown,
    /// What followed the last event id is no longer kept.
    Expired,
}

/// `hello`: the first event of a stream.
#[derive(Clone, Debug, Object, Serialize)]
pub struct Hello {
    /// Whether the missed events follow, rather than `init`.
    pub resumed: bool,
    /// Why.
    pub reason: Reason,
    /// How many events were missed since the last event id, at most.
    pub missed: u64,
    /// The id of the newest event.
    pub latest_id: String,
    /// Up to which notification whoever reads this feed has read.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_through: Option<Uuid>,
    /// The time between two heartbeats, in milliseconds. A client that hears nothing for 2.5 times as long
    /// should reconnect.
    pub heartbeat_ms: u64,
    /// The hub's time: RFC 3339, UTC, milliseconds. Hubs before 0.2 do not say it.
    #[oai(skip_serializing_if_is_none)]
    #[serde(serialize_with = "serialize_optional_timestamp")]
    pub now: Option<DateTime<Utc>>,
    /// How long this hub has not heard from where notifications are kept, in milliseconds, if that is long: it may lack
    /// the newest ones meanwhile.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stale_ms: Option<u64>,
    /// The hub's version.
    pub version: String,
}

/// `deleted`: one notification was deleted.
#[derive(Clone, Debug, Object, Serialize)]
pub struct Deleted {
    /// The notification's id.
    pub id: Uuid,
}

/// `cleared`: all notifications were deleted.
#[derive(Clone, Debug, Object, Serialize)]
pub struct Cleared {}

/// `read`: whoever reads this feed has read up to a notification.
#[derive(Clone, Debug, Object, Serialize)]
pub struct Read {
    /// Every notification whose id is not greater is read.
    pub through: Uuid,
}

/// `heartbeat`: the connection is alive.
#[derive(Clone, Debug, Object, Serialize)]
pub struct Heartbeat {
    /// The hub's time: RFC 3339, UTC, milliseconds.
    #[serde(serialize_with = "serialize_timestamp")]
    pub timestamp: DateTime<Utc>,
    /// As in `hello`.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stale_ms: Option<u64>,
}
