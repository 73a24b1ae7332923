//! A log in one SQLite file. One thread writes: all appends that wait are one transaction and one fsync
//! (group commit), so the rate of durable appends grows with the number of those who append.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::{
    event_id::{Epoch, Seq},
    log::{
        BoxFuture, Change, Command, Commit, CommitSink, Entry, IDEMPOTENCY_PERIOD, Log, LogError, Outcome,
        ReadError, Retention, Snapshot,
    },
    notification::EncodedNotification,
};

/// The file's name in the data directory.
pub const FILE_NAME: &str = "notifyhub.db";

/// Marks the file as ours (`PRAGMA application_id`): "NHub" in ASCII.
const APPLICATION_ID: i32 = 0x4e48_7562;

/// What brings a file from each version of the schema to the next; `PRAGMA user_version` counts them.
/// Only ever add to the end.
const MIGRATIONS: &[&str] = &["
    CREATE TABLE meta (
        epoch TEXT NOT NULL,
        oldest_resume_point INTEGER NOT NULL
    ) STRICT;
    -- The published entries that are still stored hold their notification; one that was deleted since then
    -- has become an entry of kind 'deleted'.
    CREATE TABLE entry (
        seq INTEGER PRIMARY KEY,
        kind TEXT NOT NULL CHECK (kind IN ('published', 'deleted', 'cleared')),
        notification_id BLOB CHECK ((notification_id IS NULL) = (kind = 'cleared')),
        json TEXT CHECK ((json IS NOT NULL) = (kind = 'published'))
    ) STRICT;
    CREATE UNIQUE INDEX entry_by_id ON entry (notification_id) WHERE kind = 'published';
    CREATE INDEX entry_stored ON entry (seq) WHERE kind = 'published';
    CREATE TABLE idempotency_key (
        key TEXT PRIMARY KEY,
        json TEXT NOT NULL,
        created_ms INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX idempotency_key_by_age ON idempotency_key (created_ms);
"];

/// The most appends in one transaction: bounds how long the first of them waits for the others.
const MAX_BATCH: usize = 1024;

/// How often old idempotency keys are looked for.
const KEY_SWEEP_INTERVAL: Duration = Duration::from_mins(1);

/// What a 201 promises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Durability {
    /// The notification is on the disk (fsync) before it is acknowledged: it survives a power cut.
    #[default]
    Full,
    /// The notification is with the operating system: it survives a crash of the hub, not a power cut.
    Relaxed,
}

/// Why a database cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The directory cannot be made or written.
    #[error("cannot write to the data directory {0}: {1}")]
    Directory(PathBuf, std::io::Error),
    /// Another hub holds it.
    #[error(
        "another notifyhub-server is using the data directory {0}; stop it, or choose another --data-dir"
    )]
    InUse(PathBuf),
    /// It is something else's file.
    #[error("{0} is not a NotifyHub database; move it away, or choose another --data-dir")]
    NotOurs(PathBuf),
    /// It was written by a newer version.
    #[error(
        "{path} is from a newer version of NotifyHub (its schema is version {found}, this program knows up to \
         {known}); update notifyhub-server"
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its schema's version.
        found: usize,
        /// The newest version this program knows.
        known: usize,
    },
    /// SQLite says no.
    #[error("cannot open the database {0}: {1}")]
    Sqlite(PathBuf, rusqlite::Error),
}

/// An opened database whose writer does not run yet.
pub struct OpenedSqlite {
    writer: Connection,
    reader: Connection,
    /// Held as long as the log is open: keeps a second hub out.
    lock: std::fs::File,
    retention: Retention,
    oldest_resume_point: Seq,
    snapshot: Snapshot,
}

/// See the module.
pub struct SqliteLog {
    /// Gone once the log is closed; the writer then ends.
    requests: Mutex<Option<mpsc::Sender<Request>>>,
    writer: Mutex<Option<thread::JoinHandle<()>>>,
    /// Held for the length of one read, on a thread made for blocking.
    reader: Arc<Mutex<Connection>>,
    oldest_resume_point: Arc<AtomicU64>,
}

struct Request {
    command: Command,
    answer: oneshot::Sender<Result<Outcome, LogError>>,
}

impl OpenedSqlite {
    /// Opens the database in `directory`, making both where they are missing, and brings its schema up to
    /// date.
    pub fn open(directory: &Path, retention: Retention, durability: Durability) -> Result<Self, OpenError> {
        let lock = lock_directory(directory)?;
        let path = directory.join(FILE_NAME);
        let sqlite = |error| match error {
            rusqlite::Error::SqliteFailure(code, _) if code.code == rusqlite::ErrorCode::NotADatabase => {
                OpenError::NotOurs(path.clone())
            }
            other => OpenError::Sqlite(path.clone(), other),
        };
        let mut writer = Connection::open(&path).map_err(sqlite)?;
        check_owner(&writer, &path, sqlite)?;
        configure(&writer, durability).map_err(sqlite)?;
        migrate(&mut writer).map_err(sqlite)?;
        let snapshot = load(&mut writer, &retention).map_err(sqlite)?;
        let oldest_resume_point = read_oldest_resume_point(&writer).map_err(sqlite)?;
        let reader = Connection::open(&path).map_err(sqlite)?;
        reader.pragma_update(None, "query_only", true).map_err(sqlite)?;
        Ok(OpenedSqlite { writer, reader, lock, retention, oldest_resume_point, snapshot })
    }

    /// What the log holds.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Starts the writer thread.
    pub fn start(self, sink: CommitSink) -> SqliteLog {
        let oldest_resume_point = Arc::new(AtomicU64::new(self.oldest_resume_point.get()));
        let (requests, incoming) = mpsc::channel();
        let writer = Writer {
            stored: self.snapshot.notifications.len() as u64,
            head: self.snapshot.head,
            connection: self.writer,
            _lock: self.lock,
            retention: self.retention,
            oldest_resume_point: Arc::clone(&oldest_resume_point),
            sink,
            next_key_sweep_ms: 0,
        };
        let writer = thread::Builder::new()
            .name("log-writer".into())
            .spawn(move || writer.run(&incoming))
            .expect("a thread can be started while the program starts");
        SqliteLog {
            requests: Mutex::new(Some(requests)),
            writer: Mutex::new(Some(writer)),
            reader: Arc::new(Mutex::new(self.reader)),
            oldest_resume_point,
        }
    }
}

fn lock_directory(directory: &Path) -> Result<std::fs::File, OpenError> {
    let failed = |error| OpenError::Directory(directory.to_owned(), error);
    std::fs::create_dir_all(directory).map_err(failed)?;
    let file = std::fs::File::create(directory.join("notifyhub.lock")).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(OpenError::InUse(directory.to_owned())),
        Err(std::fs::TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// Refuses a file that is another program's or a newer version's before anything in it is touched.
fn check_owner(
    connection: &Connection,
    path: &Path,
    sqlite: impl Fn(rusqlite::Error) -> OpenError,
) -> Result<(), OpenError> {
    let pragma =
        |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0)).map_err(&sqlite);
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(&sqlite)?;
    if tables > 0 && pragma("application_id")? != APPLICATION_ID {
        return Err(OpenError::NotOurs(path.to_owned()));
    }
    let found = usize::try_from(pragma("user_version")?).unwrap_or(usize::MAX);
    if found > MIGRATIONS.len() {
        return Err(OpenError::Newer { path: path.to_owned(), found, known: MIGRATIONS.len() });
    }
    Ok(())
}

fn configure(connection: &Connection, durability: Durability) -> rusqlite::Result<()> {
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    // In WAL mode FULL syncs the log at each commit; NORMAL only at checkpoints.
    let synchronous = match durability {
        Durability::Full => "FULL",
        Durability::Relaxed => "NORMAL",
    };
    connection.pragma_update(None, "synchronous", synchronous)
}

fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let version: usize = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for migration in &MIGRATIONS[version..] {
        transaction.execute_batch(migration)?;
    }
    if version == 0 {
        transaction.execute(
            "INSERT INTO meta (epoch, oldest_resume_point) VALUES (?1, 0)",
            [Epoch::random().as_str()],
        )?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", MIGRATIONS.len())?;
    transaction.commit()
}

fn load(connection: &mut Connection, retention: &Retention) -> rusqlite::Result<Snapshot> {
    // The limit may be lower than when the notifications were stored.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let head = transaction
        .query_row("SELECT coalesce(max(seq), 0) FROM entry", [], |row| row.get(0))
        .map(Seq::new)?;
    let stored: u64 =
        transaction.query_row("SELECT count(*) FROM entry WHERE kind = 'published'", [], |row| row.get(0))?;
    retain(&transaction, retention, head, stored, read_oldest_resume_point(&transaction)?)?;
    transaction.commit()?;

    let epoch: String = connection.query_row("SELECT epoch FROM meta", [], |row| row.get(0))?;
    let epoch = epoch.parse().map_err(|error| malformed(Box::new(error)))?;
    let mut statement = connection.prepare(
        "SELECT seq, kind, notification_id, json FROM entry WHERE kind = 'published' ORDER BY seq",
    )?;
    let notifications = statement
        .query_map([], entry_of_row)?
        .filter_map(|entry| match entry {
            Ok(Entry { seq, change: Change::Published(notification) }) => Some(Ok((seq, notification))),
            Ok(_) => None,
            Err(error) => Some(Err(error)),
        })
        .collect::<rusqlite::Result<_>>()?;
    Ok(Snapshot { epoch, head, notifications })
}

fn read_oldest_resume_point(connection: &Connection) -> rusqlite::Result<Seq> {
    connection.query_row("SELECT oldest_resume_point FROM meta", [], |row| row.get(0)).map(Seq::new)
}

fn entry_of_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Entry> {
    let kind: String = row.get(1)?;
    let change = match kind.as_str() {
        "published" => {
            let json: String = row.get(3)?;
            let notification =
                EncodedNotification::from_json(json.into()).map_err(|error| malformed(Box::new(error)))?;
            Change::Published(Arc::new(notification))
        }
        "deleted" => Change::Deleted(Uuid::from_bytes(row.get(2)?)),
        _ => Change::Cleared,
    };
    Ok(Entry { seq: Seq::new(row.get(0)?), change })
}

fn malformed(error: Box<dyn std::error::Error + Send + Sync>) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, error)
}

/// What [`retain`] did.
struct Retained {
    dropped: u64,
    dropped_through: Seq,
    oldest_resume_point: Seq,
}

/// Drops the oldest notifications and the oldest entries beyond the limits.
fn retain(
    connection: &Connection,
    retention: &Retention,
    head: Seq,
    stored: u64,
    oldest_resume_point: Seq,
) -> rusqlite::Result<Retained> {
    let excess = stored.saturating_sub(retention.max_notifications.get());
    let dropped_through = if excess == 0 {
        Seq::START
    } else {
        let last: u64 = connection
            .prepare_cached("SELECT seq FROM entry WHERE kind = 'published' ORDER BY seq LIMIT 1 OFFSET ?1")?
            .query_row([excess - 1], |row| row.get(0))?;
        connection
            .prepare_cached("DELETE FROM entry WHERE kind = 'published' AND seq <= ?1")?
            .execute([last])?;
        Seq::new(last)
    };
    let point = oldest_resume_point.max(dropped_through).max(retention.oldest_resume_point(head));
    if point > oldest_resume_point {
        connection.prepare_cached("UPDATE meta SET oldest_resume_point = ?1")?.execute([point.get()])?;
        // Between the old point and the new one there may be deletes and clears; before the old one all that
        // is left is stored, except what was deleted since.
        connection
            .prepare_cached("DELETE FROM entry WHERE kind <> 'published' AND seq <= ?1 AND seq > ?2")?
            .execute([point.get(), oldest_resume_point.get()])?;
    }
    Ok(Retained { dropped: excess, dropped_through, oldest_resume_point: point })
}

/// The one thread that writes.
struct Writer {
    connection: Connection,
    _lock: std::fs::File,
    retention: Retention,
    head: Seq,
    /// How many notifications are stored.
    stored: u64,
    oldest_resume_point: Arc<AtomicU64>,
    sink: CommitSink,
    next_key_sweep_ms: i64,
}

/// What a transaction has come to so far; kept apart from the [`Writer`] until it is committed.
struct Batch {
    head: Seq,
    stored: u64,
    entries: Vec<Entry>,
    outcomes: Vec<Outcome>,
}

impl Writer {
    fn run(mut self, incoming: &mpsc::Receiver<Request>) {
        while let Ok(first) = incoming.recv() {
            let requests: Vec<Request> =
                std::iter::once(first).chain(incoming.try_iter().take(MAX_BATCH - 1)).collect();
            let commands = requests.iter().map(|request| &request.command);
            match self.commit(commands) {
                Ok(outcomes) => {
                    for (request, outcome) in requests.into_iter().zip(outcomes) {
                        // Whoever asked may have gone; the entry stays.
                        let _ = request.answer.send(Ok(outcome));
                    }
                }
                Err(error) => {
                    tracing::error!(%error, appends = requests.len(), "a transaction failed; nothing of it is stored");
                    for request in requests {
                        let _ = request.answer.send(Err(LogError::Storage(error.to_string())));
                    }
                }
            }
        }
    }

    fn commit<'a>(&mut self, commands: impl Iterator<Item = &'a Command>) -> rusqlite::Result<Vec<Outcome>> {
        let now_ms = unix_time_ms();
        let resume_point = Seq::new(self.oldest_resume_point.load(Ordering::Relaxed));
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if now_ms >= self.next_key_sweep_ms {
            forget_old_keys(&transaction, now_ms)?;
            self.next_key_sweep_ms = now_ms.saturating_add_unsigned(millis(KEY_SWEEP_INTERVAL));
        }
        let mut batch =
            Batch { head: self.head, stored: self.stored, entries: Vec::new(), outcomes: Vec::new() };
        for command in commands {
            let outcome = batch.apply(&transaction, command, resume_point, now_ms)?;
            batch.outcomes.push(outcome);
        }
        if batch.entries.is_empty() {
            return Ok(batch.outcomes);
        }
        let retained = retain(&transaction, &self.retention, batch.head, batch.stored, resume_point)?;
        transaction.commit()?;

        self.head = batch.head;
        self.stored = batch.stored - retained.dropped;
        self.oldest_resume_point.store(retained.oldest_resume_point.get(), Ordering::Relaxed);
        (self.sink)(Commit { entries: batch.entries, dropped_through: retained.dropped_through });
        Ok(batch.outcomes)
    }
}

impl Batch {
    fn apply(
        &mut self,
        connection: &Connection,
        command: &Command,
        resume_point: Seq,
        now_ms: i64,
    ) -> rusqlite::Result<Outcome> {
        match command {
            Command::Publish { notification, key } => {
                let json = std::str::from_utf8(&notification.json).expect("JSON is UTF-8");
                if let Some(key) = key {
                    if let Some(first) = first_answer(connection, key, now_ms)? {
                        return Ok(Outcome::Repeated(first));
                    }
                    connection
                        .prepare_cached("INSERT OR REPLACE INTO idempotency_key (key, json, created_ms) VALUES (?1, ?2, ?3)")?
                        .execute(params![key, json, now_ms])?;
                }
                connection
                    .prepare_cached(
                        "INSERT INTO entry (seq, kind, notification_id, json) VALUES (?1, 'published', ?2, ?3)",
                    )?
                    .execute(params![self.head.next().get(), notification.notification.id.as_bytes(), json])?;
                self.stored += 1;
                Ok(self.appended(Change::Published(Arc::clone(notification))))
            }
            Command::Delete(id) => {
                // One that is older than anyone can resume over leaves nothing behind.
                let removed = connection
                    .prepare_cached(
                        "DELETE FROM entry WHERE notification_id = ?1 AND kind = 'published' AND seq <= ?2",
                    )?
                    .execute(params![id.as_bytes(), resume_point.get()])?;
                let emptied = connection
                    .prepare_cached(
                        "UPDATE entry SET kind = 'deleted', json = NULL WHERE notification_id = ?1 AND kind = 'published'",
                    )?
                    .execute([id.as_bytes()])?;
                if removed + emptied == 0 {
                    return Ok(Outcome::Nothing);
                }
                connection
                    .prepare_cached(
                        "INSERT INTO entry (seq, kind, notification_id) VALUES (?1, 'deleted', ?2)",
                    )?
                    .execute(params![self.head.next().get(), id.as_bytes()])?;
                self.stored -= 1;
                Ok(self.appended(Change::Deleted(*id)))
            }
            Command::Clear if self.stored == 0 => Ok(Outcome::Nothing),
            Command::Clear => {
                connection
                    .prepare_cached("DELETE FROM entry WHERE kind = 'published' AND seq <= ?1")?
                    .execute([resume_point.get()])?;
                connection
                    .prepare_cached(
                        "UPDATE entry SET kind = 'deleted', json = NULL WHERE kind = 'published'",
                    )?
                    .execute([])?;
                connection
                    .prepare_cached("INSERT INTO entry (seq, kind) VALUES (?1, 'cleared')")?
                    .execute([self.head.next().get()])?;
                self.stored = 0;
                Ok(self.appended(Change::Cleared))
            }
        }
    }

    fn appended(&mut self, change: Change) -> Outcome {
        self.head = self.head.next();
        self.entries.push(Entry { seq: self.head, change });
        Outcome::Appended(self.head)
    }
}

fn first_answer(connection: &Connection, key: &str, now_ms: i64) -> rusqlite::Result<Option<Bytes>> {
    let json: Option<String> = connection
        .prepare_cached("SELECT json FROM idempotency_key WHERE key = ?1 AND created_ms >= ?2")?
        .query_row(params![key, oldest_key_ms(now_ms)], |row| row.get(0))
        .optional()?;
    Ok(json.map(Bytes::from))
}

fn forget_old_keys(connection: &Connection, now_ms: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM idempotency_key WHERE created_ms < ?1")?
        .execute([oldest_key_ms(now_ms)])
        .map(drop)
}

fn oldest_key_ms(now_ms: i64) -> i64 {
    now_ms.saturating_sub_unsigned(millis(IDEMPOTENCY_PERIOD))
}

fn unix_time_ms() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Log for SqliteLog {
    fn append(&self, command: Command) -> BoxFuture<'_, Result<Outcome, LogError>> {
        let (answer, answered) = oneshot::channel();
        let requests = self.requests.lock().expect("no one panics with the sender in hand");
        // Unbounded, but each waiting request holds at most one place.
        let sent =
            requests.as_ref().is_some_and(|requests| requests.send(Request { command, answer }).is_ok());
        Box::pin(async move {
            if !sent {
                return Err(LogError::Closed);
            }
            answered.await.unwrap_or(Err(LogError::Closed))
        })
    }

    fn read_after(&self, after: Seq, limit: usize) -> BoxFuture<'_, Result<Vec<Entry>, ReadError>> {
        let reader = Arc::clone(&self.reader);
        Box::pin(async move {
            let read = move || {
                let mut reader = reader.lock().expect("no one panics with the reader in hand");
                read_entries_after(&mut reader, after, limit)
            };
            match tokio::task::spawn_blocking(read).await {
                Ok(Ok(Some(entries))) => Ok(entries),
                Ok(Ok(None)) => Err(ReadError::Expired),
                Ok(Err(error)) => Err(LogError::Storage(error.to_string()).into()),
                Err(_) => Err(LogError::Closed.into()),
            }
        })
    }

    fn oldest_resume_point(&self) -> Seq {
        Seq::new(self.oldest_resume_point.load(Ordering::Relaxed))
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        drop(self.requests.lock().expect("no one panics with the sender in hand").take());
        let writer = self.writer.lock().expect("no one panics with the handle in hand").take();
        Box::pin(async move {
            if let Some(writer) = writer {
                let ended = tokio::task::spawn_blocking(move || writer.join()).await;
                if !matches!(ended, Ok(Ok(()))) {
                    tracing::error!("the log's writer thread ended in a panic");
                }
            }
        })
    }
}

/// `None`: entries after `after` are no longer kept. Both are read in one transaction, so that retention
/// cannot make a gap between them.
fn read_entries_after(
    connection: &mut Connection,
    after: Seq,
    limit: usize,
) -> rusqlite::Result<Option<Vec<Entry>>> {
    let transaction = connection.transaction()?;
    if after < read_oldest_resume_point(&transaction)? {
        return Ok(None);
    }
    let mut statement = transaction.prepare_cached(
        "SELECT seq, kind, notification_id, json FROM entry WHERE seq > ?1 ORDER BY seq LIMIT ?2",
    )?;
    statement.query_map(params![after.get(), limit], entry_of_row)?.collect::<rusqlite::Result<_>>().map(Some)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use chrono::Utc;

    use super::*;
    use crate::notification::NewNotification;

    fn open(directory: &Path, max_notifications: u64) -> Result<OpenedSqlite, OpenError> {
        let retention = Retention::keeping(NonZeroU64::new(max_notifications).expect("not zero"));
        OpenedSqlite::open(directory, retention, Durability::Relaxed)
    }

    fn publish(message: &str, key: Option<&str>) -> Command {
        let new = NewNotification { message: message.into(), ..NewNotification::default() };
        let notification = Arc::new(EncodedNotification::new(new.accept(Utc::now()).expect("valid")));
        Command::Publish { notification, key: key.map(Into::into) }
    }

    /// Opens, appends and closes again.
    async fn run(directory: &Path, commands: impl IntoIterator<Item = Command>) -> Vec<Outcome> {
        let log = open(directory, 100).expect("opens").start(Box::new(drop));
        let mut outcomes = Vec::new();
        for command in commands {
            outcomes.push(log.append(command).await.expect("the log takes it"));
        }
        log.close().await;
        outcomes
    }

    fn messages(opened: &OpenedSqlite) -> Vec<&str> {
        opened
            .snapshot
            .notifications
            .iter()
            .map(|(_, encoded)| encoded.notification.message.as_str())
            .collect()
    }

    #[tokio::test]
    async fn a_restart_finds_everything_and_goes_on_counting() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        run(directory.path(), [publish("a", None), publish("b\0\r\n🎉", None)]).await;
        let first = open(directory.path(), 100).expect("opens again");
        assert_eq!(messages(&first), ["a", "b\0\r\n🎉"]);
        let epoch = first.snapshot.epoch;
        drop(first);
        assert_eq!(run(directory.path(), [publish("c", None)]).await, [Outcome::Appended(Seq::new(3))]);
        assert_eq!(open(directory.path(), 100).expect("opens").snapshot.epoch, epoch);
    }

    #[tokio::test]
    async fn a_lower_limit_counts_from_the_next_start() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        run(directory.path(), ["a", "b", "c"].map(|message| publish(message, None))).await;
        let opened = open(directory.path(), 1).expect("opens");
        assert_eq!(messages(&opened), ["c"]);
        assert_eq!(opened.oldest_resume_point, Seq::new(2));
    }

    #[tokio::test]
    async fn a_key_is_remembered_across_a_restart_and_forgotten_after_its_time() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        run(directory.path(), [publish("a", Some("key"))]).await;
        let outcomes = run(directory.path(), [publish("b", Some("key"))]).await;
        assert!(matches!(outcomes[..], [Outcome::Repeated(_)]));

        let connection = Connection::open(directory.path().join(FILE_NAME)).expect("opens");
        let aged = "UPDATE idempotency_key SET created_ms = created_ms - 24 * 60 * 60 * 1000 - 1";
        connection.execute(aged, []).expect("updates");
        drop(connection);
        assert_eq!(
            run(directory.path(), [publish("c", Some("key"))]).await,
            [Outcome::Appended(Seq::new(2))]
        );
    }

    #[tokio::test]
    async fn nothing_of_a_failed_transaction_is_stored_or_told() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let (told, heard) = mpsc::channel();
        let log = open(directory.path(), 100).expect("opens").start(Box::new(move |commit| {
            told.send(commit).expect("the test listens");
        }));
        // The same id twice breaks the table's own rule.
        let twice = publish("a", None);
        assert!(log.append(twice.clone()).await.is_ok());
        assert!(matches!(log.append(twice).await, Err(LogError::Storage(_))));
        assert_eq!(
            log.append(publish("b", None)).await.expect("works again"),
            Outcome::Appended(Seq::new(2))
        );
        log.close().await;
        assert_eq!(heard.iter().map(|commit| commit.entries.len()).sum::<usize>(), 2);
        assert_eq!(messages(&open(directory.path(), 100).expect("opens")), ["a", "b"]);
    }

    #[test]
    fn two_hubs_cannot_share_a_directory() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let _first = open(directory.path(), 100).expect("opens");
        assert!(matches!(open(directory.path(), 100).map(drop), Err(OpenError::InUse(_))));
    }

    #[test]
    fn what_is_not_ours_or_newer_is_left_alone() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join(FILE_NAME);
        std::fs::write(&path, "not a database, whatever its name says").expect("writes");
        assert!(matches!(open(directory.path(), 100).map(drop), Err(OpenError::NotOurs(_))));
        std::fs::remove_file(&path).expect("removes");

        let other = Connection::open(&path).expect("opens");
        other.execute_batch("CREATE TABLE theirs (x)").expect("creates");
        drop(other);
        assert!(matches!(open(directory.path(), 100).map(drop), Err(OpenError::NotOurs(_))));
        std::fs::remove_file(&path).expect("removes");

        drop(open(directory.path(), 100).expect("a new database"));
        let newer = Connection::open(&path).expect("opens");
        newer.pragma_update(None, "user_version", MIGRATIONS.len() + 1).expect("updates");
        drop(newer);
        assert!(matches!(
            open(directory.path(), 100).map(drop),
            Err(OpenError::Newer { found: 2, known: 1, .. })
        ));
    }
}
