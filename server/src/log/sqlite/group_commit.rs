//! Who writes when. All appends that wait are one transaction and one fsync (group commit), so the rate of durable
//! appends grows with the number of those who append. A thread does it; an append that comes alone is committed where
//! it was made, which saves two changes of thread.

use std::{
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

use tokio::{
    runtime::{Handle, RuntimeFlavor},
    task::block_in_place,
};

use super::{
    requests::{Answers, Outcome, Request},
    stall::Progress,
    usage::Gauges,
    writer::Writer,
};
use crate::log::Command;

/// The most appends in one transaction: bounds how long the first of them waits for the others.
const MAX_BATCH: usize = 1024;

/// After how many commits with a single append each the next one is committed where it was made.
const SINGLE_COMMITS: usize = 16;

/// How often the files are looked at, old keys forgotten, and a log that does not store tried again.
const TICK: Duration = Duration::from_secs(1);

/// The writer, for the thread and for whoever appends alone.
pub(super) struct SharedWriter {
    /// Held for a transaction; gone once the log has ended.
    writer: Mutex<Option<Writer>>,
    gauges: Arc<Gauges>,
    /// How many commits in a row had one append each, with no other one waiting. Where several append, group commit does
    /// more for them than saving changes of thread for one.
    single_commits: AtomicUsize,
    answers: Answers,
    progress: Arc<Progress>,
}

impl SharedWriter {
    pub(super) fn new(writer: Writer, gauges: Arc<Gauges>, progress: Arc<Progress>) -> Self {
        SharedWriter {
            writer: Mutex::new(Some(writer)),
            answers: Answers::start(),
            gauges,
            single_commits: AtomicUsize::new(0),
            progress,
        }
    }

    /// Commits an append on this thread if nobody else appends; gives it back otherwise. The runtime's other tasks go on
    /// on another thread meanwhile.
    pub(super) fn commit_alone(&self, command: Command) -> Result<Outcome, Command> {
        let is_alone =
            self.gauges.nobody_waits() && self.single_commits.load(Ordering::Relaxed) >= SINGLE_COMMITS;
        let may_block = || {
            Handle::try_current().is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread)
        };
        if !is_alone || !may_block() {
            return Err(command);
        }
        let Ok(mut writer) = self.writer.try_lock() else { return Err(command) };
        let Some(writer) = writer.as_mut() else { return Err(command) };
        let outcomes = block_in_place(|| {
            self.progress.begin();
            let outcomes = writer.carry_out(std::iter::once((&command, Instant::now())));
            self.progress.end();
            outcomes
        });
        self.committed(1);
        Ok(outcomes.and_then(|mut outcomes| outcomes.pop().expect("each command has an outcome")))
    }

    /// Works until nobody can append any more.
    pub(super) fn run(&self, incoming: &Receiver<Request>) {
        let mut next_tick = Instant::now();
        loop {
            let first = match incoming.recv_timeout(next_tick.saturating_duration_since(Instant::now())) {
                Ok(request) => Some(request),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            let mut guard = self.lock();
            let Some(writer) = guard.as_mut() else { break };
            self.progress.begin();
            if Instant::now() >= next_tick {
                writer.tick();
                next_tick = Instant::now() + TICK;
                self.progress.begin();
            }
            let waiting = first.into_iter().chain(std::iter::from_fn(|| incoming.try_recv().ok()));
            let mut requests: Vec<_> = waiting.take(MAX_BATCH).collect();
            self.gauges.go(requests.len());
            // Whoever has gone is not served: it does not know, and may have asked again.
            requests.retain(|request| !request.answer.is_closed());
            let outcomes = match requests.len() {
                0 => Ok(Vec::new()),
                _ => writer.carry_out(requests.iter().map(|request| (&request.command, request.accepted))),
            };
            self.progress.end();
            // Before the answers: whoever has one may append again at once.
            if !requests.is_empty() {
                self.committed(requests.len());
            }
            drop(guard);
            match outcomes {
                Ok(outcomes) => {
                    let answers = requests.into_iter().map(|request| request.answer);
                    self.answers.give(answers.zip(outcomes).collect());
                }
                Err(error) => self.answers.give_all(requests, &error),
            }
        }
        drop(self.lock().take());
        self.progress.close();
    }

    fn committed(&self, count: usize) {
        if count == 1 && self.gauges.nobody_waits() {
            self.single_commits.fetch_add(1, Ordering::Relaxed);
        } else {
            self.single_commits.store(0, Ordering::Relaxed);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Writer>> {
        self.writer.lock().expect("a defect in a transaction ends the log")
    }
}
