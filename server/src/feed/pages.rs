//! What lies behind the ring, read and encoded once for all who need it at that moment.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use tokio::sync::Semaphore;

use super::{encode::encode, read_model::ReadModel};
use crate::{
    event_id::Seq,
    log::{Log, ReadError},
    sse::frame::Frame,
};

/// How much of the log is read at a time, in bytes: a send costs per call, and what is read is held in memory.
const PAGE_BYTES: usize = 256 << 10;

/// How many pages are kept for others who need them.
const KEPT_PAGES: usize = 8;

/// Some frames of the log. It may begin before the entry that it was asked for after.
#[derive(Debug)]
pub struct Page {
    after: Seq,
    /// In order; numbers may be missing.
    pub frames: Vec<(Seq, Frame)>,
    /// How far it reaches: there is no other frame up to here.
    pub through: Seq,
}

impl Page {
    /// The frames after an entry.
    pub fn frames_after(&self, after: Seq) -> &[(Seq, Frame)] {
        &self.frames[self.frames.partition_point(|(seq, _)| *seq <= after)..]
    }
}

/// See the module.
pub(super) struct Pages {
    /// One reads at a time, and the others find what it has read.
    turn: Semaphore,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    pages: VecDeque<Arc<Page>>,
    /// Counts how often pages were forgotten: what was read before that is not kept.
    generation: u64,
}

impl Default for Pages {
    fn default() -> Self {
        Pages { turn: Semaphore::new(1), kept: Mutex::default() }
    }
}

impl Pages {
    /// Forgets what was read: something in it may have been voided.
    pub(super) fn forget(&self) {
        let mut kept = self.kept();
        kept.generation += 1;
        kept.pages.clear();
    }

    /// A page with what follows an entry.
    pub(super) async fn after(
        &self,
        log: &dyn Log,
        read_model: &ReadModel,
        after: Seq,
    ) -> Result<Arc<Page>, ReadError> {
        if let Some(page) = self.find(after) {
            return Ok(page);
        }
        let _turn = self.turn.acquire().await.map_err(|_| ReadError::Closed)?;
        if let Some(page) = self.find(after) {
            return Ok(page);
        }
        let generation = self.kept().generation;
        let read = log.read_after(after, PAGE_BYTES).await?;
        // What is stored and not yet applied here has no name yet; it is in the ring in a moment.
        let (epochs, head) = read_model.epochs();
        let known = read.entries.iter().filter(|entry| entry.seq <= head);
        let frames = known.filter_map(|entry| Some((entry.seq, encode(&epochs, entry)?))).collect();
        let page = Arc::new(Page { after, frames, through: read.through.min(head) });
        if page.through <= after {
            return Err(ReadError::Storage(format!("entries are missing after {after}")));
        }
        let mut kept = self.kept();
        if kept.generation == generation {
            kept.pages.push_back(Arc::clone(&page));
            if kept.pages.len() > KEPT_PAGES {
                kept.pages.pop_front();
            }
        }
        Ok(page)
    }

    fn find(&self, after: Seq) -> Option<Arc<Page>> {
        self.kept().pages.iter().find(|page| page.after <= after && after < page.through).cloned()
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().expect("no code panics while it holds the pages")
    }
}
