//! What the tasks of one log share: what was read, what is known of the brokers, and whether the log does its work.

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use tokio::sync::{Notify, watch};
use uuid::Uuid;

use super::{
    broker::{Broker, Info},
    failure::BrokerError,
    state::State,
    trial::{Fate, Trial},
};
use crate::{
    event_id::Seq,
    log::{Behind, Condition, MAX_SILENCE, Replica, Retention},
};

/// How long to wait for what another hub has told of already, before it is taken for what the log does not have. For that
/// long a broker that does not know yet that it was deposed may say what was.
const REACH_TIMEOUT: Duration = Duration::from_secs(10);

/// For how long at most a broker may not know yet that it was deposed, and says what was: what speaks against what was read is
/// believed when it was said for longer.
pub(super) const DEPOSED_FOR: Duration = Duration::from_secs(12);

/// How often a question is asked again.
const ASK_AGAIN: Duration = Duration::from_millis(100);

/// How often a broker may not answer one who asks whether this hub lacks anything.
const MAX_SILENT_ANSWERS: u32 = 4;

/// See the module.
pub(super) struct Shared {
    pub(super) broker: Broker,
    pub(super) retention: Retention,
    pub(super) replica: Arc<dyn Replica>,
    /// Held for as long as it takes to look at what was read, never while anything is waited for.
    held: Mutex<Held>,
    /// The newest message that the replica has had.
    position: watch::Sender<u64>,
    pub(super) condition: watch::Sender<Condition>,
    /// The reader is to begin anew where it is.
    pub(super) is_behind: Notify,
    /// The reader is to read everything anew.
    pub(super) lost: watch::Sender<Option<Lost>>,
    /// Nothing more is taken.
    pub(super) stopping: watch::Sender<bool>,
    /// What was begun is finished: the tasks are to end.
    pub(super) closing: watch::Sender<bool>,
    /// The first half of the name of every append of this hub.
    hub: u64,
}

/// What is held under the lock.
pub(super) struct Held {
    pub(super) state: State,
    pub(super) trial: Option<Attempt>,
    /// When the stream was made that is read.
    pub(super) created: String,
    pub(super) bytes: u64,
    heard: Instant,
    troubles: Troubles,
    appends: u64,
}

/// An append that is being made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempt {
    pub(super) trial: Trial,
    pub(super) accepted: Instant,
    pub(super) commands: usize,
}

#[derive(Default)]
struct Troubles {
    gone: Option<String>,
    stuck: Option<String>,
}

/// Why what was read is not what the log holds any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// The stream is another one of the same name.
    OtherStream,
    /// The stream does not go as far as what was read.
    WentBack,
    /// Retention has passed messages that this hub has not read, removals among them maybe.
    Missed,
}

impl Shared {
    pub(super) fn new(
        broker: Broker,
        retention: Retention,
        replica: Arc<dyn Replica>,
        state: State,
        info: &Info,
    ) -> Arc<Self> {
        let position = state.position();
        let held = Held {
            state,
            trial: None,
            created: info.created.clone(),
            bytes: info.bytes,
            heard: Instant::now(),
            troubles: Troubles::default(),
            appends: 0,
        };
        Arc::new(Shared {
            broker,
            retention,
            replica,
            held: Mutex::new(held),
            position: watch::Sender::new(position),
            condition: watch::Sender::default(),
            is_behind: Notify::new(),
            lost: watch::Sender::new(None),
            stopping: watch::Sender::new(false),
            closing: watch::Sender::new(false),
            hub: fastrand::u64(..),
        })
    }

    pub(super) fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().expect("no code panics while it holds what was read")
    }

    /// A name for the next append.
    pub(super) fn next_append(&self) -> Uuid {
        let mut held = self.held();
        held.appends += 1;
        Uuid::from_u64_pair(self.hub, held.appends)
    }

    /// Whether an append is one of this hub's.
    pub(super) fn is_own(&self, append: Uuid) -> bool {
        append.as_u64_pair().0 == self.hub
    }

    /// The newest message that the replica has had.
    pub(super) fn position(&self) -> watch::Receiver<u64> {
        self.position.subscribe()
    }

    /// The replica has had everything up to this message.
    pub(super) fn has_reached(&self, position: u64) {
        self.position.send_replace(position);
    }

    /// What became of the append that is being made, once that is known and the replica has had it.
    pub(super) async fn fate(&self) -> Fate {
        let mut position = self.position();
        loop {
            let reached = *position.borrow_and_update();
            let fate = self.held().trial.and_then(|attempt| attempt.trial.fate());
            match fate {
                Some(Fate::Stored(end)) if reached < end => {}
                Some(fate) => return fate,
                None => {}
            }
            if position.changed().await.is_err() {
                return Fate::Unknown;
            }
        }
    }

    /// Notes what the brokers say of the stream.
    pub(super) fn hears(&self, info: &Info) {
        let mut held = self.held();
        held.heard = Instant::now();
        held.bytes = info.bytes;
        held.troubles.gone = None;
        self.judge(&held);
    }

    /// Something came from where the entries are kept.
    pub(super) fn hears_something(&self) {
        self.held().heard = Instant::now();
    }

    /// How long nothing has come.
    pub(super) fn silence(&self) -> Duration {
        self.held().heard.elapsed()
    }

    /// The stream is gone.
    pub(super) fn is_gone(&self, reason: &str) {
        let mut held = self.held();
        held.troubles.gone = Some(reason.to_owned());
        self.judge(&held);
    }

    /// Whether the stream was missing when it was looked for last.
    pub(super) fn knows_it_is_gone(&self) -> bool {
        self.held().troubles.gone.is_some()
    }

    /// Nothing is stored, for this reason; `None`: all is well again.
    pub(super) fn is_stuck(&self, reason: Option<&str>) {
        let mut held = self.held();
        if held.troubles.stuck.as_deref() != reason {
            held.troubles.stuck = reason.map(str::to_owned);
            self.judge(&held);
        }
    }

    /// Looks whether the log does its work.
    pub(super) fn look(&self) {
        let held = self.held();
        self.judge(&held);
    }

    fn judge(&self, held: &Held) {
        let silence = held.heard.elapsed();
        let condition = if let Some(reason) = &held.troubles.gone {
            Condition::Degraded(reason.as_str().into())
        } else if silence >= MAX_SILENCE {
            Condition::Degraded(
                "nothing has been heard from the brokers for more than 10 s; what is stored can be read"
                    .into(),
            )
        } else if let Some(reason) = &held.troubles.stuck {
            Condition::Degraded(reason.as_str().into())
        } else {
            Condition::Ready
        };
        set_condition(&self.condition, condition);
    }

    /// Waits until the replica has had everything that is stored now, and `seq`, if the log has it.
    pub(super) async fn catch_up(&self, seq: Seq) -> Result<(), Behind> {
        let started = Instant::now();
        let mut position = self.position();
        let mut silent = 0;
        loop {
            match self.broker.info().await {
                Ok(info) => {
                    self.hears(&info);
                    silent = 0;
                    let left = REACH_TIMEOUT.saturating_sub(started.elapsed());
                    let reached = position.wait_for(|position| *position >= info.last);
                    tokio::time::timeout(left, reached).await.map_err(|_| Behind)?.map_err(|_| Behind)?;
                    if *position.borrow() >= seq.get() || started.elapsed() >= REACH_TIMEOUT {
                        return Ok(());
                    }
                }
                Err(BrokerError::NoAnswer(_) | BrokerError::NobodyThere) if silent < MAX_SILENT_ANSWERS => {
                    silent += 1;
                }
                Err(_) => return Err(Behind),
            }
            // Another hub has told of it: this one has it in a moment, whatever a broker says.
            let reached = position.wait_for(|position| seq != Seq::START && *position >= seq.get());
            if tokio::time::timeout(ASK_AGAIN, reached).await.is_ok() {
                return Ok(());
            }
        }
    }
}

/// Says it once, when it changes. A log that has stopped stays so.
fn set_condition(known: &watch::Sender<Condition>, condition: Condition) {
    known.send_if_modified(|known| {
        if *known == condition || matches!(known, Condition::Stopped(_)) {
            return false;
        }
        match condition.reason() {
            Some(reason) => tracing::error!(condition = condition.name(), %reason, "nothing is stored"),
            None => tracing::info!(condition = condition.name(), "notifications are stored again"),
        }
        *known = condition;
        true
    });
}
