//! The way to the writer, and back. All answers of a commit go to one task of the runtime, which hands them on: it wakes
//! the waiting tasks from within, where the writer's thread would wake the runtime once for each.

use std::time::Instant;

use tokio::{
    runtime::Handle,
    sync::{mpsc, oneshot},
};

use crate::log::{AppendError, Appended, Command};

/// An append that waits for its turn.
pub(super) struct Request {
    pub(super) command: Command,
    /// When it was asked for.
    pub(super) accepted: Instant,
    pub(super) answer: Answer,
}

/// Where one who appends waits.
pub(super) type Answer = oneshot::Sender<Outcome>;

/// What an append came to.
pub(super) type Outcome = Result<Appended, AppendError>;
type Batch = Vec<(Answer, Outcome)>;

/// Hands answers on.
pub(super) struct Answers(Option<mpsc::UnboundedSender<Batch>>);

impl Answers {
    /// Starts the task, where there is a runtime.
    pub(super) fn start() -> Self {
        Answers(Handle::try_current().ok().map(|runtime| {
            let (batches, mut incoming) = mpsc::unbounded_channel();
            runtime.spawn(async move {
                while let Some(batch) = incoming.recv().await {
                    hand_on(batch);
                }
            });
            batches
        }))
    }

    /// Hands on what a commit came to.
    pub(super) fn give(&self, batch: Batch) {
        match &self.0 {
            // One has no detour to save.
            Some(batches) if batch.len() > 1 => {
                if let Err(mpsc::error::SendError(batch)) = batches.send(batch) {
                    hand_on(batch);
                }
            }
            _ => hand_on(batch),
        }
    }

    /// Tells all of them the same error.
    pub(super) fn give_all(&self, requests: Vec<Request>, error: &AppendError) {
        self.give(requests.into_iter().map(|request| (request.answer, Err(error.clone()))).collect());
    }
}

fn hand_on(batch: Batch) {
    for (answer, outcome) in batch {
        // Whoever asked may have gone; what it appended stays.
        let _ = answer.send(outcome);
    }
}
