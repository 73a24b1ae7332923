//! Whether what is to be posted is within its limits, and the draft that it becomes then.

use chrono::{DateTime, Utc};
use notifyhub_adapters::limits::{
    MAX_ACTIONS, MAX_ACTOR_CHARS, MAX_KEY_CHARS, MAX_LABEL_CHARS, MAX_LINK_CHARS, MAX_MESSAGE_CHARS,
    MAX_SOURCE_CHARS, MAX_TAG_CHARS, MAX_TAGS, MAX_TITLE_CHARS, is_action_address, is_web_address,
};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{
    new::NewNotification,
    stored::Notification,
    time::whole_millis,
    words::{Action, State, StoredAction},
};

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
        if let Some(timestamp) = self.timestamp {
            self.timestamp = Some(whole_millis(timestamp).ok_or(InvalidNotification::Timestamp)?);
        }
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

fn check_length(field: &'static str, text: &str, max: usize) -> Result<(), InvalidNotification> {
    let actual = text.chars().count();
    if (1..=max).contains(&actual) { Ok(()) } else { Err(InvalidNotification::Length { field, max, actual }) }
}

fn check_count(field: &'static str, actual: usize, max: usize) -> Result<(), InvalidNotification> {
    if actual <= max { Ok(()) } else { Err(InvalidNotification::TooMany { field, max, actual }) }
}

impl poem_openapi::types::Example for Notification {
    fn example() -> Self {
        let timestamp = DateTime::from_timestamp_millis(1_755_700_000_123).expect("a valid time");
        let draft = NewNotification::example().check().expect("the example is valid");
        draft.notification(Uuid::from_u128(0x0198_c5a5_4c00_7c3d_9a61_0f2e_7a4b_5c6d), timestamp)
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{time::rfc3339_millis, words::Level},
        *,
    };

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
}
