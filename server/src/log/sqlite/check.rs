//! Whether a database file is in order, seen by one who only reads: SQLite's own check, and what a log promises besides.
//! Works beside a running hub.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, OpenFlags, backup::Backup};

use super::{
    rows::{self, ENTRY_COLUMNS, entry_of_row},
    schema::{self, OpenError},
    writer::BUSY_TIMEOUT,
};
use crate::{
    event_id::{Epoch, Seq},
    log::{Change, Entry, Subject},
};

/// The most problems that are told.
const MAX_PROBLEMS: usize = 20;

/// What a database file holds.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// How many notifications are stored.
    pub notifications: u64,
    /// How many of them are open.
    pub open: u64,
    /// How many entries there are.
    pub entries: u64,
    /// The newest entry.
    pub head: Seq,
    /// The oldest entry that can be resumed after.
    pub oldest_resume_point: Seq,
    /// The stretches of the log: where each begins, and its name in event ids.
    pub epochs: Vec<(Seq, Epoch)>,
    /// What is not as it should be, at most a few of it; empty: the database is in order.
    pub problems: Vec<String>,
}

/// Looks through the whole of a database file and changes nothing. An error means that there is nothing of ours to look
/// at; what is wrong with a database of ours is among [`Report::problems`].
pub fn check(path: &Path) -> Result<Report, OpenError> {
    let sqlite = |error| schema::sqlite_error(path, error);
    let connection = open_read_only(path)?;
    let mut report = Report::default();
    // In one transaction: a hub may be writing meanwhile.
    connection.execute_batch("BEGIN").map_err(sqlite)?;
    if let Err(error) = check_pages(&connection, &mut report) {
        report.add(format!("it cannot be read: {error}"));
        return Ok(report);
    }
    let checked = if schema::is_up_to_date(&connection).map_err(sqlite)? {
        check_log(&connection, &mut report)
    } else {
        // As it will be once a hub has opened it.
        brought_up_to_date(&connection).and_then(|connection| check_log(&connection, &mut report))
    };
    if let Err(error) = checked {
        report.add(format!("it cannot be read: {error}"));
    }
    Ok(report)
}

/// Opens a database of ours so that nothing is written to it.
pub(super) fn open_read_only(path: &Path) -> Result<Connection, OpenError> {
    let sqlite = |error| schema::sqlite_error(path, error);
    match std::fs::metadata(path) {
        Ok(file) if file.len() == 0 => return Err(OpenError::Empty(path.to_owned())),
        Ok(_) => {}
        Err(error) => return Err(OpenError::Unreadable(path.to_owned(), error)),
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = if beside(path, "-wal").exists() {
        Connection::open_with_flags(path, flags)
    } else {
        // Nobody has it open. Otherwise SQLite would put files beside it that stay.
        let address = url::Url::from_file_path(std::path::absolute(path).unwrap_or_else(|_| path.to_owned()))
            .map_err(|()| OpenError::NotOurs(path.to_owned()))?;
        Connection::open_with_flags(format!("{address}?immutable=1"), flags | OpenFlags::SQLITE_OPEN_URI)
    }
    .map_err(sqlite)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(sqlite)?;
    schema::check_owner(&connection, path)?;
    if schema::is_new(&connection).map_err(sqlite)? {
        return Err(OpenError::NotOurs(path.to_owned()));
    }
    Ok(connection)
}

/// The path of a file that SQLite keeps beside a database.
pub(super) fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

impl Report {
    fn add(&mut self, problem: String) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(problem);
        }
    }
}

fn check_pages(connection: &Connection, report: &mut Report) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(&format!("PRAGMA integrity_check({MAX_PROBLEMS})"))?;
    let mut lines = statement.query([])?;
    while let Some(line) = lines.next()? {
        let line: String = line.get(0)?;
        if line != "ok" {
            report.add(line.replace('\n', " "));
        }
    }
    Ok(())
}

fn brought_up_to_date(connection: &Connection) -> rusqlite::Result<Connection> {
    let mut copy = Connection::open_in_memory()?;
    Backup::new(connection, &mut copy)?.step(-1)?;
    schema::migrate(&mut copy)?;
    Ok(copy)
}

fn check_log(connection: &Connection, report: &mut Report) -> rusqlite::Result<()> {
    report.oldest_resume_point = rows::oldest_resume_point(connection)?;
    let mut subjects = HashSet::new();
    let mut statement = connection.prepare(&format!("SELECT {ENTRY_COLUMNS} FROM entry ORDER BY seq"))?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        let (entry, published) = match entry_of_row(row) {
            Ok(entry) => entry,
            Err(error) => {
                let reason = match error {
                    rusqlite::Error::FromSqlConversionFailure(_, _, reason) => reason.to_string(),
                    other => other.to_string(),
                };
                report.add(format!("entry {}: {reason}", row.get::<_, i64>(0)?));
                continue;
            }
        };
        report.entries += 1;
        report.head = entry.seq;
        let id: Option<[u8; 16]> = row.get(2)?;
        check_entry(&entry, published, id, &mut subjects, report);
    }
    // An entry that was dropped may have been the newest.
    report.head = report.head.max(report.oldest_resume_point);
    if report.epochs.first().is_none_or(|(seq, _)| *seq > report.oldest_resume_point) {
        report.add("the name of its oldest event ids is missing: nobody could resume".into());
    }
    Ok(())
}

/// The rules of compaction: there is one entry about each notification, and none from before a clear.
fn check_entry(
    entry: &Entry,
    published: Seq,
    id: Option<[u8; 16]>,
    subjects: &mut HashSet<Subject>,
    report: &mut Report,
) {
    let seq = entry.seq;
    let subject = entry.change.subject();
    match &entry.change {
        Change::Put(encoded) => {
            report.notifications += 1;
            report.open += u64::from(encoded.notification.is_open());
            if id != Some(encoded.notification.id.into_bytes()) {
                report.add(format!("entry {seq} holds a notification of another id than it says"));
            }
            if published > seq {
                report.add(format!("entry {seq} revises what was published later, by entry {published}"));
            }
        }
        Change::Epoch(epoch) => {
            if report.epochs.iter().any(|(_, known)| known == epoch) {
                report.add(format!("entry {seq} begins the epoch {epoch} a second time"));
            }
            report.epochs.push((seq, *epoch));
            return;
        }
        Change::Clear => {
            if subjects.iter().any(|earlier| Subject::Everything.voids(*earlier)) {
                report
                    .add(format!("entry {seq} deletes all notifications, and there are some from before it"));
            }
        }
        Change::Remove(_) | Change::Read(_) => {}
    }
    if !subjects.insert(subject) {
        report.add(format!("entry {seq} voids an earlier one that is still there"));
    }
}
