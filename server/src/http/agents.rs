//! The sessions of coding agents. One task takes their events in, in order, and tells what is to be told: at once, or,
//! of a question, when nobody has answered it for a moment.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use notifyhub_adapters::{
    Outcome,
    agents::{Event, Sessions},
};
use tokio::sync::{mpsc, oneshot};

use super::{error::ApiError, outcome::carry_out};
use crate::{clock, feed::Feed, shutdown::Shutdown};

/// How many events may wait; more are asked to come back.
const WAITING_EVENTS: usize = 256;

/// How many deliveries are remembered, so that the same event is understood once.
const REMEMBERED_DELIVERIES: usize = 1024;

/// An event, and who waits for what came of it.
type Waiting = (Event, oneshot::Sender<Result<(), ApiError>>);

/// Takes events in.
#[derive(Clone, Debug)]
pub struct Agents(mpsc::Sender<Waiting>);

/// The sessions, and what has to run for them to be told. It ends with the hub, after it has told what it held back.
pub fn start(feed: Arc<Feed>, shutdown: Shutdown) -> (Agents, impl Future<Output = ()>) {
    let (sender, receiver) = mpsc::channel(WAITING_EVENTS);
    (Agents(sender), run(feed, receiver, shutdown))
}

impl Agents {
    /// Takes an event in, and waits until is done what is to be done at once.
    pub(super) async fn take(&self, event: Event) -> Result<(), ApiError> {
        let (answer, answered) = oneshot::channel();
        let busy =
            |_| ApiError::unavailable("busy", "too many events at a time; try again in a few seconds", 2);
        self.0.try_send((event, answer)).map_err(busy)?;
        let stopping =
            |_| ApiError::unavailable("stopping", "the hub is stopping; try again in a few seconds", 2);
        answered.await.map_err(stopping)?
    }
}

async fn run(feed: Arc<Feed>, mut events: mpsc::Receiver<Waiting>, shutdown: Shutdown) {
    let started = Instant::now();
    let mut sessions = Sessions::default();
    let mut deliveries = Deliveries::default();
    loop {
        let until_due = sessions.next_due().map(|due| due.saturating_sub(started.elapsed()));
        tokio::select! {
            received = events.recv() => match received {
                // Whoever asked may be gone.
                Some((event, answer)) => {
                    let _ = answer.send(deliveries.take(event, &mut sessions, started.elapsed(), &feed).await);
                }
                // Nobody is left who could send one.
                None => break,
            },
            () = tokio::time::sleep(until_due.unwrap_or(Duration::MAX)), if until_due.is_some() => {
                tell(&feed, sessions.due(started.elapsed())).await;
            }
            () = shutdown.begun() => break,
        }
    }
    events.close();
    while let Some((event, answer)) = events.recv().await {
        let _ = answer.send(deliveries.take(event, &mut sessions, started.elapsed(), &feed).await);
    }
    tell(&feed, sessions.end()).await;
    // It is relied on: only the hub's end ends it.
    shutdown.begun().await;
}

/// What was delivered of late, and what of it is still to be done. A sender that had no answer delivers again.
#[derive(Default)]
struct Deliveries(VecDeque<(String, VecDeque<Outcome>)>);

impl Deliveries {
    /// Takes an event in, or goes on where the same delivery failed before.
    async fn take(
        &mut self,
        mut event: Event,
        sessions: &mut Sessions,
        now: Duration,
        feed: &Arc<Feed>,
    ) -> Result<(), ApiError> {
        if !event.age.is_zero() {
            event.timestamp = chrono::Duration::from_std(event.age)
                .ok()
                .and_then(|age| clock::now().checked_sub_signed(age));
        }
        let Some(name) = event.delivery.clone() else {
            return carry_out_all(feed, &mut sessions.take(event, now).into()).await;
        };
        let position = match self.0.iter().position(|(known, _)| *known == name) {
            Some(position) => position,
            None => {
                if self.0.len() == REMEMBERED_DELIVERIES {
                    self.0.pop_front();
                }
                self.0.push_back((name, sessions.take(event, now).into()));
                self.0.len() - 1
            }
        };
        carry_out_all(feed, &mut self.0[position].1).await
    }
}

/// Leaves what was not done.
async fn carry_out_all(feed: &Arc<Feed>, outcomes: &mut VecDeque<Outcome>) -> Result<(), ApiError> {
    while let Some(outcome) = outcomes.front() {
        match carry_out(feed, outcome.clone(), None).await {
            // A hub that was started again understands less of a session than before; that it was told is what counts.
            Ok(_) | Err(ApiError::KeyReused(_)) => drop(outcomes.pop_front()),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// What nobody waits for an answer to.
async fn tell(feed: &Arc<Feed>, outcomes: Vec<Outcome>) {
    for outcome in outcomes {
        if let Err(error) = carry_out(feed, outcome, None).await {
            let (status, body) = error.parts();
            tracing::warn!(%status, reason = body.message, "an agent's question was not stored");
        }
    }
}
