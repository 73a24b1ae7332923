//! What other programs send, mapped: whatever it is, what is made of it is a notification that the hub takes as it is.

use std::time::Duration;

use notifyhub_adapters::{
    Dialect, Foreign, Note, Outcome,
    agents::{Agent, Sessions},
};
use notifyhub_server::notification::NewNotification;
use serde_json::Value;

use crate::foreign::{read, split};

/// One request, as [`read`] reads it, in the format that its name says. Another name is any of them, or none: then the
/// request is to be recognised.
pub fn adapters(data: &[u8]) {
    let (name, request) = read(data);
    let dialect = Dialect::from_name(&name).or_else(|| {
        let formats = Dialect::NAMES.into_iter().map(|(_, dialect)| dialect);
        let mut dialects = formats.chain(Agent::ALL.into_iter().map(Dialect::Agent));
        dialects.nth(usize::from(*data.first()?) % 32)
    });
    if let Ok(outcome) = dialect.unwrap_or_else(|| Dialect::recognise(&request)).map(&request) {
        assert_fits(outcome);
    }
}

/// A session's events, a line each: the agent, the milliseconds since the event before, the event.
pub fn agent_sessions(data: &[u8]) {
    let mut sessions = Sessions::default();
    let mut now = Duration::ZERO;
    let (mut taken, mut told) = (0, 0);
    for line in data.split(|byte| *byte == b'\n') {
        let (agent, rest) = split(line, b' ');
        let (wait, event) = split(rest, b' ');
        let agent = str::from_utf8(agent).ok().and_then(Agent::from_name).unwrap_or(Agent::ClaudeCode);
        now += Duration::from_millis(
            str::from_utf8(wait).ok().and_then(|wait| wait.parse::<u32>().ok()).unwrap_or(0).into(),
        );
        let mut outcomes = sessions.due(now);
        if let Ok(event) = agent.read(&Foreign::of_json(event)) {
            taken += 1;
            outcomes.extend(sessions.take(event, now));
        }
        assert!(sessions.next_due().is_none_or(|due| due > now));
        told += count_posts(&outcomes);
        outcomes.into_iter().for_each(assert_fits);
    }
    let outcomes = sessions.end();
    told += count_posts(&outcomes);
    outcomes.into_iter().for_each(assert_fits);
    assert_eq!(sessions.next_due(), None);
    assert!(told <= taken, "{told} of {taken}: an event is told once at most");
}

fn count_posts(outcomes: &[Outcome]) -> usize {
    outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Post(_))).count()
}

/// The hub takes it, and keeps each field as it is.
fn assert_fits(outcome: Outcome) {
    let note = match outcome {
        Outcome::Post(note) => *note,
        Outcome::Withdraw(key) | Outcome::Remove(key) => {
            Note { message: "x".into(), key: Some(key), ..Note::default() }
        }
        Outcome::Nothing => return,
    };
    let made = serde_json::to_value(&note).unwrap();
    let draft = NewNotification::from(note).check().unwrap_or_else(|error| panic!("{error}: {made}"));
    let stored =
        serde_json::to_value(draft.notification(uuid::Uuid::nil(), chrono::DateTime::UNIX_EPOCH)).unwrap();
    let is_kept = |(name, value): (&String, &Value)| assert_eq!(&stored[name], value, "{name}");
    made.as_object().unwrap().iter().for_each(is_kept);
}
