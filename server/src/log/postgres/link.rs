//! What those who append and read share with the task that does the work: whether it is in touch with the database, and how
//! far it has followed.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::{Notify, watch};

use crate::log::{Behind, Condition, MAX_SILENCE};

/// The longest one waits for what other hubs have stored.
const CATCH_UP: Duration = Duration::from_secs(5);

/// See the module.
pub(super) struct Link {
    pub(super) condition: watch::Sender<Condition>,
    /// There may be something to follow.
    pub(super) hint: Notify,
    heard: Mutex<Instant>,
    /// How often the database was looked at: begun, and done.
    looks: AtomicU64,
    looked: watch::Sender<u64>,
    pub(super) database_bytes: AtomicU64,
}

impl Link {
    pub(super) fn new() -> Self {
        Link {
            condition: watch::Sender::default(),
            hint: Notify::new(),
            heard: Mutex::new(Instant::now()),
            looks: AtomicU64::new(0),
            looked: watch::Sender::default(),
            database_bytes: AtomicU64::new(0),
        }
    }

    /// The database is looked at: everything that was committed until now will be seen. Its number, for [`Link::has_looked`].
    pub(super) fn looks(&self) -> u64 {
        self.looks.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// The replica has what was seen.
    pub(super) fn has_looked(&self, number: u64) {
        *self.heard.lock().expect("no code panics while it holds the time") = Instant::now();
        self.looked.send_replace(number);
    }

    /// How long ago the replica had everything.
    pub(super) fn silence(&self) -> Duration {
        self.heard.lock().expect("no code panics while it holds the time").elapsed()
    }

    /// Waits until the replica has what was committed before the call.
    pub(super) async fn catch_up(&self) -> Result<(), Behind> {
        if self.silence() >= MAX_SILENCE {
            return Err(Behind);
        }
        let number = self.looks.load(Ordering::SeqCst) + 1;
        let mut looked = self.looked.subscribe();
        self.hint.notify_one();
        let waited = looked.wait_for(|looked| *looked >= number);
        match tokio::time::timeout(CATCH_UP, waited).await {
            Ok(Ok(_)) => Ok(()),
            _ => Err(Behind),
        }
    }

    /// Says it once, when it changes.
    pub(super) fn set_condition(&self, condition: Condition) {
        self.condition.send_if_modified(|known| {
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
}
