//! Backup and restore: copies of the database that are whole or not there at all.

use std::{
    fs::File,
    io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use rusqlite::{
    Connection,
    backup::{Backup, StepResult},
};
use tempfile::NamedTempFile;

use super::{
    check::{Report, beside, check, open_read_only},
    checkpoint::checkpoint,
    schema::{self, FILE_NAME, OpenError},
};
use crate::clock;

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// One of the files is not a database that can be read.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// What is to be copied is damaged.
    #[error("{0} is not in order ({1}); nothing was changed. `notifyhub-server check {0}` says more")]
    Damaged(PathBuf, String),
    /// There is a file of that name.
    #[error("{0} exists; choose another name, or replace it with --force")]
    Exists(PathBuf),
    /// Source and target are the same.
    #[error("{0} is the database itself; name another file")]
    Itself(PathBuf),
    /// SQLite cannot copy.
    #[error("cannot copy {0}: {1}; nothing was changed")]
    Sqlite(PathBuf, rusqlite::Error),
    /// The system cannot write the copy.
    #[error("cannot write {0}: {1}")]
    Write(PathBuf, io::Error),
}

/// Copies the database in `directory` to `target`, also while a hub writes to it: the copy is one moment's state. Says
/// what is in it.
pub fn back_up(directory: &Path, target: &Path, replaces: bool) -> Result<Report, CopyError> {
    let database = directory.join(FILE_NAME);
    if is_same_file(&database, target) {
        return Err(CopyError::Itself(target.to_owned()));
    }
    if !replaces && target.symlink_metadata().is_ok() {
        return Err(CopyError::Exists(target.to_owned()));
    }
    let (copy, report) = copy_checked(&database, folder_of(target))?;
    let failed = |error| CopyError::Write(target.to_owned(), error);
    let placed = if replaces { copy.persist(target) } else { copy.persist_noclobber(target) };
    placed.map_err(|error| match error.error.kind() {
        io::ErrorKind::AlreadyExists => CopyError::Exists(target.to_owned()),
        _ => failed(error.error),
    })?;
    sync_folder(folder_of(target)).map_err(failed)?;
    Ok(report)
}

/// Puts a copy in the place of the database in `directory`, where no hub may run. Says what is in it, and the name
/// under which the database that was there before is kept.
pub fn restore(directory: &Path, source: &Path) -> Result<(Report, Option<PathBuf>), CopyError> {
    let database = directory.join(FILE_NAME);
    if is_same_file(&database, source) {
        return Err(CopyError::Itself(source.to_owned()));
    }
    let report = check(source)?;
    if let Some(problem) = report.problems.into_iter().next() {
        return Err(CopyError::Damaged(source.to_owned(), problem));
    }
    let _lock = schema::lock_directory(directory)?;
    let (copy, report) = copy_checked(source, directory)?;
    let failed = |error| CopyError::Write(database.clone(), error);
    for file in [copy.path(), &directory.join(schema::LOCK_NAME)] {
        give_to_owner_of(directory, file).map_err(failed)?;
    }
    let kept = set_aside(&database).map_err(failed)?;
    copy.persist(&database).map_err(|error| failed(error.error))?;
    sync_folder(directory).map_err(failed)?;
    Ok((report, kept))
}

/// A copy in `folder`, for this user alone, on the disk and in order; it is gone again unless it is given a name.
fn copy_checked(source: &Path, folder: &Path) -> Result<(NamedTempFile, Report), CopyError> {
    let connection = open_read_only(source)?;
    let copy = tempfile::Builder::new()
        .prefix(".notifyhub-copy-")
        .tempfile_in(folder)
        .map_err(|error| CopyError::Write(folder.to_owned(), error))?;
    copy_pages(&connection, copy.path()).map_err(|error| CopyError::Sqlite(source.to_owned(), error))?;
    copy.as_file().sync_all().map_err(|error| CopyError::Write(copy.path().to_owned(), error))?;
    let report = check(copy.path())?;
    match report.problems.first() {
        Some(problem) => Err(CopyError::Damaged(source.to_owned(), problem.clone())),
        None => Ok((copy, report)),
    }
}

fn copy_pages(source: &Connection, target: &Path) -> rusqlite::Result<()> {
    let mut target = Connection::open(target)?;
    // If it fails there is no copy: it need not be able to go back.
    target.pragma_update_and_check(None, "journal_mode", "OFF", |_| Ok(()))?;
    target.pragma_update(None, "synchronous", "OFF")?;
    // All at once: what is written meanwhile would have it begin again.
    let step = Backup::new(source, &mut target)?.step(-1)?;
    if step != StepResult::Done {
        let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
        return Err(rusqlite::Error::SqliteFailure(code, Some("another program holds the database".into())));
    }
    // The copy is one file, also for those who cannot write beside it.
    target.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()))
}

/// Keeps the database under another name too, with what is in its write-ahead log: at every moment there is one under
/// its own name.
fn set_aside(database: &Path) -> io::Result<Option<PathBuf>> {
    if !database.exists() {
        return Ok(None);
    }
    let now = clock::now().format("%Y%m%dT%H%M%S%.3fZ");
    let kept = database.with_file_name(format!("notifyhub.before-restore-{now}.db"));
    let (wal, kept_wal) = (beside(database, "-wal"), beside(&kept, "-wal"));
    if wal.exists() {
        // Closing it takes in what is there; if it is damaged, both are kept as they are.
        let _ = Connection::open(database).and_then(|connection| checkpoint(&connection, "TRUNCATE"));
    }
    // Not every file system has links.
    std::fs::hard_link(database, &kept).or_else(|_| std::fs::copy(database, &kept).map(drop))?;
    File::open(&kept)?.sync_all()?;
    if wal.exists() {
        std::fs::rename(wal, kept_wal)?;
    }
    match std::fs::remove_file(beside(database, "-shm")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(Some(kept)),
    }
}

/// Root may restore what the hub's own user must be able to open.
fn give_to_owner_of(directory: &Path, file: &Path) -> io::Result<()> {
    let owner = std::fs::metadata(directory)?;
    if std::fs::metadata(file)?.uid() == owner.uid() {
        return Ok(());
    }
    std::os::unix::fs::chown(file, Some(owner.uid()), Some(owner.gid()))
}

fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    let identity = |path: &Path| std::fs::metadata(path).map(|file| (file.dev(), file.ino()));
    matches!((identity(one), identity(other)), (Ok(one), Ok(other)) if one == other)
}
