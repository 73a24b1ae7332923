//! The one task that reads the stream and hands it over: what this hub has appended comes back to it here, among what
//! others have.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    backlog::{Backlog, Read},
    broker::{Broker, Info},
    failure::BrokerError,
    message::Message,
    shared::{DEPOSED_FOR, Lost, Shared},
    source::{self, Broken, Incoming, Source},
    state::State,
};
use crate::{
    event_id::{Epoch, Seq},
    log::{Change, Commit},
};

/// The most messages that are taken before they are handed over.
const MAX_TAKEN: usize = 512;

/// How long to wait before what has failed is tried again.
const TRY_AGAIN: Duration = Duration::from_millis(200);

/// How often the next message is asked for by itself.
const ASK_AGAIN: Duration = Duration::from_millis(100);

/// How often a hub that starts reads what was stored while it was reading, before it gives up to have every number explained:
/// each time that is less.
const MAX_ROUNDS: usize = 10;

/// Everything that the stream holds, and where it goes on.
pub(super) struct Loaded {
    pub(super) state: State,
    pub(super) source: Source,
    pub(super) info: Info,
}

/// Why a stream cannot be read from its beginning.
#[derive(Debug, thiserror::Error)]
pub(super) enum LoadError {
    #[error(transparent)]
    Broker(#[from] BrokerError),
    #[error(transparent)]
    Broken(#[from] Broken),
    #[error("the stream was made anew meanwhile")]
    Changed,
}

/// Reads the stream from its beginning. In an empty one it begins the log.
pub(super) async fn load(broker: &Broker, begin: Option<Epoch>) -> Result<Loaded, LoadError> {
    let before = broker.info().await?;
    if before.last == 0 {
        begin_epoch(broker, Epoch::random(), Some(0)).await?;
    } else if let Some(epoch) = begin {
        begin_epoch(broker, epoch, None).await?;
    }
    let mut source = Source::open(broker, 1).await?;
    let mut state = State::default();
    let mut info = broker.info().await?;
    if info.created != before.created {
        return Err(LoadError::Changed);
    }
    read_to(broker, &mut source, &mut state, info.last, &mut None).await?;
    // What was voided while it was read is explained by what was stored until now; and while that is read, the same again.
    let mut missing = None;
    for _ in 0..MAX_ROUNDS {
        info = broker.info().await?;
        let mut newest_gap = Some(0);
        read_to(broker, &mut source, &mut state, info.last, &mut newest_gap).await?;
        missing = newest_gap.filter(|missing| *missing > 0);
        if missing.is_none() {
            break;
        }
    }
    // Not explained yet: nobody resumes over it.
    if let Some(missing) = missing {
        state.resume_after(Seq::new(missing));
    }
    Ok(Loaded { state, source, info })
}

/// Writes that from here on ids carry this name; `after` as for [`Broker::store`].
async fn begin_epoch(broker: &Broker, epoch: Epoch, after: Option<u64>) -> Result<(), BrokerError> {
    let record = Message::Entry { change: Change::Epoch(epoch), published: None }.encode();
    match broker.store(uuid::Uuid::now_v7(), &[record], after).await {
        // Another hub was first.
        Ok(_) | Err(BrokerError::WrongLast) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Reads up to a message. `missing` becomes the last number that was missing, where somebody wants to know.
async fn read_to(
    broker: &Broker,
    source: &mut Source,
    state: &mut State,
    head: u64,
    missing: &mut Option<u64>,
) -> Result<(), LoadError> {
    while state.position() < head {
        let (number, message) = match source.next().await? {
            Incoming::Message(read) => (read.number, read.message),
            // The newest messages may be gone already. Or the broker that sends does not have them yet.
            Incoming::Idle if broker.next_after(state.position()).await?.is_some() => continue,
            Incoming::Idle => (head, None),
        };
        let through = number - u64::from(message.is_some());
        if let Some(missing) = missing
            && through > state.position()
        {
            *missing = through;
        }
        state.fold(number, message, true);
    }
    Ok(())
}

/// Reads on for as long as the log is open.
pub(super) async fn run(shared: Arc<Shared>, source: Source) {
    let mut closing = shared.closing.subscribe();
    tokio::select! {
        () = read_on(&shared, source) => {}
        _ = closing.wait_for(|closing| *closing) => {}
    }
}

async fn read_on(shared: &Shared, mut source: Source) {
    let mut backlog = Backlog::after(shared.held().state.position());
    let mut lost = shared.lost.subscribe();
    let mut ending = Ending::default();
    loop {
        let broken = tokio::select! {
            broken = follow(shared, &mut source, &mut backlog) => broken,
            () = shared.is_behind.notified() => Broken::Silent,
            _ = lost.wait_for(Option::is_some) => Broken::Lost,
        };
        tracing::debug!(reason = %broken, position = backlog.newest(), "reading begins anew");
        source = loop {
            let known = *shared.lost.borrow();
            let after = backlog.newest();
            let opened = match known {
                Some(lost) => reload(shared, lost)
                    .await
                    .inspect(|_| backlog = Backlog::after(shared.held().state.position())),
                None => tokio::select! {
                    (source, end) = open_again(shared, after) => {
                        backlog.extend(ending.see(after, end, Instant::now()));
                        Ok(source)
                    }
                    broken = read_one_by_one(shared, &mut backlog) => Err(broken.into()),
                    _ = lost.wait_for(Option::is_some) => Err(Broken::Lost.into()),
                },
            };
            match opened {
                Ok(source) => break source,
                Err(error) => {
                    tracing::debug!(%error, "the stream cannot be read");
                    tokio::time::sleep(TRY_AGAIN).await;
                }
            }
        };
    }
}

/// The newest messages may be gone: an idempotency key is forgotten after a day. Whoever leads says so; but one that does not
/// know yet that it was deposed says it, too, of what it does not have.
#[derive(Default)]
struct Ending {
    seen: Option<(u64, Instant)>,
}

impl Ending {
    /// Nothing seems to follow this message up to `end`; if that is to be believed, `end`.
    fn see(&mut self, after: u64, end: Option<u64>, now: Instant) -> Option<Read> {
        let Some(number) = end else {
            self.seen = None;
            return None;
        };
        if self.seen.is_none_or(|(seen, _)| seen != after) {
            self.seen = Some((after, now));
        }
        let (_, since) = self.seen?;
        (now - since >= DEPOSED_FOR).then_some(Read { number, part: None, message: None })
    }
}

/// As [`reopen`], until it succeeds.
async fn open_again(shared: &Shared, after: u64) -> (Source, Option<u64>) {
    loop {
        match reopen(shared, after).await {
            Ok(opened) => return opened,
            Err(error) => tracing::debug!(%error, "the stream cannot be followed"),
        }
        tokio::time::sleep(TRY_AGAIN).await;
    }
}

/// Goes on after a message, if the stream is still the same. With the newest message there ever was, where it and all between
/// seem to be gone.
async fn reopen(shared: &Shared, after: u64) -> Result<(Source, Option<u64>), LoadError> {
    let source = Source::open(&shared.broker, after + 1).await?;
    // Asked after it was made: it is of this stream.
    let info = shared.broker.info().await?;
    shared.hears(&info);
    if info.created != shared.held().created {
        shared.lost.send_replace(Some(Lost::OtherStream));
        return Err(LoadError::Changed);
    }
    let has_more = info.last <= after || shared.broker.next_after(after).await?.is_some();
    Ok((source, (!has_more).then_some(info.last)))
}

/// Reads on without a source, for as long as there is none: only the leader of all brokers makes one, and it may be gone
/// while the stream's own is there.
async fn read_one_by_one(shared: &Shared, backlog: &mut Backlog) -> Broken {
    loop {
        tokio::time::sleep(ASK_AGAIN).await;
        let mut taken = Vec::new();
        let mut newest = backlog.newest();
        while taken.len() < MAX_TAKEN
            && let Ok(Some(read)) = source::next_after(&shared.broker, newest).await
        {
            newest = read.number;
            taken.push(read);
        }
        if taken.is_empty() {
            continue;
        }
        // Asked afterwards: they are of this stream.
        let Ok(info) = shared.broker.info().await else { continue };
        shared.hears(&info);
        if info.created != shared.held().created {
            shared.lost.send_replace(Some(Lost::OtherStream));
            return Broken::Lost;
        }
        let is_coming = taken.len() == MAX_TAKEN;
        for read in taken {
            backlog.push(read);
        }
        if let Err(broken) = deliver(shared, backlog, is_coming).await {
            return broken;
        }
    }
}

/// Reads everything anew, and hands it over in the place of what was handed over before.
async fn reload(shared: &Shared, lost: Lost) -> Result<Source, LoadError> {
    let known = shared.held().state.epoch();
    let mut loaded = load(&shared.broker, None).await?;
    // Ids that were given out for what is lost must mean nothing from now on.
    if lost != Lost::Missed && loaded.state.epoch() == known {
        loaded = load(&shared.broker, Some(Epoch::random())).await?;
    }
    tracing::warn!(?lost, last = loaded.info.last, "the log is read anew, and every stream begins anew");
    let stored = {
        let mut held = shared.held();
        held.state = loaded.state;
        held.created.clone_from(&loaded.info.created);
        if let Some(attempt) = &mut held.trial {
            attempt.trial.forget();
        }
        held.state.stored()
    };
    shared.replica.load(stored);
    shared.has_reached(shared.held().state.position());
    shared.lost.send_replace(None);
    shared.hears(&loaded.info);
    Ok(loaded.source)
}

async fn follow(shared: &Shared, source: &mut Source, backlog: &mut Backlog) -> Broken {
    loop {
        let mut incoming = match source.next().await {
            Ok(incoming) => Some(incoming),
            Err(broken) => return broken,
        };
        let mut is_coming = true;
        let mut taken = 0;
        while let Some(one) = incoming.take() {
            match one {
                // It may have been asked for by itself.
                Incoming::Message(read) if read.number <= backlog.newest() => {}
                Incoming::Message(read) => {
                    backlog.push(read);
                    is_coming = true;
                }
                Incoming::Idle => is_coming = false,
            }
            taken += 1;
            if taken < MAX_TAKEN {
                incoming = match source.next_at_once().await {
                    Ok(incoming) => incoming,
                    Err(broken) => return broken,
                };
            }
        }
        if is_coming {
            shared.hears_something();
        }
        if let Err(broken) = deliver(shared, backlog, is_coming).await {
            return broken;
        }
    }
}

/// Hands over what can be; whether more `is_coming`, as for [`Backlog::take`].
async fn deliver(shared: &Shared, backlog: &mut Backlog, is_coming: bool) -> Result<(), Broken> {
    if backlog.has_question() {
        // Without an answer it is asked again, at the next heartbeat at the latest.
        if let Ok(info) = shared.broker.info().await {
            shared.hears(&info);
            backlog.answer(info.last);
        }
    }
    let point = shared.held().state.oldest_resume_point();
    let taken = backlog.take(point.get(), is_coming);
    if taken.is_lost {
        shared.lost.send_replace(Some(Lost::Missed));
        return Err(Broken::Lost);
    }
    hand_over(shared, taken.messages);
    Ok(())
}

fn hand_over(shared: &Shared, messages: Vec<Read>) {
    if messages.is_empty() {
        return;
    }
    let mut commits = Vec::new();
    let mut commit = Commit::default();
    let (position, has_moved) = {
        let mut held = shared.held();
        let before = held.state.oldest_resume_point();
        for Read { number, part, message } in messages {
            let is_own = part.is_some_and(|part| shared.is_own(part.append));
            if let Some(attempt) = &mut held.trial {
                attempt.trial.see(number, part);
                if is_own && commit.commands == 0 {
                    commit.commands = attempt.commands;
                    commit.took = attempt.accepted.elapsed();
                    commit.accepted = vec![attempt.accepted];
                }
            }
            let folded = held.state.fold(number, message, is_own);
            commit.entries.extend(folded.entry);
            if !folded.dropped.is_empty() {
                // What is dropped belongs to what came before it, not to what follows.
                commit.dropped = folded.dropped;
                commit.oldest_resume_point = held.state.oldest_resume_point();
                commits.push(std::mem::take(&mut commit));
            }
        }
        commit.oldest_resume_point = held.state.oldest_resume_point();
        let has_moved = before < held.state.oldest_resume_point();
        (held.state.position(), has_moved)
    };
    if !commit.entries.is_empty() || has_moved && commits.is_empty() {
        commits.push(commit);
    }
    for commit in commits {
        shared.replica.apply(commit);
    }
    shared.has_reached(position);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn that_the_newest_messages_are_gone_is_believed_when_it_was_said_for_long() {
        let mut ending = Ending::default();
        let start = Instant::now();
        let mut see = |after, end, seconds| {
            let read = ending.see(after, end, start + Duration::from_secs(seconds));
            read.map(|read| read.number)
        };
        assert_eq!(see(5, Some(9), 0), None);
        assert_eq!(see(5, Some(9), 11), None);
        // There was something after all, or something was read meanwhile.
        assert_eq!(see(5, None, 12), None);
        assert_eq!(see(5, Some(9), 13), None);
        assert_eq!(see(6, Some(9), 25), None);
        assert_eq!(see(6, Some(10), 37), Some(10));
    }
}
