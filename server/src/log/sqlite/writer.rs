//! Carries out commands: what they change is one transaction and one fsync. Says what is wrong when that fails, and tries
//! again.

use std::{
    fs::File,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use rusqlite::{Connection, ErrorCode, TransactionBehavior};
use tokio::sync::watch;

use super::{
    Durability,
    checkpoint::{Checkpoints, checkpoint},
    guard::Guard,
    requests::Outcome,
    rows, schema,
    sweep::Unswept,
    usage::Gauges,
};
use crate::{
    clock,
    event_id::{Epoch, Seq},
    log::{
        AppendError, Change, Command, Commit, Condition, IDEMPOTENCY_PERIOD, MAX_IDEMPOTENCY_KEYS, Replica,
        Retention, Subject,
        index::{Index, Plan},
    },
};

/// The longest a commit waits for another program that holds the database.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The most idempotency keys that are forgotten in one transaction.
const KEYS_FORGOTTEN_AT_A_TIME: u32 = 2000;

/// How many rows that retention has dropped stay until they are deleted, many at once.
const SWEEP_AT: usize = 256;

/// The connection to the files, and what watches over them.
pub(super) struct Files {
    pub(super) connection: Connection,
    pub(super) guard: Arc<Guard>,
    pub(super) checkpoints: Checkpoints,
    version: Version,
    /// Whether the database was made when it was opened.
    pub(super) is_new: bool,
}

/// The state in which this connection has left the database.
struct Version {
    /// Changes when another connection has written (`PRAGMA data_version`), or has emptied the write-ahead log.
    data_version: i64,
    /// How often that had been done before `data_version` was looked at.
    emptied: u64,
}

impl Version {
    /// Whether nobody else has written since the last transaction; asked in one.
    fn is_ours(
        &mut self,
        transaction: &Connection,
        checkpoints: &Checkpoints,
        head: Seq,
    ) -> rusqlite::Result<bool> {
        // In this order: what was done before is in the version that is looked at, and what was begun after it is not.
        let done = checkpoints.done();
        let data_version = data_version(transaction)?;
        let is_explained = checkpoints.begun() > self.emptied;
        if data_version == self.data_version {
            return Ok(true);
        }
        if !is_explained {
            return Ok(false);
        }
        *self = Version { data_version, emptied: done };
        let newest: u64 = transaction
            .prepare_cached("SELECT coalesce(max(seq), 0) FROM entry")?
            .query_row([], |row| row.get(0))?;
        Ok(newest <= head.get())
    }
}

/// See the module.
pub(super) struct Writer {
    pub(super) gauges: Arc<Gauges>,
    pub(super) path: PathBuf,
    pub(super) durability: Durability,
    /// `None` while the file cannot be opened for writing.
    pub(super) files: Option<Files>,
    /// The oldest entry that can be resumed after; that in the file may lag behind.
    pub(super) resume_point: Arc<AtomicU64>,
    /// The connection that others read from; opened and closed with the files.
    pub(super) reader: Arc<Mutex<Option<Connection>>>,
    pub(super) index: Index,
    pub(super) unswept: Unswept,
    /// Stored with the first commit of this run.
    pub(super) epoch: Option<Epoch>,
    pub(super) retention: Retention,
    pub(super) replica: Arc<dyn Replica>,
    pub(super) condition: watch::Sender<Condition>,
    /// Held as long as the log is open: keeps a second hub out.
    pub(super) _lock: File,
}

/// What a transaction came to.
struct Transaction {
    outcomes: Vec<Outcome>,
    commit: Commit,
    /// Whether content is void now, and has to go from the write-ahead log too.
    voids_content: bool,
}

/// Why nothing came of a transaction.
enum Failure {
    /// Nothing of it is stored.
    Rejected(rusqlite::Error),
    /// It failed while it was committed: whether it is stored will be seen when the file is opened again.
    Unknown(rusqlite::Error),
    /// Another program writes into the same database.
    ForeignWriter,
}

impl Writer {
    /// Commits commands if anything can be stored; an error is that of each.
    pub(super) fn carry_out<'a>(
        &mut self,
        commands: impl Iterator<Item = (&'a Command, Instant)>,
    ) -> Result<Vec<Outcome>, AppendError> {
        let unavailable = match &*self.condition.borrow() {
            Condition::Stopped(reason) => Some(reason.to_string()),
            condition if self.files.is_none() => condition.reason().map(ToString::to_string),
            _ => None,
        };
        if let Some(reason) = unavailable {
            return Err(AppendError::Unavailable { reason });
        }
        let outcomes = self.commit(commands).map_err(|failure| self.failed(&failure))?;
        self.set_condition(Condition::Ready);
        Ok(outcomes)
    }

    /// Carries out commands in one transaction: all of it is stored, or nothing.
    fn commit<'a>(
        &mut self,
        commands: impl Iterator<Item = (&'a Command, Instant)>,
    ) -> Result<Vec<Outcome>, Failure> {
        self.index.begin();
        let unswept = self.unswept.mark();
        match self.store(commands) {
            Ok(Transaction { outcomes, commit, voids_content }) => {
                self.index.commit();
                if !commit.entries.is_empty() {
                    self.epoch = None;
                }
                self.resume_point.store(commit.oldest_resume_point.get(), Ordering::Release);
                let is_empty = commit.entries.is_empty() && commit.dropped.is_empty();
                if !is_empty {
                    self.replica.apply(commit);
                    self.after_commit(voids_content);
                }
                Ok(outcomes)
            }
            Err(failure) => {
                self.index.roll_back();
                self.unswept.roll_back(unswept);
                Err(failure)
            }
        }
    }

    fn store<'a>(
        &mut self,
        commands: impl Iterator<Item = (&'a Command, Instant)>,
    ) -> Result<Transaction, Failure> {
        let Some(files) = self.files.as_mut() else { return Err(Failure::ForeignWriter) };
        let (index, now, began) = (&mut self.index, clock::now(), Instant::now());
        let transaction = files
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(Failure::Rejected)?;
        let head = index.positions().head;
        if !files.version.is_ours(&transaction, &files.checkpoints, head).map_err(Failure::Rejected)? {
            return Err(Failure::ForeignWriter);
        }
        let mut commit = Commit::default();
        let mut voids_content = false;
        let mut outcomes = Vec::new();
        let mut commands = commands.peekable();
        if let (Some(epoch), Some((_, accepted))) = (self.epoch, commands.peek()) {
            // First: the numbers from here on may have been given out in another history of this file.
            let step = index.append(Change::Epoch(epoch));
            rows::store(&transaction, &step).map_err(Failure::Rejected)?;
            commit.entries.push(step.entry);
            commit.accepted.push(*accepted);
        }
        for (command, accepted) in commands {
            commit.commands += 1;
            let planned = plan(&transaction, index, command, now).map_err(Failure::Rejected)?;
            let planned = match planned {
                Ok(planned) => planned,
                Err(refused) => {
                    outcomes.push(Err(refused));
                    continue;
                }
            };
            voids_content |= planned.steps.iter().any(|step| match step.entry.change.subject() {
                Subject::Notification(_) => step.voids.is_some(),
                Subject::Everything => true,
                Subject::ReadMark | Subject::Log => false,
            });
            commit.entries.extend(planned.steps.into_iter().map(|step| step.entry));
            commit.accepted.resize(commit.entries.len(), accepted);
            outcomes.push(Ok(planned.appended));
        }
        commit.dropped = index.retain(&self.retention, now);
        commit.oldest_resume_point = index.positions().oldest_resume_point;
        rows::keep_removals(&transaction, &commit.dropped, commit.oldest_resume_point)
            .map_err(Failure::Rejected)?;
        self.unswept.add(&commit);
        // Where there is room again, the next start would take for stored what was dropped.
        let sweeps = self.unswept.row_count() >= SWEEP_AT
            || (self.unswept.row_count() > 0 && !index.is_full(&self.retention));
        if sweeps {
            self.unswept.delete(&transaction).map_err(Failure::Rejected)?;
        }
        match transaction.commit() {
            Ok(()) => {
                if sweeps {
                    self.unswept.are_deleted();
                }
                commit.took = began.elapsed();
                Ok(Transaction { outcomes, commit, voids_content })
            }
            Err(error) if is_refusal(&error) => Err(Failure::Rejected(error)),
            Err(error) => Err(Failure::Unknown(error)),
        }
    }

    fn after_commit(&mut self, scrub: bool) {
        let Some(files) = &self.files else { return };
        if files.checkpoints.is_the_rest_small() {
            // While this thread does it nothing is added: the next commit begins the write-ahead log anew. Nothing is
            // lost if it fails: it is tried again.
            let _ = files.guard.checkpoint(|| checkpoint(&files.connection, "PASSIVE"));
        }
        files.checkpoints.committed(scrub);
    }

    /// What those who appended are told, and what it means for the log.
    fn failed(&mut self, failure: &Failure) -> AppendError {
        match failure {
            Failure::Rejected(error) => {
                self.set_condition(Condition::Degraded(describe(error).into()));
                AppendError::Rejected(describe(error))
            }
            Failure::Unknown(error) => {
                let reason = format!(
                    "a commit failed ({error}), and after that nothing can be trusted to reach the disk; nothing is \
                     stored until the hub is started again"
                );
                self.set_condition(Condition::Stopped(reason.into()));
                AppendError::Unknown(error.to_string())
            }
            Failure::ForeignWriter => {
                let name = self.path.display();
                let reason = format!(
                    "another program has written to {name}; nothing is stored until the hub is started again"
                );
                self.set_condition(Condition::Stopped(reason.as_str().into()));
                AppendError::Unavailable { reason }
            }
        }
    }

    fn set_condition(&self, condition: Condition) {
        set_condition(&self.condition, condition);
    }

    /// What is done from time to time.
    pub(super) fn tick(&mut self) {
        if matches!(*self.condition.borrow(), Condition::Stopped(_)) {
            return;
        }
        let Some(files) = &self.files else { return self.open_again() };
        if let Some(damage) = files.guard.find_damage() {
            let reason = format!("{damage}; nothing is stored until the hub is started again");
            return self.set_condition(Condition::Stopped(reason.into()));
        }
        if let Some((database, wal)) = files.guard.lengths() {
            self.gauges.note_sizes(database, wal);
        }
        let is_degraded = matches!(*self.condition.borrow(), Condition::Degraded(_));
        // An empty commit still takes the lock; only one that writes tells whether there is space again.
        let tried =
            if is_degraded { self.probe() } else { self.forget_old_keys().and_then(|()| self.sweep()) };
        if let Err(error) = tried {
            return self.set_condition(Condition::Degraded(describe(&error).into()));
        }
        self.set_condition(Condition::Ready);
    }

    /// Whether the disk takes a page.
    fn probe(&mut self) -> rusqlite::Result<()> {
        let Some(files) = self.files.as_mut() else { return Ok(()) };
        let transaction = files.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute("UPDATE log SET oldest_resume_point = oldest_resume_point", [])?;
        transaction.commit()
    }

    /// Deletes what retention has dropped.
    fn sweep(&mut self) -> rusqlite::Result<()> {
        let Some(files) = self.files.as_mut().filter(|_| !self.unswept.is_empty()) else { return Ok(()) };
        let transaction = files.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        self.unswept.delete(&transaction)?;
        transaction.commit()?;
        self.unswept.are_deleted();
        Ok(())
    }

    fn forget_old_keys(&mut self) -> rusqlite::Result<()> {
        let Some(files) = self.files.as_mut() else { return Ok(()) };
        let period_ms = i64::try_from(IDEMPOTENCY_PERIOD.as_millis()).unwrap_or(i64::MAX);
        let oldest_ms = clock::now().timestamp_millis().saturating_sub(period_ms);
        rows::forget_keys(&files.connection, MAX_IDEMPOTENCY_KEYS, oldest_ms, KEYS_FORGOTTEN_AT_A_TIME)
            .map(drop)
    }

    fn open_again(&mut self) {
        match open_files(&self.path, self.durability) {
            Ok((files, reader)) => {
                self.files = Some(files);
                *self.reader.lock().expect("no code panics while it holds the connection") = Some(reader);
                self.set_condition(Condition::Ready);
            }
            Err(error) => self.set_condition(Condition::Degraded(error.to_string().into())),
        }
    }
}

/// Says it once, when it changes. A log that has stopped stays so.
pub(super) fn set_condition(known: &watch::Sender<Condition>, condition: Condition) {
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

/// Opens the database for writing and for reading.
pub(super) fn open_files(
    path: &std::path::Path,
    durability: Durability,
) -> Result<(Files, Connection), schema::OpenError> {
    let sqlite = |error| schema::sqlite_error(path, error);
    let (mut connection, is_new) = schema::open(path, durability)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(sqlite)?;
    let data_version = data_version(&connection).map_err(sqlite)?;
    let reader = schema::open_again(path).map_err(sqlite)?;
    reader.pragma_update(None, "query_only", true).map_err(sqlite)?;
    let guard = Guard::new(path).map_err(|error| schema::OpenError::Directory(path.to_owned(), error))?;
    let guard = Arc::new(guard);
    let checkpoints = Checkpoints::start(path, Arc::clone(&guard)).map_err(sqlite)?;
    let frames = checkpoints.frames();
    connection
        .wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, count| {
            frames.store(u64::try_from(count).unwrap_or(0), Ordering::Release);
            Ok(())
        }))
        .map_err(sqlite)?;
    let version = Version { data_version, emptied: checkpoints.done() };
    Ok((Files { connection, guard, checkpoints, version, is_new }, reader))
}

fn data_version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))
}

/// Decides what a command changes, and stores it.
fn plan(
    connection: &Connection,
    index: &mut Index,
    command: &Command,
    now: DateTime<Utc>,
) -> rusqlite::Result<Result<Plan, AppendError>> {
    let key = match command {
        Command::Publish { draft, idempotency: Some(key) } => {
            let first = rows::first_use(connection, &key.key)?.filter(|first| first.is_remembered(now));
            if let Some(first) = first {
                return Ok(if first.is_for(key) {
                    Ok(Plan { appended: index.first_answer(draft, &first), ..Plan::default() })
                } else {
                    Err(AppendError::KeyReused)
                });
            }
            Some(key)
        }
        _ => None,
    };
    let plan = index.carry_out(command, now);
    for step in &plan.steps {
        rows::store(connection, step)?;
    }
    if let (Some(key), Some(notification)) = (key, &plan.appended.notification) {
        rows::remember(connection, key, notification.notification.id, now.timestamp_millis())?;
    }
    Ok(Ok(plan))
}

/// Whether a commit that failed so has certainly stored nothing. A write that failed leaves a frame whose checksum is
/// wrong, so that the transaction is not recovered; after a failed fsync nobody knows.
fn is_refusal(error: &rusqlite::Error) -> bool {
    let extended = error.sqlite_error().map(|error| error.extended_code);
    extended == Some(rusqlite::ffi::SQLITE_IOERR_WRITE)
        || matches!(
            error.sqlite_error_code(),
            Some(
                ErrorCode::DiskFull
                    | ErrorCode::DatabaseBusy
                    | ErrorCode::DatabaseLocked
                    | ErrorCode::ReadOnly
            )
        )
}

fn describe(error: &rusqlite::Error) -> String {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "the disk is full".into(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "another program holds the database".into()
        }
        Some(ErrorCode::ReadOnly) => "the database cannot be written: it is read-only".into(),
        _ => error.to_string(),
    }
}
