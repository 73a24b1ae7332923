//! An event stream as an ordinary body, for connections that cannot leave hyper (HTTP/1.0). After decoding
//! the transfer it is the same bytes that `stream` sends.

use std::{collections::VecDeque, pin::Pin, sync::Arc, time::Instant};

use bytes::Bytes;
use futures_util::{Stream, stream};

use super::{settings::Settings, stream::BATCH};
use crate::{
    feed::{Step, Subscription},
    sse::frame::Framing,
};

/// Events, one at a time.
pub(super) type EventBody = Pin<Box<dyn Stream<Item = Bytes> + Send>>;

pub(super) fn event_body(subscription: Subscription, settings: Arc<Settings>) -> EventBody {
    let events = Events { subscription, unsent: VecDeque::new(), settings, ends_at: None };
    Box::pin(stream::unfold(events, |mut events| async move { Some((events.next().await?, events)) }))
}

struct Events {
    subscription: Subscription,
    unsent: VecDeque<Bytes>,
    settings: Arc<Settings>,
    ends_at: Option<Instant>,
}

impl Events {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(piece) = self.unsent.pop_front() {
                self.settings.metrics.frames_sent.inc();
                return Some(piece);
            }
            let mut pieces = Vec::new();
            match self.subscription.next(&mut pieces, Framing::Plain, BATCH) {
                Step::Send => self.unsent = pieces.into(),
                Step::Wait => self.subscription.changed().await,
                Step::CatchUp => self.subscription.catch_up().await.ok()?,
                Step::End => {
                    let ends_at = *self.ends_at.get_or_insert_with(|| self.settings.limits.choose_end());
                    tokio::select! {
                        () = tokio::time::sleep_until(ends_at.into()) => return None,
                        () = self.subscription.changed() => {}
                    }
                }
            }
        }
    }
}
