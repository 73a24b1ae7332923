//! Events in their order: what a person should hear of a session, and when. Pure: the times are passed in.
//!
//! 1. "Needs you" is held back for [`HOLD`] and dropped when the session's next event answers it: requests that the
//!    agent settles by itself come and go within milliseconds.
//! 2. That it asks is no news once it is told what for.
//! 3. One card a session: a prompt, an answer and the session's end withdraw what waits.
//! 4. Done is only who has nothing running; what agents of the agent do is its own business.
//! 5. The same, said twice within a moment (two hooks for one event), is said once.
//! 6. What comes late, because the hub could not be reached, comes in its order: a question is held back for longer, for
//!    its answer may be the next thing that is delivered, and what is older than something known of the session is
//!    passed over.

use std::{collections::HashMap, time::Duration};

use super::{Event, Kind};
use crate::{Note, Outcome};

/// How long a question is held back.
pub const HOLD: Duration = Duration::from_millis(800);

/// How old an event is that comes late.
const LATE: Duration = Duration::from_secs(2);

/// How long a question that comes late is held back: events that were kept are sent one after the other.
const LATE_HOLD: Duration = Duration::from_secs(5);

/// How many sessions are remembered. Of more, the one that was quiet for longest is forgotten.
pub const MAX_SESSIONS: usize = 1024;

/// Within what time the same is the same again.
const REPEAT: Duration = Duration::from_secs(5);

/// Everything that is known of sessions.
#[derive(Debug, Default)]
pub struct Sessions {
    by_key: HashMap<String, Session>,
}

#[derive(Debug, Default)]
struct Session {
    question: Option<Question>,
    /// What it said last, until it is told.
    said: Option<String>,
    /// What was told last, and when.
    told: Option<(Note, Duration)>,
    last_event: Duration,
    /// When the newest event happened, by its sender's clock.
    newest_at_ms: Option<u64>,
}

#[derive(Debug)]
struct Question {
    note: Note,
    /// The agent of the agent that asks.
    subagent: Option<String>,
    call: Option<String>,
    /// When it is to be told; `None`: it has been.
    due: Option<Duration>,
}

impl Question {
    /// Whether this event shows that somebody answered.
    fn is_answered_by(&self, event: &Event) -> bool {
        match &event.kind {
            Kind::Called(call) => {
                self.call.as_ref().is_none_or(|asked| asked == call) && self.subagent == event.subagent
            }
            Kind::Answered => self.subagent == event.subagent,
            Kind::Prompted | Kind::Ended | Kind::Done(_) | Kind::Paused(_) | Kind::Failed { .. } => true,
            _ => false,
        }
    }
}

impl Sessions {
    /// Takes an event in, and says what is to be done now. `now` never goes back.
    pub fn take(&mut self, event: Event, now: Duration) -> Vec<Outcome> {
        let Some(key) = event.key() else { return vec![event.outcome()] };
        let mut outcomes = self.make_room(&key);
        let session = self.by_key.entry(key.clone()).or_default();
        session.last_event = now;
        let is_outdated = event.at_ms.is_some() && event.at_ms < session.newest_at_ms;
        if event.is_late() && is_outdated {
            return outcomes;
        }
        session.newest_at_ms = session.newest_at_ms.max(event.at_ms);
        if session.question.as_ref().is_some_and(|question| question.is_answered_by(&event))
            && let Some(Question { due: None, .. }) = session.question.take()
            && matches!(event.kind, Kind::Called(_) | Kind::Answered)
        {
            // The other kinds withdraw or overtake it anyhow.
            outcomes.push(Outcome::Withdraw(key.clone()));
        }
        match event.kind {
            Kind::Asks { .. } => session.ask(event, now),
            Kind::Prompted => {
                session.said = None;
                // Whatever is open: the hub may have been started again in between.
                outcomes.push(Outcome::Withdraw(key));
            }
            Kind::Ended => {
                self.by_key.remove(&key);
                outcomes.push(Outcome::Withdraw(key));
            }
            Kind::Said(text) => session.said = Some(text),
            Kind::Done(_) | Kind::Paused(_) | Kind::Failed { .. } | Kind::Told(_) => {
                outcomes.extend(session.tell(event, now));
            }
            // It was told that it is done, or what it waits for.
            Kind::Idle(_) if session.told.is_some() || session.question.is_some() => {}
            Kind::Idle(_) => outcomes.extend(session.tell(event, now)),
            Kind::Called(_) | Kind::Answered | Kind::Other => {}
        }
        outcomes
    }

    /// The questions whose time has come.
    pub fn due(&mut self, now: Duration) -> Vec<Outcome> {
        self.ask_those(|due| due <= now)
    }

    /// All questions that are held back, because there will be no later.
    pub fn end(&mut self) -> Vec<Outcome> {
        self.ask_those(|_| true)
    }

    /// When there will be something due, if nothing happens before.
    pub fn next_due(&self) -> Option<Duration> {
        self.by_key.values().filter_map(|session| session.question.as_ref()?.due).min()
    }

    fn ask_those(&mut self, is_due: impl Fn(Duration) -> bool) -> Vec<Outcome> {
        let mut asked: Vec<(Duration, Note)> = Vec::new();
        for session in self.by_key.values_mut() {
            if let Some(question) = &mut session.question
                && let Some(due) = question.due.filter(|due| is_due(*due))
            {
                question.due = None;
                asked.push((due, question.note.clone()));
            }
        }
        asked.sort_by_key(|(due, _)| *due);
        asked.into_iter().map(|(_, note)| note.into()).collect()
    }

    /// Forgets a session if there are too many; what it asks is asked now.
    fn make_room(&mut self, key: &str) -> Vec<Outcome> {
        if self.by_key.len() < MAX_SESSIONS || self.by_key.contains_key(key) {
            return Vec::new();
        }
        let quietest = self.by_key.iter().min_by_key(|(_, session)| session.last_event);
        let quietest = quietest.map(|(key, _)| key.clone());
        let forgotten = quietest.and_then(|key| self.by_key.remove(&key));
        let question =
            forgotten.and_then(|session| session.question).filter(|question| question.due.is_some());
        question.map(|question| question.note.into()).into_iter().collect()
    }
}

impl Session {
    fn ask(&mut self, event: Event, now: Duration) {
        let is_vague = matches!(event.kind, Kind::Asks { is_vague: true, .. });
        if is_vague && self.question.is_some() {
            return;
        }
        let Some(note) = event.note() else { return };
        let patience = if event.is_late() { LATE_HOLD } else { HOLD };
        let Kind::Asks { call, .. } = event.kind else { return };
        // A second question does not put the first one off.
        let held = self.question.as_ref().and_then(|question| question.due);
        let due = Some(held.unwrap_or(now + patience));
        self.question = Some(Question { note, subagent: event.subagent, call, due });
    }

    fn tell(&mut self, mut event: Event, now: Duration) -> Option<Outcome> {
        if let Kind::Done(text @ None) = &mut event.kind {
            *text = self.said.take();
        }
        let note = event.note()?;
        let says = Note { timestamp: None, delivery: None, ..note.clone() };
        let is_repeated =
            self.told.as_ref().is_some_and(|(told, at)| *told == says && now.saturating_sub(*at) <= REPEAT);
        self.told = Some((says, now));
        (!is_repeated).then(|| note.into())
    }
}

impl Event {
    /// Whether it was kept until the hub could be reached.
    fn is_late(&self) -> bool {
        self.age >= LATE
    }
}
