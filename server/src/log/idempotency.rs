//! What a log remembers of idempotency keys: enough to recognise a repeated post, and nothing of its content
//! (draft-ietf-httpapi-idempotency-key-header).

use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// How long a key is remembered.
pub const IDEMPOTENCY_PERIOD: Duration = Duration::from_hours(24);

/// The most keys that are remembered; the oldest beyond it are forgotten.
pub const MAX_IDEMPOTENCY_KEYS: u64 = 100_000;

/// A poster's name for one post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// The name.
    pub key: String,
    /// Identifies the content.
    pub fingerprint: [u8; 32],
}

/// What became of a post under a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FirstUse {
    /// The content it was used for; unknown if it was stored by an older version.
    pub(super) fingerprint: Option<[u8; 32]>,
    /// The notification that was made.
    pub(super) id: Uuid,
    /// When, in milliseconds since 1970.
    pub(super) time_ms: i64,
}

impl FirstUse {
    /// Whether it is remembered at a time. A clock that jumped makes no key last longer than its period.
    pub(super) fn is_remembered(&self, now: DateTime<Utc>) -> bool {
        u128::from(now.timestamp_millis().abs_diff(self.time_ms)) < IDEMPOTENCY_PERIOD.as_millis()
    }

    /// Whether it was used for this content.
    pub(super) fn is_for(&self, key: &IdempotencyKey) -> bool {
        self.fingerprint.is_none_or(|fingerprint| fingerprint == key.fingerprint)
    }

    /// When it was used.
    pub(super) fn time(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.time_ms).unwrap_or_default()
    }
}
