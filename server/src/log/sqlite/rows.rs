//! Entries and idempotency keys as rows.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use uuid::Uuid;

use crate::{
    event_id::{Epoch, Seq},
    log::{
        Change, Dropped, Entry, Subject,
        idempotency::{FirstUse, IdempotencyKey},
        index::Step,
    },
    notification::EncodedNotification,
};

/// The columns that [`entry_of_row`] reads.
pub(super) const ENTRY_COLUMNS: &str = "seq, kind, notification_id, content, published";

/// An entry, and the entry that published what it puts.
pub(super) fn entry_of_row(row: &Row<'_>) -> rusqlite::Result<(Entry, Seq)> {
    let seq = Seq::new(row.get(0)?);
    let kind = row.get_ref(1)?.as_str()?;
    let id = || row.get(2).map(Uuid::from_bytes);
    let content = || row.get_ref(3).and_then(|content| Ok(content.as_str()?));
    let change = match kind {
        "put" => Change::Put(Arc::new(EncodedNotification::from_json(content()?).map_err(malformed)?)),
        "remove" => Change::Remove(id()?),
        "clear" => Change::Clear,
        "read" => Change::Read(id()?),
        "epoch" => Change::Epoch(content()?.parse::<Epoch>().map_err(malformed)?),
        unknown => return Err(malformed(format!("entry {seq} is of the unknown kind {unknown:?}"))),
    };
    let published = row.get::<_, Option<u64>>(4)?.map_or(seq, Seq::new);
    Ok((Entry { seq, change }, published))
}

fn malformed(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, error.into())
}

/// Stores an entry, and deletes what it voids.
pub(super) fn store(connection: &Connection, step: &Step) -> rusqlite::Result<()> {
    if let Some(voided) = step.voids {
        delete_entry(connection, voided)?;
    }
    if step.entry.change.subject() == Subject::Everything {
        connection
            .prepare_cached("DELETE FROM entry WHERE kind IN ('put', 'remove', 'clear')")?
            .execute([])?;
    }
    let (kind, id, published, content) = match &step.entry.change {
        Change::Put(encoded) => {
            ("put", Some(encoded.notification.id), Some(step.published.get()), Some(encoded.json_str()))
        }
        Change::Remove(id) => ("remove", Some(*id), None, None),
        Change::Clear => ("clear", None, None, None),
        Change::Read(through) => ("read", Some(*through), None, None),
        Change::Epoch(epoch) => ("epoch", None, None, Some(epoch.as_str())),
    };
    connection
        .prepare_cached(
            "INSERT INTO entry (seq, kind, notification_id, published, content) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![step.entry.seq.get(), kind, id.map(Uuid::into_bytes), published, content])
        .map(drop)
}

fn delete_entry(connection: &Connection, seq: Seq) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM entry WHERE seq = ?1")?.execute([seq.get()]).map(drop)
}

/// Turns revisions that retention has dropped into removals, where somebody may still resume over them.
pub(super) fn keep_removals(
    connection: &Connection,
    dropped: &[Dropped],
    point: Seq,
) -> rusqlite::Result<()> {
    for dropped in dropped.iter().filter(|dropped| dropped.is_revision && dropped.seq > point) {
        connection
            .prepare_cached(
                "UPDATE entry SET kind = 'remove', published = NULL, content = NULL WHERE seq = ?1",
            )?
            .execute([dropped.seq.get()])?;
    }
    Ok(())
}

/// Deletes the entries from `first` to `last`.
pub(super) fn delete_range(connection: &Connection, first: Seq, last: Seq) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM entry WHERE seq BETWEEN ?1 AND ?2")?
        .execute([first.get(), last.get()])
        .map(drop)
}

/// Moves the resume point; the removals that nobody resumes over any more go.
pub(super) fn set_oldest_resume_point(
    connection: &Connection,
    before: Seq,
    point: Seq,
) -> rusqlite::Result<()> {
    if before < point {
        connection
            .prepare_cached("DELETE FROM entry WHERE seq > ?1 AND seq <= ?2 AND kind IN ('remove', 'clear')")?
            .execute([before.get(), point.get()])?;
        connection.prepare_cached("UPDATE log SET oldest_resume_point = ?1")?.execute([point.get()])?;
    }
    Ok(())
}

/// Deletes the epochs that name no entry that can be resumed after any more.
pub(super) fn forget_epochs(connection: &Connection, point: Seq) -> rusqlite::Result<()> {
    connection
        .execute(
            "DELETE FROM entry WHERE kind = 'epoch'
                AND seq < (SELECT max(seq) FROM entry WHERE kind = 'epoch' AND seq <= ?1)",
            [point.get()],
        )
        .map(drop)
}

pub(super) fn oldest_resume_point(connection: &Connection) -> rusqlite::Result<Seq> {
    connection
        .prepare_cached("SELECT oldest_resume_point FROM log")?
        .query_row([], |row| row.get(0))
        .map(Seq::new)
}

pub(super) fn first_use(connection: &Connection, key: &str) -> rusqlite::Result<Option<FirstUse>> {
    connection
        .prepare_cached("SELECT fingerprint, notification_id, time_ms FROM idempotency_key WHERE key = ?1")?
        .query_row([key], |row| {
            Ok(FirstUse { fingerprint: row.get(0)?, id: Uuid::from_bytes(row.get(1)?), time_ms: row.get(2)? })
        })
        .optional()
}

pub(super) fn remember(
    connection: &Connection,
    key: &IdempotencyKey,
    id: Uuid,
    time_ms: i64,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO idempotency_key (key, fingerprint, notification_id, time_ms)
                VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![key.key, key.fingerprint, id.as_bytes(), time_ms])
        .map(drop)
}

/// Forgets at most `most` of the oldest keys: those beyond `max_keys`, and those used before `oldest_ms`.
pub(super) fn forget_keys(
    connection: &Connection,
    max_keys: u64,
    oldest_ms: i64,
    most: u32,
) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "DELETE FROM idempotency_key WHERE number IN (SELECT number FROM idempotency_key ORDER BY number LIMIT ?1)
                AND (time_ms < ?2 OR number <= (SELECT max(number) FROM idempotency_key) - ?3)",
        )?
        .execute(params![most, oldest_ms, max_keys])
}
