//! A notification to post, as the API takes it or as the adapters made it.

use chrono::{DateTime, Utc};
use notifyhub_adapters::Note;
use poem_openapi::Object;
use serde::{Deserialize, Serialize};

use super::words::{Action, Format, Level, State};

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

#[cfg(test)]
mod tests {
    use notifyhub_adapters::limits::{
        MAX_ACTIONS, MAX_ACTOR_CHARS, MAX_KEY_CHARS, MAX_LABEL_CHARS, MAX_LINK_CHARS, MAX_MESSAGE_CHARS,
        MAX_SOURCE_CHARS, MAX_TAG_CHARS, MAX_TAGS, MAX_TITLE_CHARS,
    };

    use super::*;

    #[test]
    fn the_specification_names_the_limits() {
        let spec: serde_json::Value =
            serde_json::from_str(include_str!("../../../openapi.json")).expect("the specification is JSON");
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
