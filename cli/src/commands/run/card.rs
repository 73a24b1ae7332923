//! What is told of a command: one card, which says first that it runs and then how it ended.

use std::{ffi::OsString, time::Duration};

use clap::Args;
use notifyhub_adapters::{
    limits::{MAX_KEY_CHARS, MAX_MESSAGE_CHARS, MAX_SOURCE_CHARS, MAX_TITLE_CHARS},
    secrets::hidden_in_words,
};
use notifyhub_sdk::{Format, Level, State, types::NewNotification};

use super::process::Ended;
use crate::{
    Misuse,
    commands::push::fields::{self, limited, one, said},
    configuration::{Configuration, first_set},
    origin::Origin,
};

/// How much of a command line stands in a title.
const MAX_COMMAND_CHARS: usize = 120;

/// What a card says besides.
#[derive(Debug, Args)]
pub(super) struct About {
    /// A short heading [default: the command, its project and branch, and the machine where it is another one].
    #[arg(long, short, value_name = "TEXT")]
    title: Option<String>,

    #[command(flatten)]
    shared: fields::Labels,

    /// The project it is about, up to 64 characters [default: the git repository, or the directory].
    #[arg(long, env = "NOTIFYHUB_SOURCE", value_name = "NAME")]
    source: Option<String>,

    /// What all runs of the same thing go by, so that they are one card [default: one for each run].
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
}

impl About {
    /// Whether the title is not to be made of the command.
    pub(super) fn has_title(&self) -> bool {
        self.title.is_some()
    }
}

/// What is told of one command.
pub(super) struct Card {
    base: NewNotification,
    key: String,
}

impl Card {
    pub(super) fn new(
        labels: &About,
        command: &[OsString],
        configuration: &Configuration,
    ) -> Result<Self, Misuse> {
        let origin = std::env::current_dir().map(|directory| Origin::of(&directory)).unwrap_or_default();
        let title = labels.title.clone().unwrap_or_else(|| title(command, &origin));
        let source = first_set("source", labels.source.as_ref(), configuration.source.as_ref());
        let source = match (source, &origin.project) {
            (None, Some(project)) => limited("the project", MAX_SOURCE_CHARS, Some(project))?,
            (source, _) => said(MAX_SOURCE_CHARS, source)?,
        };
        let key = labels.key.clone().unwrap_or_else(|| format!("run:{}", uuid::Uuid::new_v4()));
        let base = NewNotification {
            // Replaced before it is sent.
            message: one("the message", MAX_MESSAGE_CHARS, "-")?,
            title: limited("--title", MAX_TITLE_CHARS, Some(&title))?,
            level: None,
            tags: labels.shared.tags(origin.host.as_deref())?,
            link: labels.shared.link()?,
            timestamp: None,
            source,
            actor: labels.shared.actor(configuration)?,
            key: limited("--key", MAX_KEY_CHARS, Some(&key))?,
            state: None,
            actions: Vec::new(),
            format: None,
        };
        Ok(Card { base, key })
    }

    pub(super) fn key(&self) -> String {
        self.key.clone()
    }

    pub(super) fn running(&self) -> NewNotification {
        self.saying("Running", State::Running)
    }

    /// How it ended, after how long, and its last lines.
    pub(super) fn ended(&self, ended: &Ended, took: Option<Duration>, last_lines: &str) -> NewNotification {
        let preposition = if ended.is_success() { "in" } else { "after" };
        let took = took.map(|took| format!(" {preposition} {}", in_words(took))).unwrap_or_default();
        let headline = format!("{}{took}", ended.reason());
        let state = if ended.is_success() { State::Done } else { State::Failed };
        let mut notification = self.saying(&with_lines(&headline, last_lines), state);
        // It is no news to who pressed the keys.
        notification.level = ended.is_interrupted().then_some(Level::Info);
        notification.format = (!last_lines.is_empty()).then_some(Format::Code);
        notification
    }

    fn saying(&self, message: &str, state: State) -> NewNotification {
        let mut notification = self.base.clone();
        if let Ok(message) = message.parse() {
            notification.message = message;
        }
        notification.state = Some(state);
        notification
    }
}

/// `cargo test · shop · main`
fn title(command: &[OsString], origin: &Origin) -> String {
    let words = hidden_in_words(command.iter().map(|word| word.to_string_lossy().into_owned()));
    let words: Vec<_> = words.iter().map(|word| quoted(word)).collect();
    let command =
        Some(words.join(" ")).filter(|line| !line.is_empty()).map(|line| cut(&line, MAX_COMMAND_CHARS));
    let parts: Vec<_> = command.into_iter().chain(origin.title()).chain(origin.host.clone()).collect();
    if parts.is_empty() { "A command".to_owned() } else { cut(&parts.join(" · "), MAX_TITLE_CHARS) }
}

/// As it would be typed, on one line.
fn quoted(word: &str) -> String {
    let word: String = word.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let is_plain = |c: char| c.is_alphanumeric() || "-_./:=@%+,…".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

fn cut(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    text.chars().take(max - 1).chain(['…']).collect()
}

/// A headline, and as many of the last lines as there is room for.
fn with_lines(headline: &str, lines: &str) -> String {
    let headline = cut(headline, MAX_TITLE_CHARS);
    let room = MAX_MESSAGE_CHARS - headline.chars().count() - 1;
    let characters = lines.chars().count();
    let last: String = if characters <= room {
        lines.to_owned()
    } else {
        let last: String = lines.chars().skip(characters - room).collect();
        // From the beginning of a line on.
        last.split_once('\n').map_or(last.clone(), |(_, whole)| whole.to_owned())
    };
    if last.is_empty() { headline } else { format!("{headline}\n{last}") }
}

/// `0.3 s`, `12 s`, `3 min 12 s`, `2 h 5 min`.
fn in_words(time: Duration) -> String {
    let seconds = time.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0..10) => format!("{:.1} s", time.as_secs_f64()),
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_told_as_people_do() {
        for (ms, told) in [
            (0, "0.0 s"),
            (340, "0.3 s"),
            (9940, "9.9 s"),
            (12_400, "12 s"),
            (192_000, "3 min 12 s"),
            (7_500_000, "2 h 5 min"),
        ] {
            assert_eq!(in_words(Duration::from_millis(ms)), told);
        }
    }

    #[test]
    fn a_title_is_the_command_as_it_is_typed_and_where() {
        let words = |line: &[&str]| line.iter().map(OsString::from).collect::<Vec<_>>();
        let origin = |project: Option<&str>, branch: Option<&str>, host: Option<&str>| Origin {
            project: project.map(str::to_owned),
            branch: branch.map(str::to_owned),
            host: host.map(str::to_owned),
            is_repository: true,
        };
        let of = |line: &[&str], origin| title(&words(line), &origin);
        assert_eq!(of(&["make", "-j4"], origin(Some("shop"), Some("main"), None)), "make -j4 · shop · main");
        assert_eq!(
            of(&["sh", "-c", "it's\nme"], origin(None, None, Some("build"))),
            r"sh -c 'it'\''s me' · build"
        );
        assert_eq!(of(&[], origin(None, None, None)), "A command");
        let long = of(&["echo", &"x".repeat(500)], origin(Some("shop"), None, None));
        assert!(long.ends_with("x… · shop") && long.chars().count() < 140, "{long}");
    }

    #[test]
    fn the_last_lines_fit() {
        assert_eq!(with_lines("Done in 1 s", ""), "Done in 1 s");
        let lines = vec!["é".repeat(100); 100].join("\n");
        let message = with_lines("Failed", &lines);
        assert!(message.chars().count() <= MAX_MESSAGE_CHARS);
        assert!(
            message.lines().skip(1).all(|line| line.chars().count() == 100) && message.lines().count() == 41
        );
    }
}
