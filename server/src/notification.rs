//! What is posted: the notification, its limits, and the check that turns a request into one.
//! A [`Notification`] is valid by construction; nothing behind the API checks it again.

use bytes::Bytes;
use chrono::{DateTime, Datelike, SubsecRound, Utc};
use poem_openapi::{Enum, Object};
use serde::{Deserialize, Serialize, Serializer};
use url::Url;
use uuid::Uuid;

/// The longest message, in characters (Unicode scalar values).
pub const MAX_MESSAGE_CHARS: usize = 4096;
/// The longest title, in characters.
pub const MAX_TITLE_CHARS: usize = 256;
/// The most tags one notification carries.
pub const MAX_TAGS: usize = 16;
/// The longest tag, in characters.
pub const MAX_TAG_CHARS: usize = 64;
/// The longest link, in characters.
pub const MAX_LINK_CHARS: usize = 2048;

/// How much a notification matters; it decides its colour, icon and sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum, Serialize, Deserialize)]
#[oai(rename_all = "lowercase")]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Something worth knowing.
    Info,
    /// Something went well.
    Success,
    /// Something needs a look.
    Warning,
    /// Something failed.
    Error,
}

impl Level {
    /// The level as it stands in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Level::Info => "info",
            Level::Success => "success",
            Level::Warning => "warning",
            Level::Error => "error",
        }
    }
}

/// A stored notification. Fields that were not set are left out.
#[derive(Clone, Debug, PartialEq, Eq, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct Notification {
    /// Made by the hub: a UUID of version 7 (RFC 9562), so that ids sort by time.
    pub id: Uuid,
    /// The text, exactly as it was posted.
    #[oai(validator(min_length = 1, max_length = 4096))]
    pub message: String,
    /// When it happened: RFC 3339, UTC, milliseconds.
    #[serde(serialize_with = "serialize_timestamp")]
    pub timestamp: DateTime<Utc>,
    /// A short heading.
    #[oai(skip_serializing_if_is_none, validator(min_length = 1, max_length = 256))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// How much it matters.
    #[oai(skip_serializing_if_is_none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// Words to filter by.
    #[oai(default, skip_serializing_if_is_empty, validator(max_items = 16, max_length = 64, min_length = 1))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Where to read more: an http or https address.
    #[oai(skip_serializing_if_is_none, validator(max_length = 2048))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

impl poem_openapi::types::Example for Notification {
    fn example() -> Self {
        Notification {
            id: Uuid::from_u128(0x0198_c5a5_4c00_7c3d_9a61_0f2e_7a4b_5c6d),
            message: "All 214 tests passed in 38 s".into(),
            timestamp: DateTime::from_timestamp_millis(1_755_700_000_123).expect("a valid time"),
            title: Some("Test run".into()),
            level: Some(Level::Success),
            tags: vec!["ci".into()],
            link: Some("https://ci.example.com/runs/214".into()),
        }
    }
}

/// A notification to post. Only `message` is needed.
#[derive(Clone, Debug, Default, Object, Deserialize)]
#[oai(example)]
#[serde(deny_unknown_fields)]
pub struct NewNotification {
    /// The text, 1 to 4096 characters. It arrives unchanged: line breaks, emoji and all.
    #[oai(validator(min_length = 1, max_length = 4096))]
    pub message: String,
    /// A short heading, up to 256 characters.
    #[serde(default)]
    #[oai(validator(min_length = 1, max_length = 256))]
    pub title: Option<String>,
    /// How much it matters.
    #[serde(default)]
    pub level: Option<Level>,
    /// Up to 16 words of up to 64 characters to filter by.
    #[serde(default)]
    #[oai(default, validator(max_items = 16, max_length = 64, min_length = 1))]
    pub tags: Vec<String>,
    /// Where to read more: an http or https address of up to 2048 characters.
    #[serde(default)]
    #[oai(validator(max_length = 2048))]
    pub link: Option<String>,
    /// When it happened, RFC 3339. Without it, the time of arrival counts.
    #[serde(default)]
    pub timestamp: Option<DateTime<Utc>>,
}

impl poem_openapi::types::Example for NewNotification {
    fn example() -> Self {
        NewNotification {
            message: "All 214 tests passed in 38 s".into(),
            title: Some("Test run".into()),
            level: Some(Level::Success),
            tags: vec!["ci".into()],
            link: Some("https://ci.example.com/runs/214".into()),
            timestamp: None,
        }
    }
}

/// Why a notification is refused: what was wrong and what would be right.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidNotification {
    /// A text is empty or too long.
    #[error("`{field}` must have 1 to {max} characters, this one has {actual}")]
    Length {
        /// The field's name in JSON.
        field: &'static str,
        /// The most characters it may have.
        max: usize,
        /// How many it has.
        actual: usize,
    },
    /// Too many tags.
    #[error("at most {MAX_TAGS} tags are allowed, this notification has {0}")]
    TooManyTags(usize),
    /// The link is no web address.
    #[error("`link` must be an http:// or https:// address, this one is {0:?}")]
    Link(String),
    /// The year cannot be written in RFC 3339.
    #[error("`timestamp` must lie in the years 0000 to 9999 (RFC 3339)")]
    Timestamp,
}

impl NewNotification {
    /// Checks the limits and gives the notification its id and, where none was set, its time.
    pub fn accept(self, now: DateTime<Utc>) -> Result<Notification, InvalidNotification> {
        check_length("message", &self.message, MAX_MESSAGE_CHARS)?;
        if let Some(title) = &self.title {
            check_length("title", title, MAX_TITLE_CHARS)?;
        }
        if self.tags.len() > MAX_TAGS {
            return Err(InvalidNotification::TooManyTags(self.tags.len()));
        }
        for tag in &self.tags {
            check_length("tags", tag, MAX_TAG_CHARS)?;
        }
        if let Some(link) = &self.link {
            check_length("link", link, MAX_LINK_CHARS)?;
            let web = Url::parse(link).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
            if !web || link.chars().any(|c| c.is_control() || c.is_whitespace()) {
                return Err(InvalidNotification::Link(link.clone()));
            }
        }
        let timestamp = self.timestamp.unwrap_or(now).trunc_subsecs(3);
        if !(0..=9999).contains(&timestamp.year()) {
            return Err(InvalidNotification::Timestamp);
        }
        Ok(Notification {
            id: Uuid::now_v7(),
            message: self.message,
            timestamp,
            title: self.title,
            level: self.level,
            tags: self.tags,
            link: self.link,
        })
    }
}

fn check_length(field: &'static str, text: &str, max: usize) -> Result<(), InvalidNotification> {
    let actual = text.chars().count();
    if (1..=max).contains(&actual) { Ok(()) } else { Err(InvalidNotification::Length { field, max, actual }) }
}

/// A notification together with its JSON. The text is made once; the log stores it, the frame wraps it and
/// every list quotes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedNotification {
    /// The value.
    pub notification: Notification,
    /// The value as one line of JSON: it holds no raw CR or LF, for JSON escapes control characters
    /// (RFC 8259, section 7).
    pub json: Bytes,
}

impl EncodedNotification {
    /// Encodes a notification.
    pub fn new(notification: Notification) -> Self {
        let json = serde_json::to_vec(&notification).expect("strings and numbers always encode").into();
        EncodedNotification { notification, json }
    }

    /// Reads back what was stored.
    pub fn from_json(json: Bytes) -> Result<Self, serde_json::Error> {
        Ok(EncodedNotification { notification: serde_json::from_slice(&json)?, json })
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> NewNotification {
        NewNotification { message: text.into(), ..NewNotification::default() }
    }

    fn accept(new: NewNotification) -> Result<Notification, InvalidNotification> {
        new.accept(Utc::now())
    }

    #[test]
    fn limits_count_characters_not_bytes() {
        assert!(accept(message(&"é".repeat(MAX_MESSAGE_CHARS))).is_ok());
        assert_eq!(
            accept(message(&"é".repeat(MAX_MESSAGE_CHARS + 1))),
            Err(InvalidNotification::Length { field: "message", max: 4096, actual: 4097 })
        );
        assert!(accept(message("")).is_err());
    }

    #[test]
    fn only_web_addresses_are_links() {
        for link in ["https://example.com/a?b#c", "http://localhost:9080"] {
            assert!(accept(NewNotification { link: Some(link.into()), ..message("x") }).is_ok(), "{link}");
        }
        for link in [
            "javascript:alert(1)",
            "ftp://example.com",
            "example.com",
            "",
            "https://",
            " https://example.com",
            "https://exa\nmple.com",
        ] {
            assert!(accept(NewNotification { link: Some(link.into()), ..message("x") }).is_err(), "{link}");
        }
    }

    #[test]
    fn tags_are_bounded_in_number_and_length() {
        assert!(accept(NewNotification { tags: vec!["t".into(); MAX_TAGS], ..message("x") }).is_ok());
        assert!(accept(NewNotification { tags: vec!["t".into(); MAX_TAGS + 1], ..message("x") }).is_err());
        assert!(accept(NewNotification { tags: vec![String::new()], ..message("x") }).is_err());
    }

    #[test]
    fn json_is_one_line_without_unset_fields_and_reads_back_as_it_was() {
        let text = "a\r\nb\0\"'\u{2028}🎉";
        let encoded = EncodedNotification::new(accept(message(text)).expect("valid"));
        let json = std::str::from_utf8(&encoded.json).expect("UTF-8");
        assert!(!json.contains(['\r', '\n', '\0']));
        let fields: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(json).expect("an object");
        assert_eq!(fields.keys().map(String::as_str).collect::<Vec<_>>(), ["id", "message", "timestamp"]);
        let back = EncodedNotification::from_json(encoded.json.clone()).expect("reads back");
        assert_eq!(back, encoded);
        assert_eq!(back.notification.message, text);
    }

    #[test]
    fn a_timestamp_is_kept_in_utc_with_milliseconds() {
        let new: NewNotification =
            serde_json::from_str(r#"{"message":"x","timestamp":"2026-08-20T16:26:40.1234567+02:00"}"#)
                .expect("valid");
        assert_eq!(rfc3339_millis(accept(new).expect("valid").timestamp), "2026-08-20T14:26:40.123Z");
        let new: NewNotification =
            serde_json::from_str(r#"{"message":"x","timestamp":"+12026-08-20T16:26:40Z"}"#).expect("parses");
        assert_eq!(accept(new), Err(InvalidNotification::Timestamp));
    }

    #[test]
    fn an_unknown_field_is_named() {
        let error = serde_json::from_str::<NewNotification>(r#"{"message":"x","titel":"y"}"#)
            .expect_err("a typing error");
        assert!(
            error.to_string().contains("unknown field `titel`, expected one of `message`, `title`"),
            "{error}"
        );
    }
}
