//! Sending what waits: in its order, by one program at a time, each once. A file is removed after the hub has answered; one
//! whose answer was lost is sent again under its name, which the hub knows for a day.

use std::{
    fs::{self, File, TryLockError},
    io::{self, ErrorKind},
    time::{Duration, Instant},
};

use notifyhub_sdk::Client;

use super::{Entry, Spool, WRITE_LOCK};
use crate::hub::{
    delivery::Delivery,
    request::{Patience, RequestError, deliver},
};

/// Held by who sends.
const SEND_LOCK: &str = "send.lock";

/// How long a hub knows the names of deliveries (docs/PROTOCOL.md), with room for the difference of two clocks.
const KNOWN_FOR: Duration = Duration::from_hours(23);

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Flushed {
    /// How many the hub has taken.
    pub(crate) sent: usize,
    /// Why each of those was put aside that never will be.
    pub(crate) refused: Vec<String>,
    /// Why it ended before all was sent.
    pub(crate) stopped: Option<Stopped>,
}

impl Stopped {
    /// Why, at this address.
    pub(crate) fn told(&self, address: &str) -> String {
        match self {
            Stopped::Busy => "another program is sending what waits".to_owned(),
            Stopped::Late => "the time was over".to_owned(),
            Stopped::Failed(error) => error.told(address),
            Stopped::Unreadable(error) => format!("the spool cannot be read or written: {error}"),
        }
    }
}

/// Why not all was sent.
#[derive(Debug)]
pub(crate) enum Stopped {
    /// Another program is sending.
    Busy,
    /// The time was over.
    Late,
    /// The hub could not be reached, say.
    Failed(RequestError),
    /// The spool cannot be read or written.
    Unreadable(io::Error),
}

impl Spool {
    /// Sends what waits. Without patience for another attempt it ends with the first that fails.
    pub(crate) async fn flush(&self, hub: &Client, patience: Patience) -> Flushed {
        let mut flushed = Flushed::default();
        let deadline = Instant::now().checked_add(patience.total);
        if let Err(stopped) = self.send_all(hub, patience.again, deadline, &mut flushed).await {
            flushed.stopped = Some(stopped);
        }
        flushed
    }

    async fn send_all(
        &self,
        hub: &Client,
        again: bool,
        deadline: Option<Instant>,
        flushed: &mut Flushed,
    ) -> Result<(), Stopped> {
        if self.is_empty() {
            return Ok(());
        }
        let left =
            || deadline.map_or(Duration::MAX, |deadline| deadline.saturating_duration_since(Instant::now()));
        let sending = self.lock_for_sending(again, left).await?;
        while let Some(entries) = self.next_ones(&sending).map_err(Stopped::Unreadable)? {
            for entry in entries {
                if left().is_zero() {
                    return Err(Stopped::Late);
                }
                self.send_one(hub, entry, Patience { total: left(), again }, flushed).await?;
            }
        }
        Ok(())
    }

    async fn lock_for_sending(&self, again: bool, left: impl Fn() -> Duration) -> Result<File, Stopped> {
        let file = self.lock_file(SEND_LOCK).map_err(Stopped::Unreadable)?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) if again && !left().is_zero() => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                Err(TryLockError::WouldBlock) => return Err(Stopped::Busy),
                Err(TryLockError::Error(error)) => return Err(Stopped::Unreadable(error)),
            }
        }
    }

    /// What waits now. If that is nothing, the lock for sending is given back before anybody can write: whoever finds it
    /// taken can rely on its holder to send what was written before.
    fn next_ones(&self, sending: &File) -> io::Result<Option<Vec<Entry>>> {
        let _lock = self.lock(WRITE_LOCK)?;
        let entries = self.entries()?;
        if entries.is_empty() {
            sending.unlock()?;
            return Ok(None);
        }
        Ok(Some(entries))
    }

    async fn send_one(
        &self,
        hub: &Client,
        entry: Entry,
        patience: Patience,
        flushed: &mut Flushed,
    ) -> Result<(), Stopped> {
        let delivery = match self.read(&entry) {
            Ok(delivery) => delivery,
            // Dropped in the meantime.
            Err(_) if !self.path(&entry).exists() => return Ok(()),
            Err(reason) => return self.refuse(&entry, Err(reason.clone()), reason, flushed),
        };
        if entry.was_tried && delivery.age() > KNOWN_FOR {
            let reason = "its answer was lost, and the hub no longer knows whether it has it".to_owned();
            return self.refuse(&entry, Ok(delivery), reason, flushed);
        }
        let tried = match self.rename(&entry, true) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            renamed => renamed.map_err(Stopped::Unreadable)?,
        };
        match deliver(hub, &delivery, patience, |_| ()).await {
            Ok(_) => {
                super::remove(&self.path(&tried)).map_err(Stopped::Unreadable)?;
                flushed.sent += 1;
                Ok(())
            }
            Err(RequestError::Refused(reason)) => self.refuse(&tried, Ok(delivery), reason, flushed),
            Err(error) => {
                if !error.may_be_done() {
                    self.rename(&tried, entry.was_tried).map_err(Stopped::Unreadable)?;
                }
                Err(Stopped::Failed(error))
            }
        }
    }

    fn refuse(
        &self,
        entry: &Entry,
        delivery: Result<Delivery, String>,
        reason: String,
        flushed: &mut Flushed,
    ) -> Result<(), Stopped> {
        // What cannot be read is nothing to look at.
        let aside = delivery.map_or(Ok(()), |delivery| self.set_aside(delivery, reason.clone()));
        aside.and_then(|()| super::remove(&self.path(entry))).map_err(Stopped::Unreadable)?;
        flushed.refused.push(reason);
        Ok(())
    }

    /// Marks an entry as sent once, or as never sent.
    fn rename(&self, entry: &Entry, was_tried: bool) -> io::Result<Entry> {
        let renamed = Entry { was_tried, ..entry.clone() };
        if renamed != *entry {
            fs::rename(self.path(entry), self.path(&renamed))?;
        }
        Ok(renamed)
    }
}
