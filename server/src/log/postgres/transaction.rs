//! One transaction: the lock, what other hubs have stored, what the commands change, and the commit. Two round trips.

use std::{collections::HashMap, sync::Arc, time::Instant};

use uuid::Uuid;

use super::{
    failure::Failure,
    follower::Follower,
    link::Link,
    rows::{Changes, State},
    session::{Session, Write},
};
use crate::{
    clock,
    event_id::Epoch,
    log::{
        AppendError, Appended, Change, Command, Commit, Entry, IdempotencyKey,
        idempotency::FirstUse,
        index::{Plan, Step},
    },
};

/// What those who appended are told.
pub(super) type Outcome = Result<Appended, AppendError>;

/// Carries out commands in one transaction: all of it is stored, or nothing. With an error comes what the outcomes are if it
/// turns out to be stored all the same.
pub(super) async fn carry_out(
    follower: &mut Follower,
    session: &Session,
    link: &Arc<Link>,
    commands: &[(&Command, Instant)],
    signature: (Uuid, i64),
) -> Result<Vec<Outcome>, (Vec<Outcome>, Failure)> {
    let nothing = |failure| (Vec::new(), failure);
    let began = Instant::now();
    let number = link.looks();
    let named: Vec<_> = commands.iter().filter_map(|(command, _)| key_of(command)).collect();
    let mut seen = session.lock(follower.head(), &named, None).await.map_err(nothing)?;
    let mut keys: HashMap<String, FirstUse> = std::mem::take(&mut seen.keys).into_iter().collect();
    // Whatever becomes of this transaction, what others have stored stays.
    follower.follow(session, seen).await.map_err(nothing)?;
    link.has_looked(number);
    let Some(before) = follower.state().cloned() else {
        return Err(nothing(Failure::Lost("the log was not read yet".into())));
    };

    let now = clock::now();
    let index = &mut follower.index;
    index.begin();
    let mut steps = Vec::new();
    let mut changes = Changes::default();
    let mut remembered = Vec::new();
    let mut outcomes = Vec::with_capacity(commands.len());
    let mut commit = Commit { commands: commands.len(), ..Commit::default() };
    for (command, accepted) in commands {
        let key = key_of(command);
        if let (Some(key), Command::Publish { draft, .. }) = (key, command)
            && let Some(first) = keys.get(&key.key).filter(|first| first.is_remembered(now))
        {
            let answer = if first.is_for(key) {
                Ok(index.first_answer(draft, first))
            } else {
                Err(AppendError::KeyReused)
            };
            outcomes.push(answer);
            continue;
        }
        let Plan { steps: planned, appended } = index.carry_out(command, now);
        if let (Some(key), Some(notification)) = (key, &appended.notification) {
            let id = notification.notification.id;
            let first = FirstUse { fingerprint: Some(key.fingerprint), id, time_ms: now.timestamp_millis() };
            keys.insert(key.key.clone(), first);
            remembered.push((key, id));
        }
        for step in &planned {
            changes.add(step);
        }
        steps.extend(planned);
        commit.accepted.resize(steps.len(), *accepted);
        outcomes.push(Ok(appended));
    }
    commit.dropped = index.retain(&before.retention, now);
    let positions = index.positions();
    changes.drop(&commit.dropped, positions.oldest_resume_point);
    let has_moved = positions.oldest_resume_point != before.oldest_resume_point;
    // An empty transaction is a probe whether anything is stored.
    if steps.is_empty() && commit.dropped.is_empty() && !has_moved && !commands.is_empty() {
        index.commit();
        return match session.roll_back().await {
            Ok(()) => Ok(outcomes),
            Err(failure) => Err(nothing(failure)),
        };
    }
    let dropped_through = commit.dropped.iter().map(|dropped| dropped.id).max();
    let state = State {
        head: positions.head,
        newest_id: index.newest_id(),
        oldest_resume_point: positions.oldest_resume_point,
        drops: before.drops + i64::from(dropped_through.is_some()),
        dropped_through: before.dropped_through.max(dropped_through.unwrap_or_default()),
        ..before.clone()
    };
    let stored = session
        .commit(Write {
            changes,
            keys: remembered,
            time_ms: now.timestamp_millis(),
            state: &state,
            point_before: before.oldest_resume_point,
            signature,
        })
        .await;
    match stored {
        Ok(()) => {
            index.commit();
            commit.took = began.elapsed();
            follower.hand_over(steps, commit, state);
            Ok(outcomes)
        }
        Err(failure) => {
            index.roll_back();
            Err((outcomes, failure))
        }
    }
}

/// Begins a new epoch, as the next entry, in the transaction that the session has begun.
pub(super) async fn begin_epoch(
    session: &Session,
    before: State,
    signature: (Uuid, i64),
) -> Result<(), Failure> {
    let (epoch, seq) = (Epoch::random(), before.head.next());
    let mut changes = Changes::default();
    let entry = Entry { seq, change: Change::Epoch(epoch) };
    changes.add(&Step { entry, voids: None, published: seq });
    let point_before = before.oldest_resume_point;
    let incarnation = session.incarnation.clone();
    let state = State { head: seq, epoch_seq: seq, epoch: Some(epoch), incarnation, ..before };
    let (keys, time_ms) = (Vec::new(), 0);
    session.commit(Write { changes, keys, time_ms, state: &state, point_before, signature }).await
}

/// Commits the transaction that the session has begun with nothing in it: an answer means that all before it is as safe as the
/// server has been told to make it.
pub(super) async fn confirm(session: &Session, state: &State, signature: (Uuid, i64)) -> Result<(), Failure> {
    let (changes, keys, time_ms) = (Changes::default(), Vec::new(), 0);
    let point_before = state.oldest_resume_point;
    session.commit(Write { changes, keys, time_ms, state, point_before, signature }).await
}

fn key_of(command: &Command) -> Option<&IdempotencyKey> {
    match command {
        Command::Publish { idempotency, .. } => idempotency.as_ref(),
        _ => None,
    }
}
