//! The task that does the work: it carries out commands, follows what other hubs store, and finds the database again where
//! the connection was lost. It alone knows what the log holds, and hands it over in order.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, atomic::Ordering},
    time::{Duration, Instant},
};

use tokio::sync::{mpsc, oneshot};
use tokio_postgres_rustls::MakeRustlsConnect;
use uuid::Uuid;

use super::{
    address::Address,
    failure::{Failure, OpenError},
    follower::Follower,
    link::Link,
    session::{Seen, Session},
    transaction::{self, Outcome},
};
use crate::{
    clock,
    event_id::Seq,
    log::{
        AppendError, Command, Condition, IDEMPOTENCY_PERIOD, MAX_IDEMPOTENCY_KEYS, MAX_SILENCE, Replica,
        Retention, window::Window,
    },
};

/// How often the database is asked whether there is something new, whatever it has told.
const POLL: Duration = Duration::from_secs(1);

/// The most commands of one transaction.
const MAX_BATCH: usize = 512;

/// How often old keys are forgotten and the size is asked for.
const HOUSEKEEPING: Duration = Duration::from_secs(5);

/// The pauses between two attempts to connect.
const PAUSE: Duration = Duration::from_millis(50);
const MAX_PAUSE: Duration = Duration::from_secs(1);

/// A command that waits to be carried out.
pub(super) struct Request {
    pub(super) command: Command,
    pub(super) accepted: Instant,
    pub(super) answer: oneshot::Sender<Outcome>,
}

/// A transaction whose connection broke while it was committed.
struct Unsettled {
    requests: Vec<Request>,
    /// What they are told if it is stored.
    outcomes: Vec<Outcome>,
    number: i64,
}

/// See the module.
pub(super) struct Engine {
    address: Address,
    connector: MakeRustlsConnect,
    link: Arc<Link>,
    /// The limits this hub was started with: those of the log are others', if it was there before.
    retention: Retention,
    follower: Follower,
    session: Option<Session>,
    /// The newest that was seen: how often a standby was promoted.
    timeline: i32,
    /// This run of this hub, and the number of its newest transaction.
    hub: Uuid,
    batch: i64,
    waiting: VecDeque<Request>,
    unsettled: Option<Unsettled>,
    kept_house: Instant,
}

impl Engine {
    /// Connects, and hands the replica what the log holds.
    pub(super) async fn open(
        address: Address,
        connector: MakeRustlsConnect,
        link: Arc<Link>,
        retention: Retention,
        replica: Arc<dyn Replica>,
    ) -> Result<Self, OpenError> {
        let mut engine = Engine {
            address,
            connector,
            link,
            retention,
            follower: Follower::new(replica),
            session: None,
            timeline: 0,
            hub: Uuid::now_v7(),
            batch: 0,
            waiting: VecDeque::new(),
            unsettled: None,
            kept_house: Instant::now(),
        };
        engine.connect().await?;
        let kept = engine.follower.retention();
        if [kept.max_notifications.get(), kept.max_entries]
            != [retention.max_notifications.get(), retention.max_entries]
            || kept.max_age != retention.max_age
        {
            tracing::warn!(
                max_notifications = kept.max_notifications,
                max_age = ?kept.max_age,
                "the log has other limits than this hub was started with; one retention counts for all hubs: the log's"
            );
        }
        Ok(engine)
    }

    /// What can be read.
    pub(super) fn window(&self) -> Arc<Mutex<Window>> {
        self.follower.window()
    }

    /// Works until nobody can ask for anything any more.
    pub(super) async fn run(mut self, mut requests: mpsc::Receiver<Request>) {
        let mut poll = tokio::time::interval(POLL);
        poll.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let Some(session) = self.session.take() else {
                if self.find_again(&mut requests).await {
                    continue;
                }
                break;
            };
            let mut batch: Vec<Request> = self.waiting.drain(..self.waiting.len().min(MAX_BATCH)).collect();
            if batch.is_empty() {
                let link = Arc::clone(&self.link);
                tokio::select! {
                    count = requests.recv_many(&mut batch, MAX_BATCH) => {
                        if count == 0 {
                            break;
                        }
                    }
                    () = link.hint.notified() => {}
                    _ = poll.tick() => {}
                }
            }
            // Nobody is told of what nobody waits for.
            batch.retain(|request| !request.answer.is_closed());
            // A log that was refused tries by itself whether it is taken again.
            let probes = matches!(*self.link.condition.borrow(), Condition::Degraded(_));
            let done = if batch.is_empty() && !probes {
                self.follow(&session).await
            } else {
                self.carry_out(&session, batch).await
            };
            match done {
                Ok(()) => {
                    self.keep_house(&session).await;
                    self.session = Some(session);
                }
                Err(reason) => {
                    let place = &self.address.place;
                    tracing::warn!(place, reason, "the connection to the log was lost; it is looked for");
                }
            }
        }
        self.refuse_all(&|| AppendError::Closed, "the hub stopped meanwhile");
    }

    /// Carries out commands in one transaction, and answers them. An error: the connection is of no use any more.
    async fn carry_out(&mut self, session: &Session, requests: Vec<Request>) -> Result<(), String> {
        self.batch += 1;
        let signature = (self.hub, self.batch);
        let commands: Vec<_> = requests.iter().map(|request| (&request.command, request.accepted)).collect();
        let link = Arc::clone(&self.link);
        let (outcomes, failure) =
            match transaction::carry_out(&mut self.follower, session, &link, &commands, signature).await {
                Ok(outcomes) => (outcomes, None),
                Err((outcomes, failure)) => (outcomes, Some(failure)),
            };
        match failure {
            None => {
                self.link.set_condition(Condition::Ready);
                answer(requests, outcomes);
                Ok(())
            }
            Some(Failure::Refused(reason)) => {
                self.link.set_condition(Condition::Degraded(reason.as_str().into()));
                for request in requests {
                    let _ = request.answer.send(Err(AppendError::Rejected(reason.clone())));
                }
                session.roll_back().await.map_err(|_| reason)
            }
            Some(Failure::Lost(reason)) => {
                self.wait_again(requests);
                Err(reason)
            }
            Some(Failure::Unsettled(reason)) => {
                let number = self.batch;
                self.unsettled = Some(Unsettled { requests, outcomes, number });
                Err(reason)
            }
        }
    }

    /// Takes in what other hubs have stored.
    async fn follow(&mut self, session: &Session) -> Result<(), String> {
        if session.is_closed() {
            return Err("the server has closed it".into());
        }
        let number = self.link.looks();
        let seen = session.look(Some(self.follower.head())).await;
        let followed = match seen {
            Ok(seen) => self.follower.follow(session, seen).await,
            Err(failure) => Err(failure),
        };
        match followed {
            Ok(()) => session.roll_back().await.map_err(reason_of)?,
            Err(failure) => return Err(reason_of(failure)),
        }
        self.link.has_looked(number);
        Ok(())
    }

    /// Looks for the database until it is found; `false`: nobody needs it any more.
    async fn find_again(&mut self, requests: &mut mpsc::Receiver<Request>) -> bool {
        let mut pause = PAUSE;
        let mut is_told = false;
        loop {
            let Err(error) = self.connect().await else {
                tracing::info!(place = self.address.place, "the log was found again");
                self.link.set_condition(Condition::Ready);
                return true;
            };
            if !std::mem::replace(&mut is_told, true) {
                tracing::warn!(place = self.address.place, %error, "the log is not to be had yet");
            }
            while let Ok(request) = requests.try_recv() {
                self.waiting.push_back(request);
            }
            if requests.is_closed() {
                return false;
            }
            if self.link.silence() >= MAX_SILENCE {
                let reason = format!("{}: {error}", self.address.place);
                self.link.set_condition(Condition::Degraded(reason.as_str().into()));
                self.refuse_all(&|| AppendError::Unavailable { reason: reason.clone() }, &reason);
            }
            // Not all hubs in the same instant.
            tokio::time::sleep(pause.mul_f64(0.5 + fastrand::f64())).await;
            pause = (pause * 2).min(MAX_PAUSE);
        }
    }

    /// Connects; hands over what was stored meanwhile or, where that is not what follows, everything anew; and finds out
    /// what became of a transaction whose connection broke.
    async fn connect(&mut self) -> Result<(), OpenError> {
        let link = Arc::clone(&self.link);
        let session =
            Session::open(&self.address, &self.connector, &self.retention, &link, self.timeline).await?;
        let failed = |failure: Failure| OpenError::Log(reason_of(failure));
        // Behind a transaction of ours that still waits for standby servers this waits too: once the lock is held, that one
        // is stored or never will be.
        let position = if self.follower.is_loaded() { self.follower.head() } else { Seq::new(u64::MAX) };
        let seen = session.lock(position, &[], Some(self.hub)).await.map_err(failed)?;
        let differs = self.follower.differs(&seen);
        let is_stored = self.unsettled.as_ref().is_some_and(|unsettled| seen.batch == Some(unsettled.number));
        self.settle(&session, seen, differs.as_deref(), is_stored).await.map_err(failed)?;
        let number = self.link.looks();
        let after = if differs.is_none() { Some(self.follower.head()) } else { None };
        let seen = session.look(after).await.map_err(failed)?;
        match after {
            Some(_) => {
                self.follower.follow(&session, seen).await.map_err(failed)?;
                session.roll_back().await.map_err(failed)?;
            }
            None => {
                session.roll_back().await.map_err(failed)?;
                self.follower.load(seen);
            }
        }
        self.link.has_looked(number);
        self.timeline = self.timeline.max(session.timeline());
        if let Some(Unsettled { requests, outcomes, .. }) = self.unsettled.take() {
            if is_stored {
                answer(requests, outcomes);
            } else {
                self.wait_again(requests);
            }
        }
        self.session = Some(session);
        Ok(())
    }

    /// Begins a new epoch where numbers may have been given out that this history of the database does not know of. Ends the
    /// transaction, with a commit where one of ours was found that was cut off: it may be on this server only, and is on the
    /// standby servers that are to have it once a later one is.
    async fn settle(
        &mut self,
        session: &Session,
        seen: Seen,
        differs: Option<&str>,
        is_stored: bool,
    ) -> Result<(), Failure> {
        let is_known = seen.state.incarnation == session.incarnation;
        if let Some(reason) = differs.filter(|_| self.follower.is_loaded()) {
            tracing::error!(reason, "the log is read anew, and every subscriber is told");
        }
        // The number stays what it was: it is looked at again if this fails.
        let signature = (self.hub, seen.batch.unwrap_or(0));
        let begins_epoch = !is_known || (seen.state.head < self.follower.head() && differs.is_some());
        if begins_epoch {
            transaction::begin_epoch(session, seen.state, signature).await
        } else if is_stored {
            transaction::confirm(session, &seen.state, signature).await
        } else {
            session.roll_back().await
        }
    }

    async fn keep_house(&mut self, session: &Session) {
        if self.kept_house.elapsed() < HOUSEKEEPING {
            return;
        }
        self.kept_house = Instant::now();
        let period_ms = i64::try_from(IDEMPOTENCY_PERIOD.as_millis()).unwrap_or(i64::MAX);
        let oldest_ms = clock::now().timestamp_millis().saturating_sub(period_ms);
        let max_keys = i64::try_from(MAX_IDEMPOTENCY_KEYS).unwrap_or(i64::MAX);
        let kept = tokio::time::timeout(HOUSEKEEPING, session.keep_house(max_keys, oldest_ms)).await;
        if let Ok(Ok(bytes)) = kept {
            self.link.database_bytes.store(bytes, Ordering::Relaxed);
        }
        // Where it fails the next transaction does too, and says why.
    }

    /// Has commands carried out anew: nothing of them is stored.
    fn wait_again(&mut self, requests: Vec<Request>) {
        for request in requests.into_iter().rev() {
            self.waiting.push_front(request);
        }
    }

    fn refuse_all(&mut self, why: &dyn Fn() -> AppendError, unknown: &str) {
        for request in self.waiting.drain(..) {
            let _ = request.answer.send(Err(why()));
        }
        for request in self.unsettled.take().into_iter().flat_map(|unsettled| unsettled.requests) {
            let _ = request.answer.send(Err(AppendError::Unknown(unknown.into())));
        }
    }
}

fn answer(requests: Vec<Request>, outcomes: Vec<Outcome>) {
    for (request, outcome) in requests.into_iter().zip(outcomes) {
        // Whoever posted may have gone.
        let _ = request.answer.send(outcome);
    }
}

fn reason_of(failure: Failure) -> String {
    match failure {
        Failure::Refused(reason) | Failure::Lost(reason) | Failure::Unsettled(reason) => reason,
    }
}
