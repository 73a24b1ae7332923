//! A log in PostgreSQL, which several hubs share.
//!
//! The rules are those of `log::index`, decided under a lock: whoever appends locks the one row of the table `log`, takes in
//! what other hubs have stored since, and stores what follows with the next numbers. So numbers are in the order of commits, and
//! every hub decides by the same state. `NOTIFY` is a hint that there is something to take in; the truth is asked for once a
//! second, and with every transaction.
//!
//! # Layout
//! - `address`: where the database is. `tls`: encryption. `failure`: what goes wrong, in words.
//! - `schema`: our tables, and what brings older ones up to date. `rows`: entries as rows.
//! - `servers`: connecting, to the right one of several. `session`: one connection, and what is asked over it; `statements`: those of every transaction.
//! - `follower`: what this hub knows of the log, and hands on.
//! - `transaction`: carrying out commands. `engine`: the task that does it when there are any, follows, and reconnects.
//! - `link`: what it shares with those who append and read.

mod address;
mod engine;
mod failure;
mod follower;
mod link;
mod rows;
mod schema;
mod servers;
mod session;
mod statements;
mod tls;
mod transaction;

use std::{
    sync::{Arc, Mutex, atomic::Ordering},
    time::{Duration, Instant},
};

use tokio::sync::{
    mpsc::{self, error::TrySendError},
    oneshot, watch,
};

use self::{
    address::Address,
    engine::{Engine, Request},
    link::Link,
};
pub use self::{address::InvalidAddress, failure::OpenError};
use crate::{
    event_id::Seq,
    log::{
        AppendError, Appended, Behind, BoxFuture, Command, Condition, EntryPage, Log, MAX_SILENCE, ReadError,
        Replica, Retention, Usage, window::Window,
    },
};

/// The most appends that wait; more are refused at once.
const MAX_WAITING: usize = 8192;

/// How long a database that cannot be reached is waited for at the start, and how often it is tried.
const START: Duration = Duration::from_mins(1);
const START_INTERVAL: Duration = Duration::from_secs(1);

/// See the module.
pub struct PostgresLog {
    /// Gone once the log is closed; the engine then ends.
    requests: Mutex<Option<mpsc::Sender<Request>>>,
    link: Arc<Link>,
    window: Arc<Mutex<Window>>,
    /// Says when the engine has ended.
    ended: Mutex<Option<oneshot::Receiver<()>>>,
}

impl PostgresLog {
    /// Whether the address can be used, before anything is connected to.
    pub fn check_address(url: &str) -> Result<(), InvalidAddress> {
        Address::parse(url).map(drop)
    }

    /// Connects to the database, makes our schema where it is missing, hands the replica what it holds, and follows it. A
    /// server that does not run yet is waited for.
    pub async fn open(url: &str, retention: Retention, replica: Arc<dyn Replica>) -> Result<Self, OpenError> {
        let address = Address::parse(url)?;
        let connector = tls::connector(&address.verification).map_err(OpenError::Certificates)?;
        let link = Arc::new(Link::new());
        let began = Instant::now();
        let engine = loop {
            let opened = async {
                servers::check_pooling(&address, &connector, &link).await?;
                let (link, replica) = (Arc::clone(&link), Arc::clone(&replica));
                Engine::open(address.clone(), connector.clone(), link, retention, replica).await
            };
            let error = match opened.await {
                Ok(engine) => break engine,
                Err(error) => OpenError::At { place: address.place.clone(), error: Box::new(error) },
            };
            if !error.may_pass() || began.elapsed() >= START {
                return Err(error);
            }
            tracing::warn!(%error, "waiting for the log");
            tokio::time::sleep(START_INTERVAL).await;
        };
        let window = engine.window();
        let (requests, incoming) = mpsc::channel(MAX_WAITING);
        let (end, ended) = oneshot::channel();
        tokio::spawn(async move {
            // Dropped when the task ends, also by a panic.
            let _end = end;
            engine.run(incoming).await;
        });
        Ok(PostgresLog { requests: Mutex::new(Some(requests)), link, window, ended: Mutex::new(Some(ended)) })
    }

    fn requests(&self) -> Option<mpsc::Sender<Request>> {
        self.requests.lock().expect("no code panics while it holds the sender").clone()
    }
}

impl Log for PostgresLog {
    fn append(&self, command: Command) -> BoxFuture<'_, Result<Appended, AppendError>> {
        Box::pin(async move {
            let Some(requests) = self.requests() else { return Err(AppendError::Closed) };
            // Short of that it waits: a server that is restarted or replaced is back in a moment.
            if self.link.silence() >= MAX_SILENCE
                && let Some(reason) = self.link.condition.borrow().reason()
            {
                return Err(AppendError::Unavailable { reason: reason.to_string() });
            }
            let (answer, answered) = oneshot::channel();
            let sent = requests.try_send(Request { command, accepted: Instant::now(), answer });
            drop(requests);
            sent.map_err(|error| match error {
                TrySendError::Full(_) => AppendError::Unavailable {
                    reason: format!("{MAX_WAITING} posts wait for the database already"),
                },
                TrySendError::Closed(_) => AppendError::Closed,
            })?;
            answered.await.unwrap_or_else(|_| Err(AppendError::Unknown("the hub stopped meanwhile".into())))
        })
    }

    fn read_after(&self, after: Seq, max_bytes: usize) -> BoxFuture<'_, Result<EntryPage, ReadError>> {
        let window = self.window.lock().expect("no code panics while it holds the window");
        let read = window.read_after(after, max_bytes);
        Box::pin(std::future::ready(read))
    }

    fn catch_up(&self, _: Seq) -> BoxFuture<'_, Result<(), Behind>> {
        // What was seen is everything: numbers are in the order of commits.
        Box::pin(self.link.catch_up())
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn silence(&self) -> Duration {
        self.link.silence()
    }

    fn condition(&self) -> watch::Receiver<Condition> {
        self.link.condition.subscribe()
    }

    fn usage(&self) -> Usage {
        let waiting = self.requests().map_or(0, |requests| requests.max_capacity() - requests.capacity());
        let database_bytes = self.link.database_bytes.load(Ordering::Relaxed);
        Usage { waiting, database_bytes, wal_bytes: 0 }
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
    }
}
