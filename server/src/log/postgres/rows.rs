//! The log as rows: entries, and what a transaction changes of them.

use std::{collections::BTreeMap, num::NonZeroU64, sync::Arc, time::Duration};

use tokio_postgres::Row;
use uuid::Uuid;

use crate::{
    event_id::{Epoch, Seq},
    log::{Change, Dropped, Entry, Retention, Subject, index::Step},
    notification::EncodedNotification,
};

/// The columns that [`entry_of`] reads.
pub(super) const ENTRY_COLUMNS: &str = "seq, kind, notification_id, content, published";

/// The columns that [`State::of`] reads.
pub(super) const LOG_COLUMNS: &str =
    "head, newest_id, oldest_resume_point, drops, dropped_through, epoch_seq, epoch,
    incarnation, max_notifications, max_entries, max_age_ms";

/// The row of the table `log`.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) head: Seq,
    pub(super) newest_id: Uuid,
    pub(super) oldest_resume_point: Seq,
    pub(super) drops: i64,
    pub(super) dropped_through: Uuid,
    pub(super) epoch_seq: Seq,
    pub(super) epoch: Option<Epoch>,
    pub(super) incarnation: String,
    pub(super) retention: Retention,
}

impl State {
    pub(super) fn of(row: &Row) -> Result<Self, tokio_postgres::Error> {
        let milliseconds = |ms: i64| Duration::from_millis(u64::try_from(ms).unwrap_or(u64::MAX));
        let limit = |limit: i64| u64::try_from(limit).unwrap_or(1);
        Ok(State {
            head: seq(row.try_get(0)?),
            newest_id: row.try_get(1)?,
            oldest_resume_point: seq(row.try_get(2)?),
            drops: row.try_get(3)?,
            dropped_through: row.try_get(4)?,
            epoch_seq: seq(row.try_get(5)?),
            epoch: row.try_get::<_, &str>(6)?.parse().ok(),
            incarnation: row.try_get(7)?,
            retention: Retention {
                max_notifications: NonZeroU64::new(limit(row.try_get(8)?)).unwrap_or(NonZeroU64::MIN),
                max_entries: limit(row.try_get(9)?),
                max_age: row.try_get::<_, Option<i64>>(10)?.map(milliseconds),
            },
        })
    }
}

/// `max_notifications`, `max_entries` and `max_age_ms`.
pub(super) fn of_retention(retention: &Retention) -> (i64, i64, Option<i64>) {
    let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let age = retention.max_age.map(|age| i64::try_from(age.as_millis()).unwrap_or(i64::MAX).max(1));
    (number(retention.max_notifications.get()), number(retention.max_entries), age)
}

/// As a number of the database.
pub(super) fn number(seq: Seq) -> i64 {
    i64::try_from(seq.get()).unwrap_or(i64::MAX)
}

fn seq(number: i64) -> Seq {
    Seq::new(u64::try_from(number).unwrap_or(0))
}

/// An entry, and the entry that published what it puts.
pub(super) fn entry_of(row: &Row) -> Result<(Entry, Seq), String> {
    let describe = |error: tokio_postgres::Error| super::failure::describe(&error);
    let number = seq(row.try_get(0).map_err(describe)?);
    let kind: &str = row.try_get(1).map_err(describe)?;
    let id = || row.try_get::<_, Uuid>(2).map_err(describe);
    let content = || row.try_get::<_, &str>(3).map_err(describe);
    let malformed = |error: &dyn std::fmt::Display| format!("entry {number} cannot be read: {error}");
    let change = match kind {
        "put" => {
            let encoded = EncodedNotification::from_json(content()?).map_err(|error| malformed(&error))?;
            Change::Put(Arc::new(encoded))
        }
        "remove" => Change::Remove(id()?),
        "clear" => Change::Clear,
        "read" => Change::Read(id()?),
        "epoch" => Change::Epoch(content()?.parse().map_err(|error| malformed(&error))?),
        unknown => return Err(malformed(&format_args!("it is of the unknown kind {unknown:?}"))),
    };
    let published = row.try_get::<_, Option<i64>>(4).map_err(describe)?.map_or(number, seq);
    Ok((Entry { seq: number, change }, published))
}

/// What a transaction changes of the table of entries, as few statements as there are kinds of them.
#[derive(Debug, Default)]
pub(super) struct Changes {
    new: BTreeMap<i64, NewRow>,
    /// Rows to delete.
    pub(super) deleted: Vec<i64>,
    /// Rows that become removals.
    pub(super) removals: Vec<i64>,
    /// Whether every row about notifications goes first.
    pub(super) clears: bool,
}

#[derive(Debug)]
struct NewRow {
    kind: &'static str,
    notification_id: Option<Uuid>,
    published: Option<i64>,
    content: Option<String>,
}

/// New rows, column by column.
#[derive(Debug, Default)]
pub(super) struct Columns {
    pub(super) seq: Vec<i64>,
    pub(super) kind: Vec<&'static str>,
    pub(super) notification_id: Vec<Option<Uuid>>,
    pub(super) published: Vec<Option<i64>>,
    pub(super) content: Vec<Option<String>>,
}

impl Changes {
    /// Adds an entry, and what it voids.
    pub(super) fn add(&mut self, step: &Step) {
        if let Some(voided) = step.voids {
            self.delete(voided);
        }
        if step.entry.change.subject() == Subject::Everything {
            self.new.retain(|_, row| matches!(row.kind, "read" | "epoch"));
            self.clears = true;
        }
        let (kind, notification_id, content) = match &step.entry.change {
            Change::Put(encoded) => {
                ("put", Some(encoded.notification.id), Some(encoded.json_str().to_owned()))
            }
            Change::Remove(id) => ("remove", Some(*id), None),
            Change::Clear => ("clear", None, None),
            Change::Read(through) => ("read", Some(*through), None),
            Change::Epoch(epoch) => ("epoch", None, Some(epoch.as_str().to_owned())),
        };
        let published = (kind == "put").then(|| number(step.published));
        self.new.insert(number(step.entry.seq), NewRow { kind, notification_id, published, content });
    }

    /// Adds what retention has dropped. Revisions that somebody may still resume over become removals.
    pub(super) fn drop(&mut self, dropped: &[Dropped], point: Seq) {
        for dropped in dropped {
            if !dropped.is_revision || dropped.seq <= point {
                self.delete(dropped.seq);
                continue;
            }
            match self.new.get_mut(&number(dropped.seq)) {
                Some(row) => {
                    *row = NewRow { kind: "remove", published: None, content: None, ..*row };
                }
                None => self.removals.push(number(dropped.seq)),
            }
        }
    }

    fn delete(&mut self, seq: Seq) {
        if self.new.remove(&number(seq)).is_none() {
            self.deleted.push(number(seq));
        }
    }

    /// The rows to insert.
    pub(super) fn columns(self) -> Columns {
        let mut columns = Columns::default();
        for (seq, row) in self.new {
            columns.seq.push(seq);
            columns.kind.push(row.kind);
            columns.notification_id.push(row.notification_id);
            columns.published.push(row.published);
            columns.content.push(row.content);
        }
        columns
    }
}
