//! `notifyhub tail`: the feed in a terminal, live; or a command for each notification.
//!
//! # Layout
//! - `selection`: which notifications.
//! - `follow`: what of the event stream is new, and how far it has come.
//! - `line`: a notification as a line.
//! - `forward`: a command for a notification.
//! - `cursor`: how far it has come, in a file.
//! - `stop`: being asked to stop; `closed_output`: nobody reading any more.

mod closed_output;
mod cursor;
mod follow;
mod forward;
mod line;
mod selection;
mod stop;

use std::{path::PathBuf, process::ExitCode, str::FromStr, time::Duration};

use clap::Args;
use uuid::Uuid;

use self::{
    cursor::CursorFile,
    follow::{Ended, Follower, Output},
    forward::Forward,
    selection::Selection,
    stop::Stop,
};
use crate::{
    configuration::Configuration,
    context::Context,
    hub::HubOptions,
    terminal::{FAILED, MISUSE, fail},
};

/// Show notifications as they come, or run a command for each.
///
/// Goes on until it is stopped (Ctrl-C, SIGTERM), over restarts of the hub and breaks of the network: nothing is missed
/// and nothing comes twice.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(flatten)]
    hub: HubOptions,

    #[command(flatten)]
    selection: Selection,

    /// Begin with what came before: for so long (1h), after the notification with this id, or all that the hub still has
    /// (up to 1000). Without it: only what comes from now on.
    #[arg(long, value_name = "TIME|ID|all")]
    since: Option<Since>,

    /// One JSON object a line: the notification as in the API.
    #[arg(long)]
    json: bool,

    /// Tell what becomes of notifications as well: the notification again, under its id, when it is resolved or snoozed;
    /// and, with --json, {"deleted":"ID"} when it is removed, {"cleared":true} when all are. --exec is run again for
    /// the former.
    #[arg(long)]
    changes: bool,

    /// Run this for each notification instead of printing it, with sh, one after the other. It finds the notification in
    /// its environment and, as JSON, on its standard input.
    #[arg(long, value_name = "COMMAND", conflicts_with = "json")]
    exec: Option<String>,

    /// How often --exec is run for a notification if it fails, with pauses of 1 s to a minute; the ones behind it wait.
    /// Then it is passed over, with a word on standard error. 0: until it succeeds.
    #[arg(long, value_name = "COUNT", default_value_t = 5, requires = "exec")]
    attempts: u32,

    /// Go on where the last one with this file ended; --since counts only if it is not there yet. It is written when a
    /// notification was printed, or --exec has succeeded for it.
    #[arg(long, value_name = "FILE")]
    cursor: Option<PathBuf>,

    /// There are none; who looks for a word is told how.
    #[arg(hide = true, value_name = "WORD", value_parser = no_word)]
    words: Vec<String>,
}

fn no_word(word: &str) -> Result<String, String> {
    Err(format!(
        "tail takes options only. For what has a word in it: --grep {word}; of one project: --source {word}"
    ))
}

const AFTER_HELP: &str = "\
Examples:
  notifyhub tail --state waiting --state failed
  notifyhub tail --json | jq -r .message
  notifyhub tail --level error --cursor ~/.local/state/errors --exec 'ntfy publish alerts \"$NOTIFYHUB_MESSAGE\"'

For --exec there are NOTIFYHUB_ID, _MESSAGE, _TIMESTAMP and, if the notification has them, _TITLE, _LEVEL, _STATE, _SOURCE,
_ACTOR, _KEY, _TAGS (with commas), _LINK, _RESOLVED_AT, _SNOOZED_UNTIL. If `tail` or the machine dies between the end of the
command and the writing of --cursor, the command is run again: NOTIFYHUB_DELIVERY is then the same as before.
What --exec posts to the same hub comes back to it, unless a filter keeps it out.
Exit codes: 0 stopped; 1 the hub refused; 2 wrong use.";

/// Where to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Since {
    /// With what is not older.
    Age(Duration),
    /// After this notification.
    Notification(Uuid),
    /// With the oldest there is.
    All,
}

impl FromStr for Since {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "all" {
            return Ok(Since::All);
        }
        let age = humantime::parse_duration(text).map(Since::Age).ok();
        age.or_else(|| text.parse().map(Since::Notification).ok())
            .ok_or("it must be a time such as 1h or 30m, the id of a notification, or `all`")
    }
}

impl Arguments {
    /// `notifyhub tail`.
    pub(crate) async fn run(self, _context: &Context) -> ExitCode {
        let opened = Configuration::read()
            .and_then(|configuration| self.hub.connect(&configuration))
            .and_then(|hub| {
                let cursor =
                    self.cursor.as_deref().map(|path| CursorFile::open(path, &hub.address)).transpose()?;
                Ok((hub, cursor))
            });
        let (hub, cursor) = match opened {
            Ok(opened) => opened,
            Err(misuse) => return fail(&misuse, MISUSE),
        };
        let mut stop = match Stop::listen() {
            Ok(stop) => stop,
            Err(error) => return fail(&format!("cannot listen to signals: {error}"), FAILED),
        };
        let output = match self.exec {
            Some(command) => Output::Command(Forward { command, attempts: self.attempts }),
            None if self.json => Output::Json,
            None => Output::Lines,
        };
        let follower = Follower::new(&hub.address, self.selection, output, self.changes, self.since, cursor);
        match follower.follow(&hub.client, &mut stop).await {
            Ended::Stopped => ExitCode::SUCCESS,
            Ended::Failed(reason) => fail(&reason, FAILED),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_past_is_named_by_its_length_or_by_where_it_begins() {
        assert_eq!("90m".parse(), Ok(Since::Age(Duration::from_mins(90))));
        assert_eq!("all".parse(), Ok(Since::All));
        let id = "0198c5a5-5f31-7b02-8d1e-6a0f3c2b1d4e";
        assert_eq!(id.parse(), Ok(Since::Notification(id.parse().expect("a UUID"))));
        for text in ["", "yesterday", "1", "-1h"] {
            assert!(text.parse::<Since>().is_err(), "{text}");
        }
    }
}
