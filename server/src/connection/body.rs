//! An event stream as an ordinary body, for connections that cannot leave hyper (HTTP/1.0). After decoding
//! the transfer it is the same bytes that `stream` sends.

use std::{collections::VecDeque, pin::Pin, sync::Arc, time::Instant};

use bytes::Bytes;
use futures_util::{Stream, stream};

use super::{ending::Ending, settings::Settings, stream::BATCH};
use crate::{
    feed::{Pieces, Step, Subscription},
    metrics::Close,
    sse::frame::Framing,
};

/// Events, one at a time.
pub(super) type EventBody = Pin<Box<dyn Stream<Item = Bytes> + Send>>;

pub(super) fn event_body(subscription: Subscription, settings: Arc<Settings>, ending: Ending) -> EventBody {
    let events = Events { subscription, unsent: VecDeque::new(), settings, ends_at: None, ending };
    Box::pin(stream::unfold(events, |mut events| async move { Some((events.next().await?, events)) }))
}

struct Events {
    subscription: Subscription,
    unsent: VecDeque<Bytes>,
    settings: Arc<Settings>,
    ends_at: Option<Instant>,
    ending: Ending,
}

impl Drop for Events {
    fn drop(&mut self) {
        if self.ending.is_stalled() {
            self.subscription.note_close(Close::Stalled);
        }
    }
}

impl Events {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(piece) = self.unsent.pop_front() {
                return Some(piece);
            }
            let mut pieces = Pieces::default();
            match self.subscription.next(&mut pieces, Framing::Plain, BATCH) {
                Step::Send => {
                    self.settings.metrics.deliveries.inc_by(pieces.notifications);
                    self.unsent = pieces.bytes.into();
                }
                Step::Wait => self.subscription.changed().await,
                Step::CatchUp => {
                    if self.subscription.catch_up().await.is_err() {
                        self.subscription.note_close(Close::Error);
                        return None;
                    }
                }
                Step::End => {
                    let ends_at = *self.ends_at.get_or_insert_with(|| self.settings.limits.choose_end());
                    tokio::select! {
                        () = tokio::time::sleep_until(ends_at.into()) => {
                            self.subscription.note_close(Close::Shutdown);
                            return None;
                        }
                        () = self.subscription.changed() => {}
                    }
                }
            }
        }
    }
}
