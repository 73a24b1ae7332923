//! One subscriber's place in the feed: a cursor, and what is to be sent before it moves on. How the bytes get to
//! the subscriber is not its business.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use bytes::Bytes;

use super::{
    cursor::{Cursor, Step},
    json_array::JsonArray,
    pages::Page,
    read_model::Lost,
    source::{Opening, Source},
};
use crate::{
    event_id::{EventId, Seq},
    log::ReadError,
    metrics::{Close, Label as _, Metrics, Restart, Start},
    sse::{
        event::Reason,
        frame::{Frame, Framing},
    },
};

/// See the module. Its size counts: there is one for each open stream.
pub struct Subscription {
    source: Arc<Source>,
    cursor: Cursor,
    /// What comes before the entry after the cursor's.
    pending: Option<Box<Pending>>,
    limit: u16,
    start: Start,
    close: Close,
    /// Tells it from the other streams in what is logged.
    number: u32,
    open: Arc<OpenStreams>,
}

/// The streams that are open: each holds a clone.
pub(super) struct OpenStreams {
    metrics: Metrics,
    opened: AtomicU32,
}

impl OpenStreams {
    pub(super) fn new(metrics: Metrics) -> Arc<Self> {
        Arc::new(OpenStreams { metrics, opened: AtomicU32::new(0) })
    }
}

/// What there is to send, in order.
#[derive(Debug, Default)]
pub struct Pieces {
    /// The bytes.
    pub bytes: Vec<Bytes>,
    /// How many `notification` events are in them.
    pub notifications: u64,
}

impl Pieces {
    fn push(&mut self, framing: Framing, frame: &Frame) {
        self.bytes.push(framing.of(frame));
        self.notifications += u64::from(frame.is_notification());
    }
}

enum Pending {
    Opening { hello: Option<Frame>, init: Init },
    Page { page: Arc<Page>, after: Seq },
}

enum Init {
    None,
    Whole(EventId, JsonArray),
    /// Its start is given; `Bytes` ends it.
    Begun(JsonArray, Bytes),
}

impl Subscription {
    pub(super) fn new(
        source: Arc<Source>,
        cursor: Cursor,
        opening: Opening,
        limit: u16,
        open: Arc<OpenStreams>,
    ) -> Self {
        let start = match opening.reason {
            Reason::Fresh => Start::Fresh,
            Reason::Resumed => Start::Resumed,
            Reason::Unknown => Start::Unknown,
            Reason::Expired => Start::Expired,
        };
        open.metrics.streams_opened.of(start).inc();
        let number = open.opened.fetch_add(1, Ordering::Relaxed);
        // Whoever drops it without a word has lost its reader.
        let close = Close::Client;
        let mut subscription =
            Subscription { source, cursor, pending: None, limit, start, close, number, open };
        subscription.open_with(opening);
        subscription
    }

    fn open_with(&mut self, Opening { hello, init, after, .. }: Opening) {
        let init = init.map_or(Init::None, |(id, array)| Init::Whole(id, array));
        self.pending = Some(Box::new(Pending::Opening { hello: Some(hello), init }));
        self.cursor.move_to(after);
    }

    /// Adds at most `limit` pieces of bytes, in order, and moves on past them. [`Step::CatchUp`] asks for
    /// [`Subscription::catch_up`].
    pub fn next(&mut self, pieces: &mut Pieces, framing: Framing, limit: usize) -> Step {
        if let Some(pending) = &mut self.pending {
            let before = pieces.bytes.len();
            let is_done = match &mut **pending {
                Pending::Opening { hello, init } => {
                    pieces.bytes.extend(hello.take().map(|hello| framing.of(&hello)));
                    init.next(&mut pieces.bytes, framing, before + limit)
                }
                Pending::Page { page, after } => {
                    let frames = page.frames_after(*after);
                    let given = &frames[..limit.min(frames.len())];
                    for (_, frame) in given {
                        pieces.push(framing, frame);
                    }
                    *after = given.last().map_or(page.through, |(seq, _)| *seq);
                    given.len() == frames.len()
                }
            };
            if is_done {
                self.pending = None;
            }
            if pieces.bytes.len() > before {
                return Step::Send;
            }
        }
        let mut frames = Vec::new();
        let step = self.cursor.next(&mut frames, limit);
        for live in &frames {
            pieces.push(framing, &live.frame);
        }
        step
    }

    /// Where it is in the live feed. There it can be moved on by whoever sends for it, unless it is to send
    /// something of its own first.
    pub fn cursor(&mut self) -> &mut Cursor {
        &mut self.cursor
    }

    /// How it began.
    pub fn start(&self) -> Start {
        self.start
    }

    /// What tells it from the other streams in what is logged.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Why it will have been closed, where its reader has not just gone.
    pub fn note_close(&mut self, close: Close) {
        self.close = close;
    }

    /// Waits until there may be something to send.
    pub async fn changed(&mut self) {
        self.cursor.changed().await;
    }

    /// Gets what is missing from the log. Where the log no longer has it, or cannot be read, the subscriber is told so
    /// and starts afresh from memory.
    pub async fn catch_up(&mut self) -> Result<(), ReadError> {
        let after = self.cursor.position();
        if !self.cursor.is_current() {
            self.start_afresh(Restart::Reloaded, Lost::Reloaded { after });
            return Ok(());
        }
        match self.source.page_after(after).await {
            Ok(page) => {
                self.cursor.move_to(page.through);
                self.pending = Some(Box::new(Pending::Page { page, after }));
            }
            Err(ReadError::Closed) => return Err(ReadError::Closed),
            Err(error @ (ReadError::Expired | ReadError::Storage(_))) => {
                let is_expired = error == ReadError::Expired;
                let restart = if is_expired { Restart::Expired } else { Restart::Unreadable };
                self.start_afresh(restart, Lost::Expired { after });
            }
        }
        Ok(())
    }

    fn start_afresh(&mut self, restart: Restart, lost: Lost) {
        self.open.metrics.streams_restarted.of(restart).inc();
        tracing::debug!(stream = self.number, reason = restart.text(), "an event stream starts afresh");
        let (opening, cursor) = self.source.opening(None, Some(lost), self.limit);
        self.cursor = cursor;
        self.open_with(opening);
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.open.metrics.streams_closed.of(self.close).inc();
        tracing::debug!(stream = self.number, reason = self.close.text(), "an event stream was closed");
    }
}

impl Init {
    /// Adds pieces until there are `end` of them; `true`: that was everything.
    fn next(&mut self, pieces: &mut Vec<Bytes>, framing: Framing, end: usize) -> bool {
        if let Init::Whole(id, array) = self {
            let (start, tail) = framing.around_init(*id, array.len_bytes());
            pieces.push(start);
            *self = Init::Begun(array.clone(), tail);
        }
        let Init::Begun(array, tail) = self else { return true };
        while pieces.len() < end {
            match array.next() {
                Some(piece) => pieces.push(piece),
                None => {
                    pieces.push(std::mem::take(tail));
                    return true;
                }
            }
        }
        false
    }
}
