//! One subscriber's place in the feed: a cursor, and what is to be sent before it moves on. How the bytes get to
//! the subscriber is not its business.

use std::sync::Arc;

use bytes::Bytes;

use super::{
    cursor::{Cursor, Step},
    json_array::JsonArray,
    pages::Page,
    source::{Opening, Source},
};
use crate::{
    event_id::{EventId, Seq},
    log::ReadError,
    sse::frame::{Frame, Framing},
};

/// See the module. Its size counts: there is one for each open stream.
pub struct Subscription {
    source: Arc<Source>,
    cursor: Cursor,
    /// What comes before the entry after the cursor's.
    pending: Option<Box<Pending>>,
    limit: u16,
    is_resumed: bool,
    /// Counts the open streams.
    _open: Arc<()>,
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
        open: Arc<()>,
    ) -> Self {
        let is_resumed = opening.init.is_none();
        let mut subscription = Subscription { source, cursor, pending: None, limit, is_resumed, _open: open };
        subscription.open_with(opening);
        subscription
    }

    fn open_with(&mut self, Opening { hello, init, after }: Opening) {
        let init = init.map_or(Init::None, |(id, array)| Init::Whole(id, array));
        self.pending = Some(Box::new(Pending::Opening { hello: Some(hello), init }));
        self.cursor.move_to(after);
    }

    /// Adds at most `limit` pieces of bytes, in order, and moves on past them. [`Step::CatchUp`] asks for
    /// [`Subscription::catch_up`].
    pub fn next(&mut self, pieces: &mut Vec<Bytes>, framing: Framing, limit: usize) -> Step {
        if let Some(pending) = &mut self.pending {
            let before = pieces.len();
            let is_done = match &mut **pending {
                Pending::Opening { hello, init } => {
                    pieces.extend(hello.take().map(|hello| framing.of(&hello)));
                    init.next(pieces, framing, before + limit)
                }
                Pending::Page { page, after } => {
                    let frames = page.frames_after(*after);
                    let given = &frames[..limit.min(frames.len())];
                    pieces.extend(given.iter().map(|(_, frame)| framing.of(frame)));
                    *after = given.last().map_or(page.through, |(seq, _)| *seq);
                    given.len() == frames.len()
                }
            };
            if is_done {
                self.pending = None;
            }
            if pieces.len() > before {
                return Step::Send;
            }
        }
        let mut frames = Vec::new();
        let step = self.cursor.next(&mut frames, limit);
        pieces.extend(frames.iter().map(|(_, frame)| framing.of(frame)));
        step
    }

    /// Where it is in the live feed. There it can be moved on by whoever sends for it, unless it is to send
    /// something of its own first.
    pub fn cursor(&mut self) -> &mut Cursor {
        &mut self.cursor
    }

    /// Whether it goes on after a last event id, rather than afresh.
    pub fn is_resumed(&self) -> bool {
        self.is_resumed
    }

    /// Waits until there may be something to send.
    pub async fn changed(&mut self) {
        self.cursor.changed().await;
    }

    /// Gets what is missing from the log. Where the log no longer has it, or cannot be read, the subscriber is told so
    /// and starts afresh from memory.
    pub async fn catch_up(&mut self) -> Result<(), ReadError> {
        let after = self.cursor.position();
        match self.source.page_after(after).await {
            Ok(page) => {
                self.cursor.move_to(page.through);
                self.pending = Some(Box::new(Pending::Page { page, after }));
            }
            Err(ReadError::Closed) => return Err(ReadError::Closed),
            Err(ReadError::Expired | ReadError::Storage(_)) => {
                let opening = self.source.opening(None, Some(after), self.limit).0;
                self.open_with(opening);
            }
        }
        Ok(())
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
