//! What a notification is made of besides texts: level, state, format, actions.

use poem_openapi::{Enum, Object};
use serde::{Deserialize, Serialize};

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
