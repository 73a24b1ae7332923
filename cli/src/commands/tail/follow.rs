//! The event stream as a sequence of notifications to be told: what is new, what only changed, and how far that has come.

use std::io::{ErrorKind, IsTerminal as _, Write as _};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::StreamExt as _;
use notifyhub_sdk::{
    Client, Event, Reason, Subscribe as _,
    types::{Hello, Notification},
};
use serde_json::json;
use uuid::Uuid;

use super::{
    Since,
    closed_output::ClosedOutput,
    cursor::{CursorFile, Place},
    forward::Forward,
    line::line,
    selection::Selection,
    stop::Stop,
};
use crate::{hub, terminal};

/// The most that a hub sends of what there is already.
const MOST: u16 = 1000;

/// What is done with a notification.
pub(super) enum Output {
    Lines,
    Json,
    Command(Forward),
}

/// Why it ended.
pub(super) enum Ended {
    /// Somebody asked for it, or does not listen any more.
    Stopped,
    /// It cannot go on.
    Failed(String),
}

/// Follows a feed.
pub(super) struct Follower {
    selection: Selection,
    output: Output,
    tells_changes: bool,
    /// What of the past is asked for, until that is told.
    since: Option<Since>,
    place: Place,
    cursor: Option<CursorFile>,
    is_away: bool,
    /// Which of several hubs it is that tells.
    answering: Option<String>,
}

impl Follower {
    /// Begins where the cursor is, if it is anywhere.
    pub(super) fn new(
        hub: &str,
        selection: Selection,
        output: Output,
        tells_changes: bool,
        since: Option<Since>,
        cursor: Option<(CursorFile, Option<Place>)>,
    ) -> Self {
        let (cursor, place) = cursor.map_or((None, None), |(file, place)| (Some(file), place));
        let since = since.filter(|_| place.is_none());
        let newest = match since {
            Some(Since::Notification(id)) => Some(id),
            _ => None,
        };
        let place = place.unwrap_or(Place { hub: hub.to_owned(), after: None, newest });
        Follower { selection, output, tells_changes, since, place, cursor, is_away: false, answering: None }
    }

    /// Tells what comes, until it ends.
    pub(super) async fn follow(mut self, client: &Client, stop: &mut Stop) -> Ended {
        let mut events = client.subscribe().tell_breaks();
        if let Some(after) = &self.place.after {
            events = events.after(after);
        }
        // From now on: the newest is enough, to know what will be new.
        let is_from_now_on = self.since.is_none() && self.place.newest.is_none();
        events = events.limit(if is_from_now_on { 1 } else { MOST });
        let mut now = Utc::now();
        // A command has the output to itself.
        let mut output = match self.output {
            Output::Command(_) => ClosedOutput::ignored(),
            Output::Lines | Output::Json => ClosedOutput::watch(),
        };
        let ended = loop {
            let event = tokio::select! {
                event = events.next() => event,
                () = output.closed() => break Ok(()),
                () = stop.asked() => break Ok(()),
            };
            let is_start = matches!(event, Some(Ok(Event::Init(_))));
            let told = match event {
                None => break Ok(()),
                Some(Err(error)) => break Err(error.to_string()),
                Some(Ok(event)) => match event {
                    Event::Hello(hello) => {
                        now = hello.now.unwrap_or(now);
                        self.begin(&hello);
                        let answering = hub::answering(client);
                        if answering != self.answering {
                            terminal::note(&format!("… at {}", answering.as_deref().unwrap_or_default()));
                            self.answering = answering;
                        }
                        continue;
                    }
                    Event::Init(stored) => self.start(stored, now, stop).await,
                    Event::Notification(notification) => {
                        self.take(&notification, events.last_event_id(), stop).await
                    }
                    Event::Deleted(deleted) => self.tell_removal(&json!({ "deleted": deleted.id })),
                    Event::Cleared => self.tell_removal(&json!({ "cleared": true })),
                    Event::Heartbeat(_) => self.write_cursor(),
                    Event::Away => {
                        self.is_away = true;
                        terminal::note(&format!("… {} cannot be reached; trying again", self.place.hub));
                        continue;
                    }
                    Event::Skipped { event, reason } => {
                        terminal::note(&format!("! passed over an event of the hub ({event}): {reason}"));
                        continue;
                    }
                    _ => continue,
                },
            };
            match told {
                Ok(Next::GoOn) => {
                    self.place.after = events.last_event_id().map(str::to_owned);
                    // At once: whatever comes next is not to be missed, even if this is killed before it.
                    if is_start && let Err(reason) = self.write_cursor() {
                        break Err(reason);
                    }
                }
                Ok(Next::End) => break Ok(()),
                Err(reason) => break Err(reason),
            }
        };
        // What was told is written down already; this is what was passed over since.
        match ended.and(self.write_cursor()) {
            Ok(_) => Ended::Stopped,
            Err(reason) => Ended::Failed(reason),
        }
    }

    /// There is a connection. Says what may be missing.
    fn begin(&mut self, hello: &Hello) {
        if std::mem::take(&mut self.is_away) {
            terminal::note(&format!("✓ {} is back", self.place.hub));
        }
        if hello.resumed || self.place.after.is_none() {
            return;
        }
        match hello.reason {
            Reason::Expired => terminal::note(&format!(
                "! the hub no longer keeps all that came meanwhile; up to {} events may be missing",
                hello.missed
            )),
            Reason::Unknown => {
                terminal::note("! the hub's log is another one than before; going on with what is new in it");
            }
            _ => {}
        }
    }

    /// What is stored: of it, what is not known yet, or what was asked for.
    async fn start(&mut self, stored: Vec<Notification>, now: DateTime<Utc>, stop: &mut Stop) -> Told {
        // Of an empty feed it is known that all that comes is new.
        let newest = stored.iter().map(|notification| notification.id).max().unwrap_or(Uuid::nil());
        let mut due = stored;
        due.retain(|notification| match (self.place.newest, self.since) {
            (Some(known), _) => notification.id > known,
            (None, Some(Since::Age(age))) => {
                let age = TimeDelta::from_std(age).unwrap_or(TimeDelta::MAX);
                now.signed_duration_since(notification.timestamp) <= age
            }
            (None, since) => since.is_some(),
        });
        due.sort_by_key(|notification| notification.id);
        for notification in due {
            // The event to resume after stays: all of these have come with one.
            if let Next::End = self.take(&notification, None, stop).await? {
                return Ok(Next::End);
            }
        }
        self.since = None;
        self.place.newest = self.place.newest.max(Some(newest));
        Ok(Next::GoOn)
    }

    /// Tells a notification, if it is one to be told. `after`: its event, if it has one of its own.
    async fn take(&mut self, notification: &Notification, after: Option<&str>, stop: &mut Stop) -> Told {
        let is_new = self.place.newest.is_none_or(|newest| notification.id > newest);
        if !(is_new || self.tells_changes) || !self.selection.has(notification) {
            self.pass(notification, after);
            return Ok(Next::GoOn);
        }
        let mut next = Next::GoOn;
        match &self.output {
            Output::Lines => {
                let is_coloured = std::io::stdout().is_terminal();
                next = print(&line(notification, is_coloured))?;
            }
            Output::Json => {
                next = print(&serde_json::to_string(notification).expect("a notification always encodes"))?;
            }
            Output::Command(forward) => {
                let forwarded = forward.pass_on(notification, stop).await;
                if forwarded.is_last {
                    next = Next::End;
                }
                if !forwarded.is_dealt_with {
                    return Ok(Next::End);
                }
            }
        }
        self.pass(notification, after);
        self.write_cursor()?;
        Ok(next)
    }

    fn pass(&mut self, notification: &Notification, after: Option<&str>) {
        if let Some(after) = after {
            self.place.after = Some(after.to_owned());
        }
        self.place.newest = self.place.newest.max(Some(notification.id));
    }

    fn tell_removal(&self, removal: &serde_json::Value) -> Told {
        match self.output {
            Output::Json if self.tells_changes => print(&removal.to_string()),
            _ => Ok(Next::GoOn),
        }
    }

    fn write_cursor(&mut self) -> Told {
        if let Some(cursor) = &mut self.cursor {
            cursor.write(&self.place)?;
        }
        Ok(Next::GoOn)
    }
}

/// What is to come after something was told.
enum Next {
    GoOn,
    End,
}

type Told = Result<Next, String>;

/// Whoever has closed the other end has seen enough.
fn print(line: &str) -> Told {
    let mut output = std::io::stdout();
    match writeln!(output, "{line}").and_then(|()| output.flush()) {
        Ok(()) => Ok(Next::GoOn),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Next::End),
        Err(error) => Err(format!("cannot write: {error}")),
    }
}
