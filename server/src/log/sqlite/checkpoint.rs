//! Brings what is in the write-ahead log into the database, on a thread of its own: a commit does not wait for it.
//! After something was removed the write-ahead log is emptied too, so that no file holds it any more.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError, SyncSender},
    },
    thread,
    time::{Duration, Instant},
};

use rusqlite::Connection;

use super::{guard::Guard, schema};

/// From how many frames on (each a page of 4 KiB) the write-ahead log is brought into the database.
const CHECKPOINT_FRAMES: u64 = 2048;

/// Beyond this many the writer does it, although it may take its time.
const MAX_FRAMES: u64 = 16384;

/// How long the thread waits after a removal for more of them.
const PAUSE: Duration = Duration::from_millis(500);

/// See the module.
pub(super) struct Checkpoints {
    wake: Option<SyncSender<()>>,
    shared: Arc<Shared>,
    thread: Option<thread::JoinHandle<()>>,
}

struct Shared {
    guard: Arc<Guard>,
    /// How many frames the write-ahead log has.
    frames: Arc<AtomicU64>,
    /// All but what was committed meanwhile is in the database.
    is_the_rest_small: AtomicBool,
    /// Something was removed: empty the write-ahead log.
    scrub: AtomicBool,
    /// How often emptying it was begun, and how often it was done.
    begun: AtomicU64,
    done: AtomicU64,
}

impl Checkpoints {
    /// Starts the thread on a connection of its own.
    pub(super) fn start(path: &Path, guard: Arc<Guard>) -> rusqlite::Result<Self> {
        let connection = schema::open_again(path)?;
        connection.busy_timeout(Duration::from_millis(100))?;
        let (wake, woken) = mpsc::sync_channel(1);
        let shared = Arc::new(Shared {
            guard,
            frames: Arc::default(),
            is_the_rest_small: AtomicBool::new(false),
            scrub: AtomicBool::new(false),
            begun: AtomicU64::new(0),
            done: AtomicU64::new(0),
        });
        let thread = thread::Builder::new()
            .name("log-checkpoint".into())
            .spawn({
                let shared = Arc::clone(&shared);
                move || {
                    // Nothing to do at the end: closing the last connection brings everything into the database.
                    while woken.recv().is_ok() {
                        if shared.frames.load(Ordering::Acquire) < CHECKPOINT_FRAMES && !pause(&woken) {
                            return;
                        }
                        shared.run(&connection);
                    }
                }
            })
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
        Ok(Checkpoints { wake: Some(wake), shared, thread: Some(thread) })
    }

    /// Where the writer says how many frames the write-ahead log has.
    pub(super) fn frames(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.shared.frames)
    }

    /// Something was committed; with `scrub`, something was removed.
    pub(super) fn committed(&self, scrub: bool) {
        if scrub {
            self.shared.scrub.store(true, Ordering::Release);
        }
        let is_due = self.shared.frames.load(Ordering::Acquire) >= CHECKPOINT_FRAMES
            || self.shared.scrub.load(Ordering::Acquire);
        if let Some(wake) = self.wake.as_ref().filter(|_| is_due) {
            // Full: it is awake, or about to be.
            let _ = wake.try_send(());
        }
    }

    /// Whether the writer should bring the rest of the write-ahead log into the database, once: only then does the file
    /// begin anew, and stay small.
    pub(super) fn is_the_rest_small(&self) -> bool {
        let is_due = self.shared.is_the_rest_small.swap(false, Ordering::AcqRel)
            || self.shared.frames.load(Ordering::Acquire) >= MAX_FRAMES;
        if is_due {
            self.shared.frames.store(0, Ordering::Release);
        }
        is_due
    }

    /// How often emptying the write-ahead log was begun. To the other connections it looks as if somebody had written.
    pub(super) fn begun(&self) -> u64 {
        self.shared.begun.load(Ordering::Acquire)
    }

    /// How often that was done.
    pub(super) fn done(&self) -> u64 {
        self.shared.done.load(Ordering::Acquire)
    }
}

/// Lets more commits come; `false`: the log is closed.
fn pause(woken: &Receiver<()>) -> bool {
    let until = Instant::now() + PAUSE;
    loop {
        match woken.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(()) => {}
            Err(RecvTimeoutError::Timeout) => return true,
            Err(RecvTimeoutError::Disconnected) => return false,
        }
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        drop(self.wake.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn run(&self, connection: &Connection) {
        let scrub = self.scrub.swap(false, Ordering::AcqRel);
        if !scrub && self.frames.load(Ordering::Acquire) < CHECKPOINT_FRAMES {
            return;
        }
        // Without a lock that a commit would wait for.
        let done = self.guard.checkpoint(|| checkpoint(connection, "PASSIVE"));
        // With one, but only for what came in between.
        let done = if scrub && matches!(done, Some(Ok(()))) {
            self.begun.fetch_add(1, Ordering::AcqRel);
            let done = self.guard.checkpoint(|| checkpoint(connection, "TRUNCATE"));
            self.done.fetch_add(1, Ordering::AcqRel);
            done
        } else {
            self.is_the_rest_small.store(matches!(done, Some(Ok(()))), Ordering::Release);
            done
        };
        if let Some(Err(error)) = &done {
            tracing::debug!(%error, "a checkpoint was put off");
        }
        if scrub && !matches!(done, Some(Ok(()))) {
            self.scrub.store(true, Ordering::Release);
        }
    }
}

/// Runs a checkpoint of this mode; an error also if a reader or writer was in its way.
pub(super) fn checkpoint(connection: &Connection, mode: &str) -> rusqlite::Result<()> {
    let is_busy: bool =
        connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| row.get(0))?;
    if is_busy && mode != "PASSIVE" {
        let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
        return Err(rusqlite::Error::SqliteFailure(code, None));
    }
    Ok(())
}
