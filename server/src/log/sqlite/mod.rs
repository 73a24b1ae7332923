//! A log in one SQLite file.
//!
//! # Layout
//! - `schema`: the file: who owns it, how it is opened, what brings an older one up to date.
//! - `rows`: entries and idempotency keys as rows.
//! - `writer`: carrying out commands in a transaction. `group_commit`: who does it when. `requests`: the way there and back.
//! - `sweep`: deleting what retention has dropped.
//! - `reader`: reading entries.
//! - `checkpoint`: bringing the write-ahead log into the database.
//! - `guard`: noticing that the files are no longer the right ones. `stall`: noticing that the disk does not answer.
//! - `check`: whether a file is in order. `copy`: backup and restore.
//! - `usage`: how much waits, and how large the files are.

mod check;
mod checkpoint;
mod copy;
mod group_commit;
mod guard;
mod reader;
mod requests;
mod rows;
mod schema;
mod stall;
mod sweep;
mod usage;
mod writer;

use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::AtomicU64,
        mpsc::{self, TrySendError},
    },
    thread,
    time::Instant,
};

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{oneshot, watch};

pub use self::{
    check::{Report, check},
    copy::{CopyError, back_up, restore},
    schema::{Durability, FILE_NAME, OpenError},
};
use self::{
    group_commit::SharedWriter,
    reader::Reader,
    requests::Request,
    rows::{ENTRY_COLUMNS, entry_of_row},
    stall::Progress,
    sweep::Unswept,
    usage::Gauges,
    writer::{BUSY_TIMEOUT, Writer, open_files},
};
use crate::{
    clock,
    event_id::{Epoch, Seq},
    log::{
        AppendError, Appended, BoxFuture, Change, Command, Commit, Condition, Entry, EntryPage, Log,
        ReadError, Replica, Retention, Stored, Usage, index::Index,
    },
};

/// The most appends that wait; more are refused at once.
const MAX_WAITING: usize = 8192;

/// See the module.
pub struct SqliteLog {
    /// Gone once the log is closed; the writer then ends.
    requests: Mutex<Option<mpsc::SyncSender<Request>>>,
    /// Gone once the log has ended.
    writer: Arc<SharedWriter>,
    /// Says when the writer has ended.
    ended: Mutex<Option<oneshot::Receiver<()>>>,
    reader: Reader,
    /// The reader's connection, to be closed with the log.
    connection: Arc<Mutex<Option<Connection>>>,
    condition: watch::Sender<Condition>,
    progress: Arc<Progress>,
    gauges: Arc<Gauges>,
}

impl SqliteLog {
    /// Opens the database in `directory`, making both where they are missing, hands the replica what it holds, and
    /// starts the writer. On a disk that takes nothing more the log opens degraded, and can be read.
    pub fn open(
        directory: &Path,
        retention: Retention,
        durability: Durability,
        replica: Arc<dyn Replica>,
    ) -> Result<Self, OpenError> {
        let lock = schema::lock_directory(directory)?;
        let path = directory.join(FILE_NAME);
        let sqlite = |error| schema::sqlite_error(&path, error);
        let condition = watch::Sender::default();
        let (index, files, reader) = match open_files(&path, durability) {
            Ok((mut files, reader)) => {
                let index = load(&mut files.connection, &retention, &*replica).map_err(sqlite)?;
                (index, Some(files), Some(reader))
            }
            Err(error @ OpenError::Disk(..)) => {
                let Ok(mut connection) = open_to_look(&path) else { return Err(error) };
                let index = load(&mut connection, &retention, &*replica)
                    .map_err(|error| schema::sqlite_error(&path, error))?;
                let reason = error.to_string();
                let degraded = Condition::Degraded(reason.as_str().into());
                tracing::error!(condition = degraded.name(), reason, "nothing is stored");
                condition.send_replace(degraded);
                (index, None, None)
            }
            Err(error) => return Err(error),
        };
        let connection = Arc::new(Mutex::new(reader));
        let is_new = files.as_ref().is_some_and(|files| files.is_new);
        let point = index.positions().oldest_resume_point;
        let resume_point = Arc::new(AtomicU64::new(point.get()));
        let progress = Arc::<Progress>::default();
        progress.watch({
            let condition = condition.clone();
            move || writer::set_condition(&condition, Condition::Degraded(stall::reason().into()))
        });
        let gauges = Arc::<Gauges>::default();
        let writer = Writer {
            gauges: Arc::clone(&gauges),
            path: path.clone(),
            durability,
            files,
            resume_point: Arc::clone(&resume_point),
            reader: Arc::clone(&connection),
            index,
            unswept: Unswept::nothing(point),
            // Nobody else can have given out numbers of a log that was made just now.
            epoch: (!is_new).then(Epoch::random),
            retention,
            replica,
            condition: condition.clone(),
            _lock: lock,
        };
        let writer = Arc::new(SharedWriter::new(writer, Arc::clone(&gauges), Arc::clone(&progress)));
        let (requests, incoming) = mpsc::sync_channel(MAX_WAITING);
        let (end, ended) = oneshot::channel();
        thread::Builder::new()
            .name("log-writer".into())
            .spawn({
                let writer = Arc::clone(&writer);
                move || {
                    // Dropped when the thread ends, also by a panic.
                    let _end = end;
                    writer.run(&incoming);
                }
            })
            .map_err(|error| OpenError::Directory(directory.to_owned(), error))?;
        Ok(SqliteLog {
            requests: Mutex::new(Some(requests)),
            writer,
            ended: Mutex::new(Some(ended)),
            reader: Reader::new(Arc::clone(&connection), resume_point),
            connection,
            condition,
            progress,
            gauges,
        })
    }
}

/// Reads everything that is stored, and drops what the limits no longer allow.
fn load(
    connection: &mut Connection,
    retention: &Retention,
    replica: &dyn Replica,
) -> rusqlite::Result<Index> {
    let mut index = Index::default();
    let mut entries = Vec::new();
    {
        let mut statement = connection.prepare(&format!("SELECT {ENTRY_COLUMNS} FROM entry ORDER BY seq"))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (entry, published) = entry_of_row(row)?;
            index.load(&entry, published);
            entries.push(entry);
        }
    }
    index.set_oldest_resume_point(rows::oldest_resume_point(connection)?);
    let before = index.positions().oldest_resume_point;
    // The limits may be lower than when the notifications were stored.
    index.begin();
    let dropped = index.retain(retention, clock::now());
    let point = index.positions().oldest_resume_point;
    let retained =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).and_then(|transaction| {
            rows::keep_removals(&transaction, &dropped, point)?;
            let mut unswept = Unswept::nothing(before);
            unswept.add(&Commit {
                dropped: dropped.clone(),
                oldest_resume_point: point,
                ..Commit::default()
            });
            unswept.delete(&transaction)?;
            rows::forget_epochs(&transaction, point)?;
            transaction.commit()
        });
    match retained {
        Ok(()) => {
            index.commit();
            for dropped in dropped {
                if let Ok(position) = entries.binary_search_by_key(&dropped.seq, |entry| entry.seq) {
                    entries[position].change = Change::Remove(dropped.id);
                }
            }
            let is_epoch = |entry: &&Entry| matches!(entry.change, Change::Epoch(_)) && entry.seq <= point;
            let epoch = entries.iter().rfind(is_epoch).map(|entry| entry.seq);
            entries.retain(|entry| match entry.change {
                Change::Remove(_) | Change::Clear => entry.seq > point,
                Change::Epoch(_) => epoch.is_none_or(|epoch| entry.seq >= epoch),
                Change::Put(_) | Change::Read(_) => true,
            });
        }
        // It is tried again with the first commit.
        Err(_) => index.roll_back(),
    }
    replica.load(Stored { entries, oldest_resume_point: index.positions().oldest_resume_point });
    Ok(index)
}

/// Opens a database that cannot be written: the index of its write-ahead log is then kept in memory.
fn open_to_look(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update_and_check(None, "locking_mode", "EXCLUSIVE", |_| Ok(()))?;
    connection.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    Ok(connection)
}

impl Log for SqliteLog {
    fn append(&self, command: Command) -> BoxFuture<'_, Result<Appended, AppendError>> {
        Box::pin(async move {
            let requests = self.requests.lock().expect("no code panics while it holds the sender").clone();
            let Some(requests) = requests else { return Err(AppendError::Closed) };
            let mut stalled = self.progress.is_stalled();
            if *stalled.borrow_and_update() {
                return Err(AppendError::Unavailable { reason: stall::reason() });
            }
            let command = match self.writer.commit_alone(command) {
                Ok(outcome) => return outcome,
                Err(command) => command,
            };
            let (answer, answered) = oneshot::channel();
            self.gauges.comes();
            let sent = requests.try_send(Request { command, accepted: Instant::now(), answer });
            drop(requests);
            if let Err(error) = sent {
                self.gauges.go(1);
                return Err(match error {
                    TrySendError::Full(_) => AppendError::Unavailable {
                        reason: format!("{MAX_WAITING} posts wait for the disk already"),
                    },
                    TrySendError::Disconnected(_) => AppendError::Closed,
                });
            }
            tokio::select! {
                // The writer may have ended before it answered.
                answer = answered => {
                    answer.unwrap_or_else(|_| Err(AppendError::Unknown("the hub stopped meanwhile".into())))
                }
                Ok(_) = stalled.wait_for(|is_stalled| *is_stalled) => Err(AppendError::Unknown(stall::reason())),
            }
        })
    }

    fn read_after(&self, after: Seq, max_bytes: usize) -> BoxFuture<'_, Result<EntryPage, ReadError>> {
        Box::pin(self.reader.read_after(after, max_bytes))
    }

    fn condition(&self) -> watch::Receiver<Condition> {
        self.condition.subscribe()
    }

    fn usage(&self) -> Usage {
        self.gauges.usage()
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
        if let Ok(mut connection) = self.connection.try_lock() {
            *connection = None;
        }
    }
}

#[cfg(test)]
mod tests;
