//! The file: who owns it, how it is opened, and what brings an older one up to date.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, TransactionBehavior};

use crate::event_id::Epoch;

/// The file's name in the data directory.
pub const FILE_NAME: &str = "notifyhub.db";

/// The name of the file that a hub holds locked.
pub(super) const LOCK_NAME: &str = "notifyhub.lock";

/// Marks the file as ours (`PRAGMA application_id`): "NHub" in ASCII.
const APPLICATION_ID: i32 = 0x4e48_7562;

/// What brings a file from each version of the schema to the next; `PRAGMA user_version` counts them.
/// Only ever add to the end.
const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE meta (
        epoch TEXT NOT NULL,
        oldest_resume_point INTEGER NOT NULL
    ) STRICT;
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
    ",
    "
    -- The kinds are those of rows.rs; an unknown one is refused there. A notification has one row: that of its newest
    -- entry. `published` is the entry that published it.
    CREATE TABLE entry_2 (
        seq INTEGER PRIMARY KEY,
        kind TEXT NOT NULL,
        notification_id BLOB,
        published INTEGER,
        content TEXT
    ) STRICT;
    INSERT INTO entry_2 (seq, kind, content) SELECT 0, 'epoch', epoch FROM meta;
    INSERT INTO entry_2 (seq, kind, notification_id, published, content)
        SELECT seq, 'put', notification_id, seq, json FROM entry WHERE kind = 'published';
    INSERT INTO entry_2 (seq, kind, notification_id)
        SELECT max(seq), 'remove', notification_id FROM entry WHERE kind = 'deleted'
            AND seq > (SELECT coalesce(max(seq), 0) FROM entry WHERE kind = 'cleared')
        GROUP BY notification_id;
    INSERT INTO entry_2 (seq, kind) SELECT max(seq), 'clear' FROM entry WHERE kind = 'cleared' HAVING count(*) > 0;
    DROP TABLE entry;
    ALTER TABLE entry_2 RENAME TO entry;

    CREATE TABLE log (
        oldest_resume_point INTEGER NOT NULL
    ) STRICT;
    INSERT INTO log SELECT oldest_resume_point FROM meta;
    DROP TABLE meta;

    CREATE TABLE idempotency_key_2 (
        number INTEGER PRIMARY KEY,
        key TEXT NOT NULL UNIQUE,
        fingerprint BLOB,
        notification_id BLOB NOT NULL,
        time_ms INTEGER NOT NULL
    ) STRICT;
    INSERT INTO idempotency_key_2 (key, notification_id, time_ms)
        SELECT key, unhex(replace(json_extract(json, '$.id'), '-', '')), created_ms
        FROM idempotency_key ORDER BY created_ms;
    DROP TABLE idempotency_key;
    ALTER TABLE idempotency_key_2 RENAME TO idempotency_key;
    ",
];

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
    /// There is a file, and nothing in it.
    #[error(
        "{0} is empty: it was cut off, or its disk was full. Put a copy in its place; or delete it, and what was \
         stored is lost"
    )]
    Empty(PathBuf),
    /// It is not there, or not for this user.
    #[error("cannot read the database {0}: {1}")]
    Unreadable(PathBuf, std::io::Error),
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
    /// SQLite cannot keep its write-ahead log there.
    #[error(
        "{path} cannot be used in WAL mode (SQLite stays in {mode:?} mode): the file system lacks shared memory, as \
         network file systems do; choose a --data-dir on a local disk"
    )]
    NoWal {
        /// The database.
        path: PathBuf,
        /// The mode that SQLite stays in.
        mode: String,
    },
    /// It cannot be read or written.
    #[error("the database {0} cannot be used ({1}); is the disk full?")]
    Disk(PathBuf, rusqlite::Error),
    /// SQLite says no.
    #[error("cannot open the database {0}: {1}")]
    Sqlite(PathBuf, rusqlite::Error),
}

/// Keeps a second hub out of the directory for as long as the file is held.
pub(super) fn lock_directory(directory: &Path) -> Result<File, OpenError> {
    let failed = |error| OpenError::Directory(directory.to_owned(), error);
    std::fs::create_dir_all(directory).map_err(failed)?;
    let file = File::create(directory.join(LOCK_NAME)).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {
            if let Err(error) = keep_private(directory) {
                tracing::warn!(%error, directory = %directory.display(),
                    "other users of this machine may be able to read what is stored");
            }
            Ok(file)
        }
        Err(std::fs::TryLockError::WouldBlock) => Err(OpenError::InUse(directory.to_owned())),
        Err(std::fs::TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// The start of the names of all files that the hub makes.
const FILE_PREFIX: &str = "notifyhub.";

/// Takes from other users what earlier versions let them read. New files are private by the process's file mode creation
/// mask; a directory that holds other files besides is somebody else's to decide about.
fn keep_private(directory: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let restrict = |path: &Path, mode| {
        let permissions = std::fs::metadata(path)?.permissions();
        let others_may = permissions.mode() % 0o100;
        if others_may == 0 {
            return Ok(());
        }
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
    };
    let mut has_only_ours = true;
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_name().as_encoded_bytes().starts_with(FILE_PREFIX.as_bytes()) {
            restrict(&entry.path(), 0o600)?;
        } else {
            has_only_ours = false;
        }
    }
    if has_only_ours { restrict(directory, 0o700) } else { Ok(()) }
}

/// Opens the database for writing, makes it where it is missing, and brings it up to date; says whether it is new.
pub(super) fn open(path: &Path, durability: Durability) -> Result<(Connection, bool), OpenError> {
    let sqlite = |error| sqlite_error(path, error);
    // SQLite itself takes an empty file for a new database.
    if std::fs::metadata(path).is_ok_and(|file| file.len() == 0) {
        return Err(OpenError::Empty(path.to_owned()));
    }
    let mut connection = Connection::open(path).map_err(sqlite)?;
    check_owner(&connection, path)?;
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0)).map_err(sqlite)?;
    if mode != "wal" {
        return Err(OpenError::NoWal { path: path.to_owned(), mode });
    }
    // In WAL mode FULL syncs the log at each commit; NORMAL only at checkpoints.
    let synchronous = match durability {
        Durability::Full => "FULL",
        Durability::Relaxed => "NORMAL",
    };
    let pragmas = [
        ("synchronous", synchronous),
        // What is removed is overwritten.
        ("secure_delete", "ON"),
        // Checkpoints have a thread of their own: a commit does not wait for one.
        ("wal_autocheckpoint", "0"),
    ];
    for (name, value) in pragmas {
        connection
            .pragma_update_and_check(None, name, value, |_| Ok(()))
            .or_else(ignore_no_rows)
            .map_err(sqlite)?;
    }
    let is_new = migrate(&mut connection).map_err(sqlite)?;
    Ok((connection, is_new))
}

/// Another connection to the same database, for a thread of its own.
pub(super) fn open_again(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection
        .pragma_update_and_check(None, "wal_autocheckpoint", "0", |_| Ok(()))
        .or_else(ignore_no_rows)?;
    Ok(connection)
}

pub(super) fn sqlite_error(path: &Path, error: rusqlite::Error) -> OpenError {
    match error {
        rusqlite::Error::SqliteFailure(code, _) if code.code == rusqlite::ErrorCode::NotADatabase => {
            OpenError::NotOurs(path.to_owned())
        }
        rusqlite::Error::SqliteFailure(code, _)
            if matches!(code.code, rusqlite::ErrorCode::DiskFull | rusqlite::ErrorCode::SystemIoFailure) =>
        {
            OpenError::Disk(path.to_owned(), error)
        }
        other => OpenError::Sqlite(path.to_owned(), other),
    }
}

fn ignore_no_rows(error: rusqlite::Error) -> rusqlite::Result<()> {
    match error {
        rusqlite::Error::QueryReturnedNoRows => Ok(()),
        other => Err(other),
    }
}

/// Refuses a file that is another program's or a newer version's before anything in it is touched.
pub(super) fn check_owner(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let sqlite = |error| sqlite_error(path, error);
    let pragma =
        |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0)).map_err(sqlite);
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(sqlite)?;
    if tables > 0 && pragma("application_id")? != APPLICATION_ID {
        return Err(OpenError::NotOurs(path.to_owned()));
    }
    let found = usize::try_from(pragma("user_version")?).unwrap_or(usize::MAX);
    if found > MIGRATIONS.len() {
        return Err(OpenError::Newer { path: path.to_owned(), found, known: MIGRATIONS.len() });
    }
    Ok(())
}

/// Whether there is nothing in it yet.
pub(super) fn is_new(connection: &Connection) -> rusqlite::Result<bool> {
    Ok(version(connection)? == 0)
}

/// Whether it has the newest schema.
pub(super) fn is_up_to_date(connection: &Connection) -> rusqlite::Result<bool> {
    Ok(version(connection)? == MIGRATIONS.len())
}

fn version(connection: &Connection) -> rusqlite::Result<usize> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Brings it up to date; says whether it is new.
pub(super) fn migrate(connection: &mut Connection) -> rusqlite::Result<bool> {
    let version = version(connection)?;
    if version == MIGRATIONS.len() {
        return Ok(false);
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if version == 0 {
        transaction.execute_batch(MIGRATIONS[0])?;
        transaction.execute(
            "INSERT INTO meta (epoch, oldest_resume_point) VALUES (?1, 0)",
            [Epoch::random().as_str()],
        )?;
    }
    for migration in &MIGRATIONS[version.max(1)..] {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", MIGRATIONS.len())?;
    transaction.commit()?;
    if version == 1 {
        // Version 1 did not overwrite what it deleted.
        connection.execute_batch("VACUUM")?;
    }
    Ok(version == 0)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A database as the first edition left it, with a few entries.
    pub(in crate::log::sqlite) fn version_1(path: &Path, fill: &str) {
        let connection = Connection::open(path).expect("opens");
        connection.execute_batch(MIGRATIONS[0]).expect("is made");
        connection.execute_batch(fill).expect("is filled");
        connection.pragma_update(None, "application_id", APPLICATION_ID).expect("is ours");
        connection.pragma_update(None, "user_version", 1).expect("is version 1");
    }

    #[test]
    fn what_is_not_ours_or_newer_is_left_alone() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join(FILE_NAME);
        let open = || super::open(&path, Durability::Relaxed).map(drop);
        std::fs::write(&path, "not a database, whatever its name says").expect("writes");
        assert!(matches!(open(), Err(OpenError::NotOurs(_))));
        std::fs::remove_file(&path).expect("removes");

        let other = Connection::open(&path).expect("opens");
        other.execute_batch("CREATE TABLE theirs (x)").expect("creates");
        drop(other);
        assert!(matches!(open(), Err(OpenError::NotOurs(_))));
        std::fs::remove_file(&path).expect("removes");

        open().expect("a new database");
        let newer = Connection::open(&path).expect("opens");
        newer.pragma_update(None, "user_version", MIGRATIONS.len() + 1).expect("updates");
        drop(newer);
        assert!(matches!(open(), Err(OpenError::Newer { found: 3, known: 2, .. })));
    }

    /// A database in memory stands for a file system on which SQLite cannot keep a write-ahead log.
    #[test]
    fn without_a_write_ahead_log_it_is_not_opened() {
        let opened = super::open(Path::new(":memory:"), Durability::Full).map(drop);
        let Err(error @ OpenError::NoWal { .. }) = opened else { panic!("{opened:?}") };
        assert!(error.to_string().contains("choose a --data-dir on a local disk"), "{error}");
    }
}
