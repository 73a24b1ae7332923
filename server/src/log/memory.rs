//! A log in memory: for tests, and for those who want nothing kept.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
    time::Instant,
};

use tokio::sync::watch;

use crate::{
    clock,
    event_id::Seq,
    log::{
        AppendError, Appended, BoxFuture, Command, Commit, Condition, EntryPage, Log, MAX_IDEMPOTENCY_KEYS,
        ReadError, Replica, Retention, Stored, Usage, idempotency::FirstUse, index::Index, window::Window,
    },
};

/// See the module.
pub struct MemoryLog {
    /// Held while the replica takes a commit, so that commits reach it in order.
    state: Mutex<State>,
    retention: Retention,
    condition: watch::Sender<Condition>,
}

struct State {
    /// Gone once the log is closed.
    replica: Option<Arc<dyn Replica>>,
    index: Index,
    window: Window,
    keys: HashMap<String, FirstUse>,
    /// Oldest first.
    keys_by_age: VecDeque<String>,
}

impl MemoryLog {
    /// An empty log, but for its epoch.
    pub fn open(retention: Retention, replica: Arc<dyn Replica>) -> Self {
        let index = Index::default();
        let epoch = Index::first_epoch();
        let stored = Stored { entries: vec![epoch], oldest_resume_point: Seq::START };
        let window = Window::of(&stored, index.positions());
        replica.load(stored);
        MemoryLog {
            state: Mutex::new(State {
                replica: Some(replica),
                index,
                window,
                keys: HashMap::new(),
                keys_by_age: VecDeque::new(),
            }),
            retention,
            condition: watch::Sender::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no code panics while it holds the log")
    }
}

impl State {
    fn append(&mut self, command: &Command, retention: &Retention) -> Result<Appended, AppendError> {
        let accepted = Instant::now();
        let Some(replica) = self.replica.clone() else { return Err(AppendError::Closed) };
        let now = clock::now();
        let key = match command {
            Command::Publish { draft, idempotency: Some(key) } => {
                if let Some(first) = self.keys.get(&key.key).filter(|first| first.is_remembered(now)) {
                    return if first.is_for(key) {
                        Ok(self.index.first_answer(draft, first))
                    } else {
                        Err(AppendError::KeyReused)
                    };
                }
                Some(key)
            }
            _ => None,
        };
        let plan = self.index.carry_out(command, now);
        if let (Some(key), Some(notification)) = (key, &plan.appended.notification) {
            let id = notification.notification.id;
            let fingerprint = Some(key.fingerprint);
            let first = FirstUse { fingerprint, id, time_ms: now.timestamp_millis() };
            if self.keys.insert(key.key.clone(), first).is_none() {
                self.keys_by_age.push_back(key.key.clone());
            }
            self.forget_old_keys(now);
        }
        let dropped = self.index.retain(retention, now);
        let positions = self.index.positions();
        self.window.apply(&plan.steps, &dropped, positions);
        if !plan.steps.is_empty() || !dropped.is_empty() {
            let entries: Vec<_> = plan.steps.into_iter().map(|step| step.entry).collect();
            replica.apply(Commit {
                accepted: vec![accepted; entries.len()],
                entries,
                dropped,
                oldest_resume_point: positions.oldest_resume_point,
                commands: 1,
                took: accepted.elapsed(),
            });
        }
        Ok(plan.appended)
    }

    fn forget_old_keys(&mut self, now: chrono::DateTime<chrono::Utc>) {
        while let Some(oldest) = self.keys_by_age.front() {
            let is_old = self.keys.get(oldest).is_none_or(|first| !first.is_remembered(now));
            if !is_old && self.keys_by_age.len() as u64 <= MAX_IDEMPOTENCY_KEYS {
                break;
            }
            self.keys.remove(oldest);
            self.keys_by_age.pop_front();
        }
    }
}

impl Log for MemoryLog {
    fn append(&self, command: Command) -> BoxFuture<'_, Result<Appended, AppendError>> {
        let appended = self.state().append(&command, &self.retention);
        Box::pin(std::future::ready(appended))
    }

    fn read_after(&self, after: Seq, max_bytes: usize) -> BoxFuture<'_, Result<EntryPage, ReadError>> {
        let read = self.state().window.read_after(after, max_bytes);
        Box::pin(std::future::ready(read))
    }

    fn condition(&self) -> watch::Receiver<Condition> {
        self.condition.subscribe()
    }

    fn usage(&self) -> Usage {
        Usage::default()
    }

    fn ended(&self) -> BoxFuture<'_, ()> {
        let mut condition = self.condition.subscribe();
        Box::pin(async move {
            let _ = condition.wait_for(|condition| matches!(condition, Condition::Stopped(_))).await;
        })
    }

    fn close(&self) {
        self.state().replica = None;
        self.condition.send_replace(Condition::Stopped("the hub is stopping".into()));
    }
}
