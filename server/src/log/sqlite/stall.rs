//! Notices that the writer does not come back: a disk that does not answer holds it in a system call for as long as it
//! likes, and whoever appends would wait with it.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{runtime::Handle, sync::watch};

/// How long the writer may take. Longer than it waits for another program that holds the database.
const STALLED_AFTER: Duration = Duration::from_secs(7);

/// How often that is looked at.
const INTERVAL: Duration = Duration::from_millis(500);

/// In words for whoever runs the hub, and whoever posts.
pub(super) fn reason() -> String {
    format!("the disk has not answered for {} s", STALLED_AFTER.as_secs())
}

/// See the module.
#[derive(Default)]
pub(super) struct Progress {
    /// Since when the writer has been at work.
    busy_since: Mutex<Option<Instant>>,
    is_stalled: watch::Sender<bool>,
    is_closed: AtomicBool,
}

impl Progress {
    /// The writer begins to work.
    pub(super) fn begin(&self) {
        *self.busy_since.lock().expect("no code panics while it holds the time") = Some(Instant::now());
    }

    /// It has come back.
    pub(super) fn end(&self) {
        *self.busy_since.lock().expect("no code panics while it holds the time") = None;
        self.is_stalled.send_if_modified(std::mem::take);
    }

    /// It will not work any more.
    pub(super) fn close(&self) {
        self.end();
        self.is_closed.store(true, Ordering::Release);
    }

    /// Whether it has been away for too long, now and from now on.
    pub(super) fn is_stalled(&self) -> watch::Receiver<bool> {
        self.is_stalled.subscribe()
    }

    /// Looks after the writer, where there is a runtime; calls `stalled` each time that it is away for too long.
    pub(super) fn watch(self: &Arc<Self>, stalled: impl Fn() + Send + 'static) {
        let Ok(runtime) = Handle::try_current() else { return };
        let progress = Arc::clone(self);
        runtime.spawn(async move {
            while !progress.is_closed.load(Ordering::Acquire) {
                tokio::time::sleep(INTERVAL).await;
                if progress.has_stalled() {
                    stalled();
                }
            }
        });
    }

    fn has_stalled(&self) -> bool {
        // Held while it is said, so that the writer's return comes after it.
        let busy_since = self.busy_since.lock().expect("no code panics while it holds the time");
        busy_since.is_some_and(|since| since.elapsed() >= STALLED_AFTER)
            && self.is_stalled.send_if_modified(|known| !std::mem::replace(known, true))
    }
}
