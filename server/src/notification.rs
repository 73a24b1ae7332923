//! What is posted: the notification, its limits, and the check that turns a request into one.
//! A [`Draft`] is valid by construction; nothing behind the API checks it again.

use bytes::Bytes;
use chrono::{DateTime, Datelike, Utc};
use notifyhub_adapters::{
    Note,
    limits::{
        MAX_ACTIONS, MAX_ACTOR_CHARS, MAX_KEY_CHARS, MAX_LABEL_CHARS, MAX_LINK_CHARS, MAX_MESSAGE_CHARS,
        MAX_SOURCE_CHARS, MAX_TAG_CHARS, MAX_TAGS, MAX_TITLE_CHARS, is_action_address, is_web_address,
    },
};
use poem_openapi::{Enum, Object};
use serde::{Deserialize, Serialize, Serializer};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

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

/// Where the thing that a notification is about stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum, Serialize, Deserialize)]
#[oai(rename_all = "lowercase")]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It waits for a person. Open.
    Waiting,
    /// It goes on. Open.
    Running,
    /// It ended well.
    Done,
    /// It ended badly.
    Failed,
}

impl State {
    /// Whether something is still to come.
    pub const fn is_open(self) -> bool {
        matches!(self, State::Waiting | State::Running)
    }

    /// The level of a notification that names none.
    pub const fn default_level(self) -> Level {
        match self {
            State::Waiting => Level::Warning,
            State::Running => Level::Info,
            State::Done => Level::Success,
            State::Failed => Level::Error,
        }
    }
}

/// How the message is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum, Serialize, Deserialize)]
#[oai(rename_all = "lowercase")]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Plain text; code in it may be recognised.
    Text,
    /// Code or a program's output.
    Code,
    /// A little Markdown: bold, code, lists, fences.
    Markdown,
}

/// Something a reader can open with one click.
#[derive(Clone, Debug, PartialEq, Eq, Object, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// What the button says, up to 32 characters.
    #[oai(validator(min_length = 1, max_length = 32))]
    pub label: String,
    /// What it opens, up to 2048 characters: http, https, vscode, vscode-insiders, cursor, zed, idea or jetbrains.
    #[oai(validator(min_length = 1, max_length = 2048))]
    pub url: String,
}

/// An action of a stored notification.
#[derive(Clone, Debug, PartialEq, Eq, Object, Serialize, Deserialize)]
pub struct StoredAction {
    /// What the button says.
    pub label: String,
    /// What it opens.
    pub url: String,
}

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

impl poem_openapi::types::Example for Notification {
    fn example() -> Self {
        let timestamp = DateTime::from_timestamp_millis(1_755_700_000_123).expect("a valid time");
        let draft = NewNotification::example().check().expect("the example is valid");
        draft.notification(Uuid::from_u128(0x0198_c5a5_4c00_7c3d_9a61_0f2e_7a4b_5c6d), timestamp)
    }
}

/// A notification to post. Only `message` is needed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Object, Serialize, Deserialize)]
#[oai(example)]
#[serde(deny_unknown_fields)]
pub struct NewNotification {
    /// The text, 1 to 4096 characters. It arrives unchanged: line breaks, emoji and all.
    #[oai(validator(min_length = 1, max_length = 4096))]
    pub message: String,
    /// A short heading, up to 256 characters.
    #[serde(default)]
    #[oai(nullable, validator(min_length = 1, max_length = 256))]
    pub title: Option<String>,
    /// How much it matters. Without it, what `state` suggests.
    #[serde(default)]
    #[oai(nullable)]
    pub level: Option<Level>,
    /// Up to 16 words of up to 64 characters to filter by.
    #[serde(default)]
    #[oai(default, validator(max_items = 16, max_length = 64, min_length = 1))]
    pub tags: Vec<String>,
    /// Where to read more: an http or https address of up to 2048 characters.
    #[serde(default)]
    #[oai(nullable, validator(min_length = 1, max_length = 2048))]
    pub link: Option<String>,
    /// When it happened, RFC 3339. Without it, the time of arrival counts.
    #[serde(default)]
    #[oai(nullable)]
    pub timestamp: Option<DateTime<Utc>>,
    /// The project or system it is about, up to 64 characters. The page groups and mutes by it.
    #[serde(default)]
    #[oai(
        nullable,
        validator(min_length = 1, max_length = 64, pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$")
    )]
    pub source: Option<String>,
    /// Who speaks, up to 32 characters: `claude-code`, `codex`, `ci`, `cron`.
    #[serde(default)]
    #[oai(
        nullable,
        validator(min_length = 1, max_length = 32, pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$")
    )]
    pub actor: Option<String>,
    /// The run, session or thing it is about, up to 128 characters. Open notifications of the same key are
    /// removed when this one is stored.
    #[serde(default)]
    #[oai(
        nullable,
        validator(min_length = 1, max_length = 128, pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$")
    )]
    pub key: Option<String>,
    /// Where that stands: `waiting` (for a person) and `running` are open, `done` and `failed` close.
    #[serde(default)]
    #[oai(nullable)]
    pub state: Option<State>,
    /// Up to 3 things a reader can open with one click.
    #[serde(default)]
    #[oai(default, validator(max_items = 3))]
    pub actions: Vec<Action>,
    /// How the message is to be read.
    #[serde(default)]
    #[oai(nullable)]
    pub format: Option<Format>,
}

impl poem_openapi::types::Example for NewNotification {
    fn example() -> Self {
        NewNotification {
            message: "All 214 tests passed in 38 s".into(),
            title: Some("Test run".into()),
            level: Some(Level::Success),
            tags: vec!["ci".into()],
            link: Some("https://ci.example.com/runs/214".into()),
            source: Some("web-shop".into()),
            actor: Some("ci".into()),
            key: Some("ci/web-shop/main".into()),
            state: Some(State::Done),
            actions: vec![Action { label: "Open".into(), url: "vscode://file/home/me/web-shop".into() }],
            ..NewNotification::default()
        }
    }
}

/// What the adapters made of another program's request.
impl From<Note> for NewNotification {
    fn from(note: Note) -> Self {
        use notifyhub_adapters as adapters;
        NewNotification {
            message: note.message,
            title: note.title,
            level: note.level.map(|level| match level {
                adapters::Level::Info => Level::Info,
                adapters::Level::Success => Level::Success,
                adapters::Level::Warning => Level::Warning,
                adapters::Level::Error => Level::Error,
            }),
            tags: note.tags,
            link: note.link,
            timestamp: note.timestamp,
            source: note.source,
            actor: note.actor,
            key: note.key,
            state: note.state.map(|state| match state {
                adapters::State::Waiting => State::Waiting,
                adapters::State::Running => State::Running,
                adapters::State::Done => State::Done,
                adapters::State::Failed => State::Failed,
            }),
            actions: note
                .actions
                .into_iter()
                .map(|adapters::Action { label, url }| Action { label, url })
                .collect(),
            format: note.format.map(|format| match format {
                adapters::Format::Text => Format::Text,
                adapters::Format::Code => Format::Code,
                adapters::Format::Markdown => Format::Markdown,
            }),
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
    /// A name has a line break or another control character.
    #[error("`{0}` must be one line without control characters")]
    OneLine(&'static str),
    /// Too many of something.
    #[error("`{field}` may have at most {max} items, this one has {actual}")]
    TooMany {
        /// The field's name in JSON.
        field: &'static str,
        /// The most items it may have.
        max: usize,
        /// How many it has.
        actual: usize,
    },
    /// The link is no web address.
    #[error("`link` must be an http:// or https:// address, this one is {0:?}")]
    Link(String),
    /// An action opens what nobody may open.
    #[error(
        "`actions`: a `url` must be an http, https, vscode, vscode-insiders, cursor, zed, idea or jetbrains address, \
         this one is {0:?}"
    )]
    Action(String),
    /// The year cannot be written in RFC 3339.
    #[error("`timestamp` must lie in the years 0000 to 9999 (RFC 3339)")]
    Timestamp,
}

impl NewNotification {
    /// Checks the limits.
    pub fn check(mut self) -> Result<Draft, InvalidNotification> {
        check_length("message", &self.message, MAX_MESSAGE_CHARS)?;
        if let Some(title) = &self.title {
            check_length("title", title, MAX_TITLE_CHARS)?;
        }
        check_count("tags", self.tags.len(), MAX_TAGS)?;
        for tag in &self.tags {
            check_length("tags", tag, MAX_TAG_CHARS)?;
        }
        if let Some(link) = &self.link {
            check_length("link", link, MAX_LINK_CHARS)?;
            if !is_web_address(link) {
                return Err(InvalidNotification::Link(link.clone()));
            }
        }
        let names = [
            ("source", &self.source, MAX_SOURCE_CHARS),
            ("actor", &self.actor, MAX_ACTOR_CHARS),
            ("key", &self.key, MAX_KEY_CHARS),
        ];
        for (field, name, max) in names {
            if let Some(name) = name {
                check_length(field, name, max)?;
                if name.chars().any(char::is_control) {
                    return Err(InvalidNotification::OneLine(field));
                }
            }
        }
        check_count("actions", self.actions.len(), MAX_ACTIONS)?;
        for action in &self.actions {
            check_length("actions.label", &action.label, MAX_LABEL_CHARS)?;
            check_length("actions.url", &action.url, MAX_LINK_CHARS)?;
            if !is_action_address(&action.url) {
                return Err(InvalidNotification::Action(action.url.clone()));
            }
        }
        self.timestamp = self.timestamp.map(whole_millis).transpose()?;
        Ok(Draft(self))
    }
}

/// A notification that is within its limits; the log gives it id and time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft(NewNotification);

impl Draft {
    /// What the poster asked for.
    pub fn request(&self) -> &NewNotification {
        &self.0
    }

    /// Identifies what was posted, for telling whether an idempotency key is used for the same thing again.
    pub fn fingerprint(&self) -> [u8; 32] {
        Sha256::digest(serde_json::to_vec(&self.0).expect("strings and numbers always encode")).into()
    }

    /// The notification that comes of it under this id, received at this time.
    pub fn notification(&self, id: Uuid, now: DateTime<Utc>) -> Notification {
        let new = self.0.clone();
        let timestamp = new.timestamp.unwrap_or_else(|| whole_millis(now).unwrap_or(DateTime::UNIX_EPOCH));
        Notification {
            id,
            message: new.message,
            timestamp,
            title: new.title,
            level: new.level.or(new.state.map(State::default_level)),
            tags: new.tags,
            link: new.link,
            source: new.source,
            actor: new.actor,
            key: new.key,
            state: new.state,
            actions: new
                .actions
                .into_iter()
                .map(|Action { label, url }| StoredAction { label, url })
                .collect(),
            format: new.format,
            since: new.state.filter(|state| state.is_open()).map(|_| timestamp),
            resolved_at: None,
            snoozed_until: None,
        }
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
            Some(true) => revised.resolved_at = revised.resolved_at.or(whole_millis(now).ok()),
            Some(false) => revised.resolved_at = None,
            None => {}
        }
        if let Some(until) = self.snoozed_until {
            revised.snoozed_until = until.and_then(|until| whole_millis(until).ok());
        }
        revised
    }
}

fn check_length(field: &'static str, text: &str, max: usize) -> Result<(), InvalidNotification> {
    let actual = text.chars().count();
    if (1..=max).contains(&actual) { Ok(()) } else { Err(InvalidNotification::Length { field, max, actual }) }
}

fn check_count(field: &'static str, actual: usize, max: usize) -> Result<(), InvalidNotification> {
    if actual <= max { Ok(()) } else { Err(InvalidNotification::TooMany { field, max, actual }) }
}

/// In whole milliseconds, and a leap second as the second that follows it: browsers cannot read `:60`.
fn whole_millis(time: DateTime<Utc>) -> Result<DateTime<Utc>, InvalidNotification> {
    DateTime::from_timestamp_millis(time.timestamp_millis())
        .filter(|time| (0..=9999).contains(&time.year()))
        .ok_or(InvalidNotification::Timestamp)
}

/// A notification together with its JSON. The text is made once; the log stores it, the frame wraps it and
/// every list quotes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedNotification {
    /// The value.
    pub notification: Notification,
    /// The value as one line of JSON behind a comma, so that an array is put together from slices of what is
    /// stored. It holds no raw CR or LF, for JSON escapes control characters (RFC 8259, section 7).
    after_comma: Bytes,
}

impl EncodedNotification {
    /// Encodes a notification.
    pub fn new(notification: Notification) -> Self {
        let mut text = Vec::with_capacity(256 + notification.message.len());
        text.push(b',');
        serde_json::to_writer(&mut text, &notification).expect("strings and numbers always encode");
        EncodedNotification { notification, after_comma: text.into() }
    }

    /// Reads back what was stored.
    pub fn from_json(json: &str) -> Result<Self, serde_json::Error> {
        Ok(EncodedNotification {
            notification: serde_json::from_str(json)?,
            after_comma: [",", json].concat().into(),
        })
    }

    /// The notification as one line of JSON.
    pub fn json(&self) -> Bytes {
        self.after_comma.slice(1..)
    }

    /// The same text as a string.
    pub fn json_str(&self) -> &str {
        std::str::from_utf8(&self.after_comma[1..]).expect("JSON is UTF-8")
    }

    /// A comma and the notification's JSON: an item of an array, but for the first.
    pub fn after_comma(&self) -> &Bytes {
        &self.after_comma
    }

    /// How long the JSON is, in bytes.
    pub fn json_len(&self) -> usize {
        self.after_comma.len() - 1
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

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> NewNotification {
        NewNotification { message: text.into(), ..NewNotification::default() }
    }

    fn accept(new: NewNotification) -> Result<Notification, InvalidNotification> {
        Ok(new.check()?.notification(Uuid::now_v7(), Utc::now()))
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
        let json = encoded.json_str();
        assert!(!json.contains(['\r', '\n', '\0']));
        let fields: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(json).expect("an object");
        assert_eq!(fields.keys().map(String::as_str).collect::<Vec<_>>(), ["id", "message", "timestamp"]);
        let back = EncodedNotification::from_json(encoded.json_str()).expect("reads back");
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
        // A leap second: browsers take no `:60`.
        let new: NewNotification =
            serde_json::from_str(r#"{"message":"x","timestamp":"2026-06-30T23:59:60.5Z"}"#).expect("parses");
        assert_eq!(rfc3339_millis(accept(new).expect("valid").timestamp), "2026-07-01T00:00:00.500Z");
    }

    #[test]
    fn an_action_opens_the_web_or_an_editor() {
        let with = |url: &str| NewNotification {
            actions: vec![Action { label: "Open".into(), url: url.into() }],
            ..message("x")
        };
        for url in ["https://example.com", "vscode://file/a/b.rs:3", "jetbrains://idea/navigate"] {
            assert!(accept(with(url)).is_ok(), "{url}");
        }
        for url in ["javascript:alert(1)", "file:///etc/passwd", "vscode", "ssh://host", "data:text/html,x"] {
            assert!(accept(with(url)).is_err(), "{url}");
        }
        let four = NewNotification {
            actions: vec![with("https://a.example").actions[0].clone(); 4],
            ..message("x")
        };
        assert!(accept(four).is_err());
    }

    #[test]
    fn a_state_gives_the_level_that_is_not_named_and_an_open_one_its_beginning() {
        let waiting = NewNotification { state: Some(State::Waiting), ..message("x") };
        let stored = accept(waiting.clone()).expect("valid");
        assert_eq!((stored.level, stored.since), (Some(Level::Warning), Some(stored.timestamp)));
        let info = NewNotification { level: Some(Level::Info), ..waiting };
        assert_eq!(accept(info).expect("valid").level, Some(Level::Info));
        let done = accept(NewNotification { state: Some(State::Done), ..message("x") }).expect("valid");
        assert_eq!((done.level, done.since), (Some(Level::Success), None));
    }

    #[test]
    fn names_are_one_line() {
        assert!(accept(NewNotification { source: Some("a b".into()), ..message("x") }).is_ok());
        assert_eq!(
            accept(NewNotification { key: Some("a\nb".into()), ..message("x") }),
            Err(InvalidNotification::OneLine("key"))
        );
    }

    #[test]
    fn a_fingerprint_is_that_of_the_content() {
        let print = |text| message(text).check().expect("valid").fingerprint();
        assert_eq!(print("a"), print("a"));
        assert_ne!(print("a"), print("b"));
    }

    #[test]
    fn what_the_adapters_make_is_valid() {
        let golden = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../adapters/tests/golden");
        let folders = std::fs::read_dir(golden).expect("the adapters' tests").flatten();
        let files = folders.flat_map(|folder| std::fs::read_dir(folder.path()).expect("a folder").flatten());
        let mut valid = 0;
        for file in files.filter(|file| file.path().to_string_lossy().ends_with(".expected.json")) {
            let text = std::fs::read_to_string(file.path()).expect("a file");
            if let Ok(notifyhub_adapters::Outcome::Post(note)) = serde_json::from_str(&text) {
                let fields = serde_json::to_value(&note).expect("encodes");
                let draft = NewNotification::from(*note).check().expect("valid");
                let stored = draft.notification(Uuid::now_v7(), Utc::now());
                let stored = serde_json::to_value(&stored).expect("encodes");
                for (name, value) in fields.as_object().expect("an object") {
                    assert_eq!(&stored[name], value, "{name} in {}", file.path().display());
                }
                valid += 1;
            }
        }
        assert!(valid > 80, "{valid}");
    }

    #[test]
    fn the_specification_names_the_limits() {
        let spec: serde_json::Value =
            serde_json::from_str(include_str!("../../openapi.json")).expect("the specification is JSON");
        let of = |schema: &str, field: &str, limit: &str| {
            let field = &spec["components"]["schemas"][schema]["properties"][field];
            let found =
                [&field[limit], &field["items"][limit]].into_iter().find_map(serde_json::Value::as_u64);
            found.unwrap_or_else(|| panic!("{schema}.{field} has a {limit}"))
        };
        for (schema, field, limit, max) in [
            ("NewNotification", "message", "maxLength", MAX_MESSAGE_CHARS),
            ("NewNotification", "title", "maxLength", MAX_TITLE_CHARS),
            ("NewNotification", "tags", "maxItems", MAX_TAGS),
            ("NewNotification", "tags", "maxLength", MAX_TAG_CHARS),
            ("NewNotification", "link", "maxLength", MAX_LINK_CHARS),
            ("NewNotification", "source", "maxLength", MAX_SOURCE_CHARS),
            ("NewNotification", "actor", "maxLength", MAX_ACTOR_CHARS),
            ("NewNotification", "key", "maxLength", MAX_KEY_CHARS),
            ("NewNotification", "actions", "maxItems", MAX_ACTIONS),
            ("Action", "label", "maxLength", MAX_LABEL_CHARS),
            ("Action", "url", "maxLength", MAX_LINK_CHARS),
        ] {
            assert_eq!(of(schema, field, limit), max as u64, "{schema}.{field}");
        }
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
