//! What comes out: a notification as plain data. Formats fill it in as they find it; [`Note::tidy`], which all of them
//! end in, makes it fit.

use chrono::{DateTime, Datelike as _, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    Refusal,
    limits::{
        MAX_ACTIONS, MAX_ACTOR_CHARS, MAX_KEY_CHARS, MAX_LABEL_CHARS, MAX_LINK_CHARS, MAX_MESSAGE_CHARS,
        MAX_SOURCE_CHARS, MAX_TAG_CHARS, MAX_TAGS, MAX_TITLE_CHARS, is_action_address, is_web_address,
    },
};

/// How much a notification matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// The level that a word of some other system means.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Some(match word.trim().to_lowercase().as_str() {
            "info" | "information" | "informational" | "notice" | "debug" | "none" | "low" => Level::Info,
            "success" | "ok" | "resolved" | "good" | "up" | "passed" => Level::Success,
            "warning" | "warn" | "medium" | "average" | "pending" => Level::Warning,
            "error" | "err" | "failure" | "failed" | "fail" | "danger" | "critical" | "crit" | "high"
            | "fatal" | "p0" | "p1" | "alert" | "emergency" | "disaster" | "page" | "down" => Level::Error,
            _ => return None,
        })
    }
}

/// Where the thing that a notification is about stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Some(match word.trim().to_lowercase().as_str() {
            "waiting" => State::Waiting,
            "running" => State::Running,
            "done" => State::Done,
            "failed" => State::Failed,
            _ => return None,
        })
    }
}

/// How the message is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Plain text.
    Text,
    /// Code or a program's output.
    Code,
    /// A little Markdown.
    Markdown,
}

/// Something a reader can open with one click.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// What the button says.
    pub label: String,
    /// What it opens.
    pub url: String,
}

/// A notification to post. The fields are those of the hub's own API.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Note {
    /// The text.
    pub message: String,
    /// A short heading.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// How much it matters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// Words to filter by.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Where to read more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// When it happened, if not now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<DateTime<Utc>>,
    /// The project or system it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Who speaks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// The run, session or thing it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Where that stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// What a reader can open.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<Action>,
    /// How the message is to be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// The sender's name for what it tells, which goes to the hub beside it: posted again under the same name, it is the
    /// same notification.
    #[serde(skip)]
    pub delivery: Option<String>,
}

impl Note {
    /// Makes it fit: cuts what is too long, drops what is not usable. An error if there is no text in it.
    pub(crate) fn tidy(self) -> Result<Self, Refusal> {
        let title = self.title.as_deref().and_then(|title| one_line(title, MAX_TITLE_CHARS));
        let (message, title) = match (self.message.trim().is_empty(), title) {
            (false, title) => (self.message, title),
            (true, Some(title)) => (title, None),
            (true, None) => return Err(Refusal::NoText),
        };
        let message = cut(message.trim_end().trim_start_matches(['\r', '\n']), MAX_MESSAGE_CHARS);
        let mut tags: Vec<String> = Vec::new();
        for tag in self.tags {
            let tag = tag.trim();
            let fits = (1..=MAX_TAG_CHARS).contains(&tag.chars().count()) && !tag.contains(char::is_control);
            if fits && tags.len() < MAX_TAGS && !tags.iter().any(|known| known == tag) {
                tags.push(tag.to_owned());
            }
        }
        let mut actions = Vec::new();
        for Action { label, url } in self.actions {
            let url = url.trim();
            if actions.len() < MAX_ACTIONS && is_short(url) && is_action_address(url) {
                let label = one_line(&label, MAX_LABEL_CHARS).unwrap_or_else(|| "Open".into());
                actions.push(Action { label, url: url.to_owned() });
            }
        }
        Ok(Note {
            title: title.filter(|title| *title != message),
            message,
            tags,
            link: self
                .link
                .map(|link| link.trim().to_owned())
                .filter(|link| is_short(link) && is_web_address(link)),
            timestamp: self.timestamp.filter(|time| (0..=9999).contains(&time.year())),
            source: self.source.and_then(|source| one_line(&source, MAX_SOURCE_CHARS)),
            actor: self.actor.and_then(|actor| one_line(&actor, MAX_ACTOR_CHARS)),
            key: self.key.and_then(|key| tidy_key(&key)),
            actions,
            level: self.level,
            state: self.state,
            format: self.format,
            delivery: self.delivery,
        })
    }
}

fn is_short(address: &str) -> bool {
    address.chars().count() <= MAX_LINK_CHARS
}

/// At most so many characters; a text that is longer ends in `…`.
pub(crate) fn cut(text: &str, max_chars: usize) -> String {
    if text.chars().count() <= max_chars {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(max_chars - 1).collect();
    short.truncate(short.trim_end().len());
    short.push('…');
    short
}

/// As one line, cut; `None` if nothing is left.
pub(crate) fn one_line(text: &str, max_chars: usize) -> Option<String> {
    let printable: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let line = printable.split_whitespace().collect::<Vec<_>>().join(" ");
    (!line.is_empty()).then(|| cut(&line, max_chars))
}

/// A key that fits. One that is cut ends in a number made of the whole: two long ones that begin alike stay two.
pub(crate) fn tidy_key(key: &str) -> Option<String> {
    let line = one_line(key, usize::MAX)?;
    if line.chars().count() <= MAX_KEY_CHARS {
        return Some(line);
    }
    // FNV-1a, 64 bits: it is stored, and must stay the same from version to version.
    let hash = line.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let beginning: String = line.chars().take(MAX_KEY_CHARS - 17).collect();
    Some(format!("{beginning}#{hash:016x}"))
}
