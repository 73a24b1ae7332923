//! Runs a command for a notification: in its environment as `NOTIFYHUB_*`, and as JSON on its standard input.

use std::{
    process::{ExitStatus, Stdio},
    time::Duration,
};

use notifyhub_sdk::{retry::Backoff, types::Notification};
use tokio::{io::AsyncWriteExt as _, process::Command};

use super::stop::Stop;
use crate::terminal;

/// The pauses between attempts.
const BACKOFF: Backoff = Backoff { first: Duration::from_secs(1), longest: Duration::from_mins(1) };

/// A command, and how often it is tried.
pub(super) struct Forward {
    pub(super) command: String,
    /// 0: until it succeeds.
    pub(super) attempts: u32,
}

/// How a command ended.
pub(super) struct Forwarded {
    /// Whether the notification has been dealt with: it was passed on, or given up.
    pub(super) is_dealt_with: bool,
    /// Whether that was to be the last one.
    pub(super) is_last: bool,
}

impl Forward {
    /// Runs the command for this notification, until it succeeds or was tried often enough.
    pub(super) async fn pass_on(&self, notification: &Notification, stop: &mut Stop) -> Forwarded {
        let mut failures = 0;
        loop {
            let mut is_last = false;
            let once = self.run(notification);
            tokio::pin!(once);
            let ended = tokio::select! {
                ended = &mut once => ended,
                () = stop.asked() => {
                    is_last = true;
                    terminal::hint("ends with the command that is running; once more, and it ends at once");
                    tokio::select! {
                        ended = &mut once => ended,
                        () = stop.asked() => return Forwarded { is_dealt_with: false, is_last },
                    }
                }
            };
            let reason = match ended {
                Ok(status) if status.success() => return Forwarded { is_dealt_with: true, is_last },
                Ok(status) => status.to_string(),
                Err(error) => format!("it cannot be run: {error}"),
            };
            failures += 1;
            let is_given_up = self.attempts != 0 && failures >= self.attempts;
            let then = match (is_given_up, is_last) {
                (true, _) => "passed over",
                (_, true) => "to be tried again next time",
                _ => "trying again",
            };
            terminal::note(&format!("! the command for {} failed ({reason}); {then}", notification.id));
            if is_given_up || is_last {
                return Forwarded { is_dealt_with: is_given_up, is_last };
            }
            tokio::select! {
                () = tokio::time::sleep(BACKOFF.delay(failures)) => {}
                () = stop.asked() => return Forwarded { is_dealt_with: false, is_last: true },
            }
        }
    }

    async fn run(&self, notification: &Notification) -> std::io::Result<ExitStatus> {
        let mut command = Command::new("sh");
        command.arg("-c").arg(&self.command).stdin(Stdio::piped());
        for (name, value) in environment(notification) {
            match value {
                // The end of a text to the system.
                Some(value) => command.env(name, value.replace('\0', "")),
                None => command.env_remove(name),
            };
        }
        let mut child = command.spawn()?;
        let mut input = child.stdin.take();
        let json = serde_json::to_string(notification).expect("a notification always encodes") + "\n";
        let write = async move {
            if let Some(input) = &mut input {
                // It need not read it.
                let _ = input.write_all(json.as_bytes()).await;
            }
        };
        let ((), status) = tokio::join!(write, child.wait());
        status
    }
}

/// What a command finds in its environment; what a notification does not have, is not there either.
fn environment(notification: &Notification) -> Vec<(&'static str, Option<String>)> {
    let time =
        |time: chrono::DateTime<chrono::Utc>| time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    vec![
        ("NOTIFYHUB_ID", Some(notification.id.to_string())),
        ("NOTIFYHUB_DELIVERY", Some(delivery(notification))),
        ("NOTIFYHUB_MESSAGE", Some(notification.message.clone())),
        ("NOTIFYHUB_TIMESTAMP", Some(time(notification.timestamp))),
        ("NOTIFYHUB_TITLE", notification.title.clone()),
        ("NOTIFYHUB_LEVEL", notification.level.map(|level| level.to_string())),
        ("NOTIFYHUB_STATE", notification.state.map(|state| state.to_string())),
        ("NOTIFYHUB_SOURCE", notification.source.clone()),
        ("NOTIFYHUB_ACTOR", notification.actor.clone()),
        ("NOTIFYHUB_KEY", notification.key.clone()),
        ("NOTIFYHUB_TAGS", (!notification.tags.is_empty()).then(|| notification.tags.join(","))),
        ("NOTIFYHUB_LINK", notification.link.clone()),
        ("NOTIFYHUB_RESOLVED_AT", notification.resolved_at.map(time)),
        ("NOTIFYHUB_SNOOZED_UNTIL", notification.snoozed_until.map(time)),
    ]
}

/// The same whenever a command is run for this revision of this notification, and for no other.
fn delivery(notification: &Notification) -> String {
    let since = |mark, time: Option<chrono::DateTime<chrono::Utc>>| {
        time.map(|time| format!("-{mark}{}", time.timestamp_millis())).unwrap_or_default()
    };
    let (resolved, snoozed) = (since('r', notification.resolved_at), since('s', notification.snoozed_until));
    format!("{}{resolved}{snoozed}", notification.id)
}
