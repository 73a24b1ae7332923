//! What a post says: the options, and the notification that they come to. Nothing is sent here.

use std::{
    io::{IsTerminal as _, Read as _},
    str::FromStr,
    time::Duration,
};

use clap::{Args, ValueEnum};
use notifyhub_sdk::{types, vocabulary};

use crate::{
    Misuse,
    configuration::{Configuration, first_set},
    hub::HubOptions,
};

/// What is posted, and where.
#[derive(Debug, Args)]
pub(crate) struct Fields {
    /// The text, up to 4096 characters. Several words are joined with spaces. `-`, or no text at all behind a
    /// pipe, reads standard input.
    #[arg(value_name = "MESSAGE")]
    message: Vec<String>,

    #[command(flatten)]
    pub(super) hub: HubOptions,

    /// A short heading, up to 256 characters.
    #[arg(long, short, value_name = "TEXT")]
    title: Option<String>,

    /// How much it matters: it decides colour and sound.
    #[arg(long, short, value_enum)]
    level: Option<Level>,

    /// A word to filter by; may be given up to 16 times.
    #[arg(long = "tag", value_name = "WORD")]
    tags: Vec<String>,

    /// An http or https address where there is more to read.
    #[arg(long, value_name = "URL")]
    link: Option<String>,

    /// The project or system it is about, up to 64 characters. The page groups by it.
    #[arg(long, env = "NOTIFYHUB_SOURCE", value_name = "NAME")]
    source: Option<String>,

    /// Who speaks, up to 32 characters: ci, cron, an agent's name.
    #[arg(long, env = "NOTIFYHUB_ACTOR", value_name = "NAME")]
    actor: Option<String>,

    /// The run, session or thing it is about, up to 128 characters. What waits or runs under the same key is
    /// removed when this is stored.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,

    /// Where that stands: waiting (for a person) and running are open, done and failed close.
    #[arg(long, value_enum)]
    state: Option<State>,

    /// Something to open with one click, such as "Open=vscode://file/tmp/a.rs"; may be given up to 3 times.
    #[arg(long = "action", value_name = "LABEL=URL")]
    actions: Vec<String>,

    /// How the message is to be read.
    #[arg(long, value_enum)]
    format: Option<Format>,

    /// Post nothing; remove what waits or runs under this key.
    #[arg(long, value_name = "KEY", conflicts_with_all = ["message", "title", "level", "tags", "link", "source",
        "actor", "key", "state", "actions", "format", "json"])]
    pub(super) withdraw: Option<String>,

    /// Print the stored notification as JSON.
    #[arg(long, conflicts_with = "quiet")]
    pub(super) json: bool,

    /// Print nothing unless it fails.
    #[arg(long, short)]
    pub(super) quiet: bool,

    /// How long to keep trying while the hub cannot be reached. A notification is never posted twice.
    #[arg(long, env = "NOTIFYHUB_TIMEOUT", value_name = "TIME", default_value = "10s", value_parser = humantime::parse_duration)]
    pub(super) timeout: Duration,
}

/// More than any message has.
const MAX_INPUT_BYTES: u64 = 64 << 10;

/// As in the API.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Level {
    Info,
    Success,
    Warning,
    Error,
}

impl From<Level> for vocabulary::Level {
    fn from(level: Level) -> Self {
        match level {
            Level::Info => vocabulary::Level::Info,
            Level::Success => vocabulary::Level::Success,
            Level::Warning => vocabulary::Level::Warning,
            Level::Error => vocabulary::Level::Error,
        }
    }
}

/// As in the API.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum State {
    Waiting,
    Running,
    Done,
    Failed,
}

impl From<State> for vocabulary::State {
    fn from(state: State) -> Self {
        match state {
            State::Waiting => vocabulary::State::Waiting,
            State::Running => vocabulary::State::Running,
            State::Done => vocabulary::State::Done,
            State::Failed => vocabulary::State::Failed,
        }
    }
}

/// As in the API.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Text,
    Code,
    Markdown,
}

impl From<Format> for vocabulary::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Text => vocabulary::Format::Text,
            Format::Code => vocabulary::Format::Code,
            Format::Markdown => vocabulary::Format::Markdown,
        }
    }
}

impl Fields {
    /// The notification to post.
    pub(super) fn notification(
        &self,
        program: &str,
        configuration: &Configuration,
    ) -> Result<types::NewNotification, Misuse> {
        let text = self.text(program)?;
        let length = text.chars().count();
        Ok(types::NewNotification {
            message: text
                .parse()
                .map_err(|_| format!("the message must have 1 to 4096 characters, this one has {length}"))?,
            title: limited("--title", 256, self.title.as_deref())?,
            level: self.level.map(vocabulary::Level::from),
            tags: self.tags.iter().map(|tag| one("--tag", 64, tag)).collect::<Result<_, _>>()?,
            link: limited("--link", 2048, self.link.as_deref())?,
            timestamp: None,
            source: limited("--source", 64, first_set(self.source.as_ref(), configuration.source.as_ref()))?,
            actor: limited("--actor", 32, first_set(self.actor.as_ref(), configuration.actor.as_ref()))?,
            key: limited("--key", 128, self.key.as_deref())?,
            state: self.state.map(vocabulary::State::from),
            actions: self.actions.iter().map(|action| parse_action(action)).collect::<Result<_, _>>()?,
            format: self.format.map(vocabulary::Format::from),
        })
    }

    fn text(&self, program: &str) -> Result<String, Misuse> {
        let from_input = match self.message.as_slice() {
            [] if std::io::stdin().is_terminal() => {
                return Err(format!("no message was given; for example: {program} \"Tests passed\""));
            }
            [] => true,
            [only] => only == "-",
            _ => false,
        };
        if !from_input {
            return Ok(self.message.join(" "));
        }
        let mut text = String::new();
        std::io::stdin()
            .take(MAX_INPUT_BYTES + 1)
            .read_to_string(&mut text)
            .map_err(|error| format!("cannot read the message from standard input: {error}"))?;
        if text.len() as u64 > MAX_INPUT_BYTES {
            return Err(format!(
                "standard input is longer than {MAX_INPUT_BYTES} bytes; a message has up to 4096 characters. Send the \
                 end of it: … | tail -n 20 | {program}"
            ));
        }
        // The line break that ends the last line is the terminal's, not the message's.
        let text = text.strip_suffix('\n').map_or(&*text, |text| text.strip_suffix('\r').unwrap_or(text));
        if text.is_empty() {
            Err("no message was given: standard input is empty".into())
        } else {
            Ok(text.to_owned())
        }
    }
}

pub(crate) fn one<T: FromStr>(option: &str, max: usize, text: &str) -> Result<T, Misuse> {
    text.parse().map_err(|_| {
        format!("{option} must have 1 to {max} characters, this one has {}", text.chars().count())
    })
}

pub(crate) fn limited<T: FromStr>(option: &str, max: usize, text: Option<&str>) -> Result<Option<T>, Misuse> {
    text.map(|text| one(option, max, text)).transpose()
}

fn parse_action(text: &str) -> Result<types::Action, Misuse> {
    let Some((label, url)) = text.split_once('=').filter(|(_, url)| url.contains(':')) else {
        return Err(format!("--action {text:?} must be LABEL=URL, such as \"Open=vscode://file/tmp/a.rs\""));
    };
    Ok(types::Action {
        label: one("the label of --action", 32, label)?,
        url: one("the URL of --action", 2048, url)?,
    })
}
