//! A log that several hubs share: a stream of NATS JetStream. Every hub reads the whole stream and holds what it comes to;
//! what it appends stands right after what it has read, or is decided anew.
//!
//! # Layout
//! - `address`: `--store nats://…`.
//! - `message`: what a message of the stream says. `state`: what all of them come to, and what a command adds.
//! - `backlog`: what was read, and what is missing in it. `trial`: what became of an append.
//! - `connect`: to which broker, as whom. `broker`: the requests. `settings`: the stream's. `failure`: what goes wrong. `forbidden`: what the user may not do.
//!   `source`: the messages as they come.
//! - `reader`: the task that reads. `committer`: the task that appends. `pulse`: the task that looks after the stream.
//! - `shared`: what these share.

mod address;
mod backlog;
mod broker;
mod committer;
mod connect;
mod failure;
mod forbidden;
mod message;
mod pulse;
mod reader;
mod settings;
mod shared;
mod source;
mod state;
mod trial;

#[cfg(test)]
mod tests;

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinSet,
};

pub use self::{
    address::{Address, InvalidAddress},
    failure::OpenError,
};
use self::{
    broker::Broker,
    committer::{APPEND_TIMEOUT, MAX_WAITING, Request, Stage},
    reader::{LoadError, Loaded},
    shared::Shared,
};
use crate::{
    event_id::{Epoch, Seq},
    log::{
        AppendError, Appended, Behind, BoxFuture, Command, Condition, EntryPage, Log, ReadError, Replica,
        Retention, Usage,
    },
};

/// How long a hub that starts waits for the brokers.
const OPEN_TIMEOUT: Duration = Duration::from_mins(1);

const TRY_AGAIN: Duration = Duration::from_millis(500);

/// How often it says that it waits.
const COMPLAINT_INTERVAL: Duration = Duration::from_secs(5);

/// The most notifications that are removed in one step.
const MAX_REMOVED: usize = 400;

/// See the module.
pub struct JetStreamLog {
    shared: Arc<Shared>,
    /// Gone once the log is closed.
    requests: Mutex<Option<mpsc::Sender<Request>>>,
    ended: Mutex<Option<oneshot::Receiver<()>>>,
}

impl JetStreamLog {
    /// Connects, makes the stream where it is missing, and hands the replica what it holds. Brokers that cannot be reached
    /// are waited for, for a minute.
    pub async fn open(
        address: &Address,
        retention: Retention,
        replica: Arc<dyn Replica>,
    ) -> Result<Self, OpenError> {
        let started = Instant::now();
        let mut complained: Option<Instant> = None;
        let (broker, retention, Loaded { state, source, info }) = loop {
            match try_open(address, &retention).await {
                Ok(opened) => break opened,
                Err(error) if !error.is_passing() || started.elapsed() >= OPEN_TIMEOUT => return Err(error),
                Err(error) => {
                    if complained.is_none_or(|last| last.elapsed() >= COMPLAINT_INTERVAL) {
                        tracing::warn!(%error, "waiting for the brokers");
                        complained = Some(Instant::now());
                    }
                    tokio::time::sleep(TRY_AGAIN).await;
                }
            }
        };
        replica.load(state.stored());
        let shared = Shared::new(broker, retention, replica, state, &info);
        let (requests, incoming) = mpsc::channel(MAX_WAITING);
        let (end, ended) = oneshot::channel();
        let mut others = JoinSet::new();
        others.spawn(reader::run(Arc::clone(&shared), source));
        others.spawn(pulse::run(Arc::clone(&shared)));
        let committer = tokio::spawn(committer::run(Arc::clone(&shared), incoming));
        tokio::spawn({
            let shared = Arc::clone(&shared);
            async move {
                // Dropped at the end of this, whatever ends it.
                let _end = end;
                tokio::select! {
                    _ = committer => {}
                    _ = others.join_next() => return,
                }
                shared.closing.send_replace(true);
                while others.join_next().await.is_some() {}
            }
        });
        Ok(JetStreamLog { shared, requests: Mutex::new(Some(requests)), ended: Mutex::new(Some(ended)) })
    }

    /// Makes the stream anew, to be filled from another log: until [`JetStreamLog::end_filling`] only the address that this
    /// gives back opens it. One whose filling was left unfinished is replaced; any other is refused.
    pub async fn begin_filling(address: &Address, retention: Retention) -> Result<Address, OpenError> {
        let broker = Broker::connect(address).await?;
        broker.begin_filling(address.replicas.get(), &retention).await?;
        Ok(Address { is_being_filled: true, ..address.clone() })
    }

    /// The stream holds all that it is to hold: hubs may use it.
    pub async fn end_filling(address: &Address) -> Result<(), OpenError> {
        Broker::connect(address).await?.end_filling().await
    }

    async fn append_one(&self, command: Command) -> Result<Appended, AppendError> {
        let requests = self.requests.lock().expect("no code panics while it holds the sender").clone();
        let Some(requests) = requests else { return Err(AppendError::Closed) };
        let (answer, answered) = oneshot::channel();
        let stage = Arc::<Stage>::default();
        let accepted = Instant::now();
        let sent = requests.try_send(Request { command, accepted, stage: Arc::clone(&stage), answer });
        drop(requests);
        match sent {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(_)) => {
                return Err(AppendError::Unavailable {
                    reason: format!("{MAX_WAITING} posts wait for the brokers already"),
                });
            }
            Err(mpsc::error::TrySendError::Closed(_)) => return Err(AppendError::Closed),
        }
        match tokio::time::timeout(APPEND_TIMEOUT, answered).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(AppendError::Unknown("the hub stopped meanwhile".into())),
            Err(_) => {
                let reason = format!("the brokers did not store it in {} s", APPEND_TIMEOUT.as_secs());
                Err(if stage.give_up() {
                    AppendError::Unavailable { reason }
                } else {
                    AppendError::Unknown(reason)
                })
            }
        }
    }
}

async fn try_open(
    address: &Address,
    retention: &Retention,
) -> Result<(Broker, Retention, Loaded), OpenError> {
    let broker = Broker::connect(address).await?;
    let retention = broker.open_stream(address.replicas.get(), retention, address.is_being_filled).await?;
    let begin = address.is_restored.then(Epoch::random);
    let loaded = reader::load(&broker, begin).await.map_err(|error| match error {
        LoadError::Broker(error) => broker.failed(&error),
        error => OpenError::Request { stream: address.stream.clone(), reason: error.to_string() },
    })?;
    Ok((broker, retention, loaded))
}

impl Log for JetStreamLog {
    fn append(&self, command: Command) -> BoxFuture<'_, Result<Appended, AppendError>> {
        Box::pin(async move {
            let Command::Remove(ids) = command else { return self.append_one(command).await };
            let mut total = Appended::default();
            let mut rest = ids.as_slice();
            // So many at a time: there is a limit to what the broker stores in one step.
            loop {
                let (some, others) = rest.split_at(rest.len().min(MAX_REMOVED));
                total.removed += self.append_one(Command::Remove(some.to_vec())).await?.removed;
                rest = others;
                if rest.is_empty() {
                    return Ok(total);
                }
            }
        })
    }

    fn read_after(&self, after: Seq, max_bytes: usize) -> BoxFuture<'_, Result<EntryPage, ReadError>> {
        let read = self.shared.held().state.read_after(after, max_bytes);
        Box::pin(std::future::ready(read))
    }

    fn catch_up(&self, seq: Seq) -> BoxFuture<'_, Result<(), Behind>> {
        Box::pin(self.shared.catch_up(seq))
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn silence(&self) -> Duration {
        self.shared.silence()
    }

    fn condition(&self) -> watch::Receiver<Condition> {
        self.shared.condition.subscribe()
    }

    fn usage(&self) -> Usage {
        let requests = self.requests.lock().expect("no code panics while it holds the sender");
        let waiting = requests.as_ref().map_or(0, |requests| MAX_WAITING - requests.capacity());
        Usage { waiting, database_bytes: self.shared.held().bytes, wal_bytes: 0 }
    }

    fn ended(&self) -> BoxFuture<'_, ()> {
        let ended = self.ended.lock().expect("no code panics while it holds the receiver").take();
        Box::pin(async move {
            match ended {
                Some(ended) => drop(ended.await),
                None => std::future::pending().await,
            }
        })
    }

    fn close(&self) {
        drop(self.requests.lock().expect("no code panics while it holds the sender").take());
        self.shared.stopping.send_replace(true);
        self.shared.condition.send_replace(Condition::Stopped("the hub is stopping".into()));
    }
}
