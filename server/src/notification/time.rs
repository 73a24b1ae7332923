//! How points in time are written: RFC 3339 in UTC, with milliseconds.

use chrono::{DateTime, Datelike as _, Utc};
use serde::Serializer;

/// RFC 3339 in UTC with exactly three decimals, `2026-08-20T14:26:40.123Z`.
pub fn rfc3339_millis(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

/// For `#[serde(serialize_with)]`: [`rfc3339_millis`].
pub(crate) fn serialize_timestamp<S: Serializer>(
    time: &DateTime<Utc>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&rfc3339_millis(*time))
}

/// For `#[serde(serialize_with)]` of a field that is left out while it is `None`.
#[expect(clippy::ref_option, reason = "serde hands over a reference to the field")]
pub(crate) fn serialize_optional_timestamp<S: Serializer>(
    time: &Option<DateTime<Utc>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => serialize_timestamp(time, serializer),
        None => serializer.serialize_none(),
    }
}

/// In whole milliseconds, and a leap second as the second that follows it: browsers cannot read `:60`. Nothing, if RFC 3339
/// cannot write the year.
pub(super) fn whole_millis(time: DateTime<Utc>) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_millis(time.timestamp_millis()).filter(|time| (0..=9999).contains(&time.year()))
}
