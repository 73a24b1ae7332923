//! Follows the feed as any subscriber does, and sends. One task for all devices: nobody who posts or reads waits for it,
//! and what it holds is bounded.

use std::{
    future::pending,
    time::{Duration, Instant},
};

use futures_util::{
    FutureExt as _,
    future::BoxFuture,
    stream::{FuturesUnordered, StreamExt as _},
};

use super::{
    devices::{Outcome, Parcel, Settled},
    message::{Asks, Event, Watch},
    registry::WebPush,
};
use crate::{
    clock,
    feed::{Cursor, Feed, Filter, Query, Step},
    metrics::PushOutcome,
    notification::{Notification, State},
    shutdown::Shutdown,
    throttle::Throttle,
};

/// How many messages are under way at a time; each has a file descriptor.
const AT_A_TIME: usize = 32;
/// How many events are looked at before something is sent.
const EVENTS_AT_A_TIME: usize = 64;
/// How long the stop waits for what is under way.
const FINISH_WITHIN: Duration = Duration::from_secs(2);
/// How often it is complained about push services.
const COMPLAINT_INTERVAL: Duration = Duration::from_mins(10);

/// Tells the devices, until the hub stops.
pub async fn run(push: WebPush, shutdown: Shutdown) {
    let mut dispatch = Dispatch {
        watch: Watch::default(),
        cursor: None,
        sending: FuturesUnordered::new(),
        complaints: Throttle::every(COMPLAINT_INTERVAL),
        push,
    };
    dispatch.remember_what_waits().await;
    loop {
        dispatch.take_events();
        let next_due = dispatch.start_sending();
        let is_sending = !dispatch.sending.is_empty();
        tokio::select! {
            () = followed(&mut dispatch.cursor) => {}
            () = dispatch.push.changed() => {}
            () = until(next_due) => {}
            Some((parcel, outcome)) = dispatch.sending.next(), if is_sending => dispatch.settle(parcel, outcome).await,
            () = shutdown.begun() => break,
        }
    }
    let finish = async { while dispatch.sending.next().await.is_some() {} };
    // Whoever does not hear of it now sees it on the page.
    let _ = tokio::time::timeout(FINISH_WITHIN, finish).await;
}

struct Dispatch {
    push: WebPush,
    watch: Watch,
    /// Where it is in the feed; `None` while nobody is to be told.
    cursor: Option<Cursor>,
    sending: FuturesUnordered<BoxFuture<'static, (Parcel, Outcome)>>,
    complaints: Throttle,
}

impl Dispatch {
    /// What waited when the hub started was told before, and is to be settled on the devices when it is.
    async fn remember_what_waits(&mut self) {
        if self.push.state().devices.is_empty() {
            return;
        }
        for notification in waiting(self.push.feed()).await {
            if Asks::of(&notification, clock::now()).is_some() {
                let message = self.watch.tell(Asks::Waiting, notification);
                self.push.state().devices.note_shown(&message);
            }
        }
    }

    /// Takes in what has happened, and puts up what is to be told.
    fn take_events(&mut self) {
        {
            let mut state = self.push.state();
            if let Some(cursor) = state.follow_from.take() {
                self.cursor = Some(cursor);
            }
            if state.devices.is_empty() {
                self.cursor = None;
            }
        }
        let Some(cursor) = &mut self.cursor else { return };
        let (mut frames, mut messages) = (Vec::new(), Vec::new());
        while match cursor.next(&mut frames, EVENTS_AT_A_TIME) {
            Step::Send => true,
            Step::Wait | Step::End => false,
            // So many events that nobody wants to be told each.
            Step::CatchUp => {
                cursor.skip_to_newest();
                true
            }
        } {
            for event in frames.drain(..).map(|live| Event::of(&live.frame)) {
                messages.extend(self.watch.take(event, clock::now()));
            }
        }
        let mut state = self.push.state();
        let given_way = messages.iter().map(|message| state.devices.post(message, Instant::now())).sum();
        self.push.metrics().push_messages.of(PushOutcome::Dropped).inc_by(given_way);
    }

    /// Sends what is due, as far as there is room; says when the next is due, if there is room for it then.
    fn start_sending(&mut self) -> Option<Instant> {
        // A subscription is bound to the key, so that there is one.
        let vapid = self.push.vapid()?;
        let now = Instant::now();
        while self.sending.len() < AT_A_TIME {
            let mut state = self.push.state();
            let Some(parcel) = state.devices.take(now) else { return state.devices.next_due(now) };
            let (push, vapid) = (self.push.clone(), vapid.clone());
            let send = async move {
                let outcome = push.courier().send(&parcel, &vapid).await;
                (parcel, outcome)
            };
            self.sending.push(send.boxed());
        }
        None
    }

    async fn settle(&mut self, parcel: Parcel, outcome: Outcome) {
        let id = parcel.to.id();
        let service = parcel.to.endpoint.host_str().unwrap_or_default().to_owned();
        let settled = self.push.state().devices.settle(parcel, outcome, Instant::now());
        let counted = match (outcome, settled) {
            (Outcome::Sent, _) => PushOutcome::Sent,
            (Outcome::Gone, _) => PushOutcome::Gone,
            (Outcome::Refused, _) => PushOutcome::Refused,
            (Outcome::Later(_), Settled::GivenUp) => PushOutcome::Dropped,
            (Outcome::Later(_), _) => PushOutcome::Retried,
        };
        self.push.metrics().push_messages.of(counted).inc();
        if matches!(counted, PushOutcome::Refused | PushOutcome::Dropped | PushOutcome::Retried)
            && let Some(skipped) = self.complaints.pass()
        {
            tracing::warn!(service, outcome = ?outcome, skipped, "a push service did not take a message");
        }
        if outcome == Outcome::Gone
            && let Err(error) = self.push.unsubscribe(id).await
        {
            tracing::warn!(%error, "a device that is gone stays in the list");
        }
    }
}

/// Resolves when there may be more to read.
async fn followed(cursor: &mut Option<Cursor>) {
    match cursor {
        Some(cursor) => cursor.changed().await,
        None => pending().await,
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due.into()).await,
        None => pending().await,
    }
}

/// The notifications that wait now.
async fn waiting(feed: &Feed) -> Vec<Notification> {
    let filter = Filter { states: vec![State::Waiting], ..Filter::default() };
    let Ok(list) = feed.list(Query { filter, ..Query::default() }).await else { return Vec::new() };
    let json: Vec<u8> = list.pieces().flat_map(|piece| piece.to_vec()).collect();
    serde_json::from_slice(&json).unwrap_or_default()
}
