//! What a post says: the options, and the notification that they come to. Nothing is sent here.

use std::{
    io::{IsTerminal as _, Read as _},
    str::FromStr,
    time::Duration,
};

use clap::Args;
use notifyhub_adapters::limits::{
    MAX_ACTOR_CHARS, MAX_KEY_CHARS, MAX_LABEL_CHARS, MAX_LINK_CHARS, MAX_MESSAGE_CHARS, MAX_SOURCE_CHARS,
    MAX_TAG_CHARS, MAX_TITLE_CHARS,
};
use notifyhub_sdk::{Format, Level, State, types};

use crate::{
    Misuse,
    configuration::{Configuration, Said, first_set},
    hub::HubOptions,
    values::{duration, word},
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
    #[arg(long, short, value_parser = word::<Level>(Level::WORDS), value_name = "LEVEL")]
    level: Option<Level>,

    #[command(flatten)]
    labels: Labels,

    /// The project or system it is about, up to 64 characters. The page groups by it.
    #[arg(long, env = "NOTIFYHUB_SOURCE", value_name = "NAME")]
    source: Option<String>,

    /// The run, session or thing it is about, up to 128 characters. What waits or runs under the same key is
    /// removed when this is stored.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,

    /// Where that stands: waiting (for a person) and running are open, done and failed close.
    #[arg(long, value_name = "STATE", value_parser = word::<State>(State::WORDS))]
    state: Option<State>,

    /// Something to open with one click, such as "Open=vscode://file/tmp/a.rs"; may be given up to 3 times.
    #[arg(long = "action", value_name = "LABEL=URL")]
    actions: Vec<String>,

    /// How the message is to be read.
    #[arg(long, value_name = "FORMAT", value_parser = word::<Format>(Format::WORDS))]
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
    #[arg(long, env = "NOTIFYHUB_TIMEOUT", value_name = "TIME", default_value = "10s", value_parser = duration)]
    pub(super) timeout: Duration,
}

/// What `run` takes as well.
#[derive(Debug, Args)]
pub(crate) struct Labels {
    /// A word to filter by; may be given up to 16 times.
    #[arg(long = "tag", value_name = "WORD")]
    tags: Vec<String>,

    /// An http or https address where there is more to read.
    #[arg(long, value_name = "URL")]
    link: Option<String>,

    /// Who speaks, up to 32 characters: ci, cron, an agent's name.
    #[arg(long, env = "NOTIFYHUB_ACTOR", value_name = "NAME")]
    actor: Option<String>,
}

impl Labels {
    /// The tags, and one more.
    pub(crate) fn tags(&self, more: Option<&str>) -> Result<Vec<types::NewNotificationTagsItem>, Misuse> {
        let tags = self.tags.iter().map(String::as_str).chain(more);
        tags.map(|tag| one("--tag", MAX_TAG_CHARS, tag)).collect()
    }

    pub(crate) fn link(&self) -> Result<Option<types::NewNotificationLink>, Misuse> {
        limited("--link", MAX_LINK_CHARS, self.link.as_deref())
    }

    pub(crate) fn actor(
        &self,
        configuration: &Configuration,
    ) -> Result<Option<types::NewNotificationActor>, Misuse> {
        said(MAX_ACTOR_CHARS, first_set("actor", self.actor.as_ref(), configuration.actor.as_ref()))
    }
}

/// More than any message has.
const MAX_INPUT_BYTES: u64 = 64 << 10;

impl Fields {
    /// The notification to post.
    pub(super) fn notification(
        &self,
        program: &str,
        configuration: &Configuration,
    ) -> Result<types::NewNotification, Misuse> {
        let text = self.text(program)?;
        Ok(types::NewNotification {
            message: one("the message", MAX_MESSAGE_CHARS, &text)?,
            title: limited("--title", MAX_TITLE_CHARS, self.title.as_deref())?,
            level: self.level,
            tags: self.labels.tags(None)?,
            link: self.labels.link()?,
            timestamp: None,
            source: said(
                MAX_SOURCE_CHARS,
                first_set("source", self.source.as_ref(), configuration.source.as_ref()),
            )?,
            actor: self.labels.actor(configuration)?,
            key: limited("--key", MAX_KEY_CHARS, self.key.as_deref())?,
            state: self.state,
            actions: self.actions.iter().map(|action| parse_action(action)).collect::<Result<_, _>>()?,
            format: self.format,
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

/// Fits a text into what the API takes; an error names what says it.
pub(crate) fn one<T: FromStr>(option: &str, max: usize, text: &str) -> Result<T, Misuse> {
    text.parse().map_err(|_| {
        format!("{option} must have 1 to {max} characters, this one has {}", text.chars().count())
    })
}

/// Fits a text, if there is one.
pub(crate) fn limited<T: FromStr>(option: &str, max: usize, text: Option<&str>) -> Result<Option<T>, Misuse> {
    text.map(|text| one(option, max, text)).transpose()
}

/// Fits what an option or the configuration says.
pub(crate) fn said<T: FromStr>(max: usize, text: Option<Said<'_>>) -> Result<Option<T>, Misuse> {
    text.map(|said| one(&said.by, max, said.text)).transpose()
}

fn parse_action(text: &str) -> Result<types::Action, Misuse> {
    let Some((label, url)) = text.split_once('=').filter(|(_, url)| url.contains(':')) else {
        return Err(format!("--action {text:?} must be LABEL=URL, such as \"Open=vscode://file/tmp/a.rs\""));
    };
    Ok(types::Action {
        label: one("the label of --action", MAX_LABEL_CHARS, label)?,
        url: one("the URL of --action", MAX_LINK_CHARS, url)?,
    })
}
