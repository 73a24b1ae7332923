//! The one task that appends. It decides by what was read, and asks the broker to store that after the newest message that
//! was read: if another hub was faster, the broker refuses, and it decides anew. So all hubs together decide one after
//! the other, as one would. Everything that waits is stored in one step.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::{mpsc, oneshot};

use super::{
    failure::BrokerError,
    message::Record,
    shared::{Attempt, Shared},
    state::Plan,
    trial::{Fate, Trial},
};
use crate::{
    clock,
    event_id::Seq,
    log::{AppendError, Appended, Command},
};

/// How long one who appends waits.
pub(super) const APPEND_TIMEOUT: Duration = Duration::from_secs(15);

/// The most appends that wait; more are refused at once.
pub(super) const MAX_WAITING: usize = 4096;

/// How long an append may take before the hub says that it stores nothing.
const STUCK_AFTER: Duration = Duration::from_secs(10);

/// How long the reader may take to find what has overtaken an append, before that is tried again.
const OVERTAKEN_WAIT: Duration = Duration::from_secs(1);

const TRY_AGAIN: Duration = Duration::from_millis(100);

/// How long an answer may come after what was stored in its place has been read.
const ANSWER_WAIT: Duration = Duration::from_secs(1);

/// How long a hub that stops goes on with what it has begun.
const STOPPING_TIMEOUT: Duration = Duration::from_secs(3);

/// An append that waits for its turn.
pub(super) struct Request {
    pub(super) command: Command,
    pub(super) accepted: Instant,
    pub(super) stage: Arc<Stage>,
    pub(super) answer: oneshot::Sender<Result<Appended, AppendError>>,
}

/// Whether an append has begun: from then on it may be stored. It either begins or is given up, never both.
#[derive(Default)]
pub(super) struct Stage(AtomicU8);

const WAITING: u8 = 0;
const BEGUN: u8 = 1;
const GIVEN_UP: u8 = 2;

impl Stage {
    fn move_on(&self, from: u8, to: u8) -> bool {
        self.0.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// Whoever waits goes away; `false`: it has begun.
    pub(super) fn give_up(&self) -> bool {
        self.move_on(WAITING, GIVEN_UP)
    }
}

/// What became of an append.
enum Outcome {
    Stored,
    /// It is not stored, and can be decided anew.
    Overtaken,
    /// Nobody can tell.
    Unknown(String),
    /// It is not stored, and there is no use in trying again.
    Refused(String),
}

/// Appends what comes, until nothing comes any more.
pub(super) async fn run(shared: Arc<Shared>, mut incoming: mpsc::Receiver<Request>) {
    let mut waiting = VecDeque::new();
    loop {
        if waiting.is_empty() {
            match incoming.recv().await {
                Some(request) => waiting.push_back(request),
                None => return,
            }
        }
        while waiting.len() < MAX_WAITING
            && let Ok(request) = incoming.try_recv()
        {
            waiting.push_back(request);
        }
        waiting.retain(|request| {
            !request.answer.is_closed() && request.stage.0.load(Ordering::Acquire) == WAITING
        });
        if waiting.is_empty() {
            continue;
        }
        if *shared.stopping.borrow() {
            waiting.drain(..).for_each(|request| answer(request, Err(AppendError::Closed)));
            continue;
        }
        let plan = plan(&shared, &waiting);
        if plan.messages.is_empty() {
            answer_what_changes_nothing(&shared, &mut waiting, plan).await;
            continue;
        }
        let begun: Vec<_> = waiting.drain(..plan.outcomes.len()).collect();
        if !begun.iter().all(|request| request.stage.move_on(WAITING, BEGUN)) {
            // One has been given up in this moment: without it something else may come of the others.
            put_back(&mut waiting, begun);
            continue;
        }
        let Plan { after, messages, outcomes, .. } = plan;
        let records: Vec<_> = messages.iter().map(super::message::Message::encode).collect();
        let accepted = begun.first().map_or_else(Instant::now, |request| request.accepted);
        match settle(&shared, after, &records, accepted, begun.len()).await {
            Outcome::Stored => {
                for (request, outcome) in begun.into_iter().zip(outcomes) {
                    answer(request, outcome);
                }
            }
            Outcome::Overtaken => put_back(&mut waiting, begun),
            Outcome::Refused(reason) => {
                for request in begun {
                    answer(request, Err(AppendError::Rejected(reason.clone())));
                }
                if outcomes.is_empty() {
                    tokio::time::sleep(TRY_AGAIN).await;
                }
            }
            Outcome::Unknown(reason) => {
                // With a key it shows whether it is stored; and everything else can be carried out twice.
                let is_unclear =
                    |request: &Request| matches!(request.command, Command::Publish { idempotency: None, .. });
                let (unclear, again): (Vec<_>, Vec<_>) = begun.into_iter().partition(is_unclear);
                for request in unclear {
                    answer(request, Err(AppendError::Unknown(reason.clone())));
                }
                put_back(&mut waiting, again);
            }
        }
    }
}

fn plan(shared: &Shared, waiting: &VecDeque<Request>) -> Plan {
    let commands = waiting.iter().map(|request| &request.command);
    shared.held().state.plan(commands, &shared.retention, clock::now())
}

fn answer(request: Request, outcome: Result<Appended, AppendError>) {
    // Whoever asked may have gone; what it appended stays.
    let _ = request.answer.send(outcome);
}

/// To be decided anew. Those that nobody waits for any more were told that they may be stored.
fn put_back(waiting: &mut VecDeque<Request>, begun: Vec<Request>) {
    for request in begun.into_iter().rev() {
        request.stage.move_on(BEGUN, WAITING);
        waiting.push_front(request);
    }
}

/// Nothing is to be stored: that is so if this hub has read what all others have stored. What came of a key that was used
/// before is so in any case.
async fn answer_what_changes_nothing(shared: &Shared, waiting: &mut VecDeque<Request>, plan: Plan) {
    let is_certain = |outcome: &Result<Appended, AppendError>| match outcome {
        Ok(appended) => appended.replayed,
        Err(_) => true,
    };
    let retains =
        waiting.iter().take(plan.outcomes.len()).all(|request| matches!(request.command, Command::Retain));
    if !retains && !plan.outcomes.iter().all(is_certain) {
        let caught_up = shared.catch_up(Seq::START).await;
        if caught_up.is_err() {
            tokio::time::sleep(TRY_AGAIN).await;
            return;
        }
        if shared.held().state.position() != plan.after {
            return;
        }
    }
    for outcome in plan.outcomes {
        if let Some(request) = waiting.pop_front() {
            answer(request, outcome);
        }
    }
}

/// Has messages stored after a message, and finds out whether they are. As long as nobody can tell, the same is asked for
/// again: it cannot be stored twice, for there is one place for it.
async fn settle(
    shared: &Shared,
    after: u64,
    records: &[Record],
    accepted: Instant,
    commands: usize,
) -> Outcome {
    let append = shared.next_append();
    shared.held().trial = Some(Attempt { trial: Trial::new(append, after), accepted, commands });
    let mut store = std::pin::pin!(store(shared, append, after, records));
    let outcome = tokio::select! {
        outcome = &mut store => outcome,
        fate = shared.fate() => match fate {
            Fate::Stored(_) => Outcome::Stored,
            Fate::Overtaken => Outcome::Overtaken,
            // The answer may be on its way.
            Fate::Unknown => tokio::time::timeout(ANSWER_WAIT, store).await.unwrap_or_else(|_| {
                Outcome::Unknown("what was stored in its place has been voided since".into())
            }),
        },
        () = stopping(shared) => Outcome::Unknown("the hub stopped meanwhile".into()),
    };
    shared.held().trial = None;
    shared.is_stuck(None);
    outcome
}

/// Asks for it until there is an answer. That it is stored shows where it is read.
async fn store(shared: &Shared, append: uuid::Uuid, after: u64, records: &[Record]) -> Outcome {
    let started = Instant::now();
    let mut may_be_stored = false;
    loop {
        match shared.broker.store(append, records, Some(after)).await {
            Ok(last) => {
                shared.hears_something();
                let mut position = shared.position();
                let _ = position.wait_for(|position| *position >= last).await;
                return Outcome::Stored;
            }
            Err(BrokerError::WrongLast) if !may_be_stored => {
                let mut position = shared.position();
                let reached = position.wait_for(|position| *position > after);
                // If it is nothing that can be read yet, the same is decided again.
                let _ = tokio::time::timeout(OVERTAKEN_WAIT, reached).await;
                return Outcome::Overtaken;
            }
            // The reader will find out whose it is.
            Err(BrokerError::WrongLast) => {}
            Err(BrokerError::NoSpace(reason)) if !may_be_stored => return Outcome::Refused(reason),
            Err(error @ BrokerError::Forbidden(_)) if !may_be_stored => {
                return Outcome::Refused(error.to_string());
            }
            Err(BrokerError::NobodyThere) if !may_be_stored && shared.knows_it_is_gone() => {
                return Outcome::Refused(BrokerError::NoStream.to_string());
            }
            Err(error) => {
                may_be_stored |= matches!(error, BrokerError::NoAnswer(_));
                tracing::debug!(%error, after, "an append is tried again");
                if started.elapsed() >= STUCK_AFTER {
                    shared.is_stuck(Some(&format!("{error}; it is tried again")));
                }
            }
        }
        tokio::time::sleep(TRY_AGAIN).await;
    }
}

async fn stopping(shared: &Shared) {
    let mut stopping = shared.stopping.subscribe();
    let _ = stopping.wait_for(|stopping| *stopping).await;
    tokio::time::sleep(STOPPING_TIMEOUT).await;
}
