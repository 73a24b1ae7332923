//! Reading entries: a connection of its own, one read at a time.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};

use rusqlite::{Connection, params};
use tokio::sync::Semaphore;

use super::rows::{self, ENTRY_COLUMNS, entry_of_row};
use crate::{
    event_id::Seq,
    log::{EntryPage, ReadError, approximate_bytes},
};

/// See the module.
pub(super) struct Reader {
    /// Held for the length of one read, on a thread made for blocking. `None` while the file cannot be opened.
    connection: Arc<Mutex<Option<Connection>>>,
    /// The oldest entry that can be resumed after; that in the file may lag behind.
    resume_point: Arc<AtomicU64>,
    /// One read at a time: whoever waits for its turn holds no thread.
    turn: Semaphore,
}

impl Reader {
    pub(super) fn new(connection: Arc<Mutex<Option<Connection>>>, resume_point: Arc<AtomicU64>) -> Self {
        Reader { connection, resume_point, turn: Semaphore::new(1) }
    }

    pub(super) async fn read_after(&self, after: Seq, max_bytes: usize) -> Result<EntryPage, ReadError> {
        let _turn = self.turn.acquire().await.map_err(|_| ReadError::Closed)?;
        let connection = Arc::clone(&self.connection);
        if after.get() < self.resume_point.load(Ordering::Acquire) {
            return Err(ReadError::Expired);
        }
        let read = move || {
            let mut connection = connection.lock().expect("no code panics while it holds the connection");
            let Some(connection) = connection.as_mut() else {
                return Err(ReadError::Storage("the database is not open".into()));
            };
            match read_page(connection, after, max_bytes) {
                Ok(Some(page)) => Ok(page),
                Ok(None) => Err(ReadError::Expired),
                Err(error) => Err(ReadError::Storage(error.to_string())),
            }
        };
        tokio::task::spawn_blocking(read).await.unwrap_or(Err(ReadError::Closed))
    }
}

/// `None`: entries after `after` are no longer kept. All is read in one transaction, so that retention cannot make a
/// gap between.
fn read_page(
    connection: &mut Connection,
    after: Seq,
    max_bytes: usize,
) -> rusqlite::Result<Option<EntryPage>> {
    let transaction = connection.transaction()?;
    if after < rows::oldest_resume_point(&transaction)? {
        return Ok(None);
    }
    let mut entries = Vec::new();
    let mut bytes = 0;
    let query = format!("SELECT {ENTRY_COLUMNS} FROM entry WHERE seq > ?1 ORDER BY seq");
    let mut statement = transaction.prepare_cached(&query)?;
    let mut found = statement.query(params![after.get()])?;
    let mut is_everything = true;
    while let Some(row) = found.next()? {
        if bytes >= max_bytes {
            is_everything = false;
            break;
        }
        let (entry, _) = entry_of_row(row)?;
        bytes += approximate_bytes(&entry.change);
        entries.push(entry);
    }
    let last = entries.last().map_or(after, |entry| entry.seq);
    drop(found);
    let through = if is_everything {
        let head: u64 = transaction
            .prepare_cached("SELECT coalesce(max(seq), 0) FROM entry")?
            .query_row([], |row| row.get(0))?;
        last.max(Seq::new(head))
    } else {
        last
    };
    drop(statement);
    Ok(Some(EntryPage { entries, through }))
}
