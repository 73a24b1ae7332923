//! Subscribers of three kinds, each with an observer: the SDK, npm's `eventsource` and PyPI's `httpx-sse`.

use std::{
    collections::HashMap,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use fastrand::Rng;
use futures_util::StreamExt as _;
use notifyhub_sdk::{Event, Subscribe as _, Subscription, connect, types};
use serde_json::Value;
use tokio::task::JoinHandle;

use super::{
    dice::dice,
    item::{Item, item_of_json},
    observer::{Observer, Seen},
    proxy::MoodyProxy,
};
use crate::third_party::{Library, ThirdParty};

/// What a subscriber is written with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Sdk,
    ThirdParty(Library),
}

/// See the module.
pub(crate) struct Subscriber {
    pub(crate) name: String,
    observer: Arc<Mutex<Observer>>,
    reading: JoinHandle<()>,
}

impl Subscriber {
    /// Reads the feed through this proxy.
    pub(crate) fn start(kind: Kind, number: usize, proxy: &MoodyProxy) -> Self {
        let observer = Arc::<Mutex<Observer>>::default();
        let (address, own) = (proxy.address(), Arc::clone(&observer));
        let take = move |seen| own.lock().expect("no one panics with it in hand").take(seen);
        let (name, reading) = match kind {
            Kind::Sdk => (format!("SDK {number}"), tokio::spawn(read_with_sdk(address, take))),
            Kind::ThirdParty(library) => {
                let name = match library {
                    Library::Eventsource => format!("eventsource {number}"),
                    Library::HttpxSse => format!("httpx-sse {number}"),
                };
                let reader = ThirdParty::start(library, &format!("{address}/events"));
                (name, tokio::spawn(read_with_third_party(reader, take)))
            }
        };
        Subscriber { name, observer, reading }
    }

    /// Reads the feed at one of these hubs after the other, each from where it left the one before.
    pub(crate) fn roaming(seed: u64, number: usize, hubs: Vec<String>, agreement: Agreement) -> Self {
        let observer = Arc::<Mutex<Observer>>::default();
        let own = Arc::clone(&observer);
        let take = move |seen: Seen| {
            let disagreement = agreement.note(&seen);
            let mut observer = own.lock().expect("no one panics with it in hand");
            observer.take(seen);
            if let Some(what) = disagreement {
                observer.take(Seen::Wrong(what));
            }
        };
        let reading = tokio::spawn(roam(dice(seed, "subscriber", number), hubs, take));
        Subscriber { name: format!("roaming {number}"), observer, reading }
    }

    pub(crate) fn observer(&self) -> MutexGuard<'_, Observer> {
        self.observer.lock().expect("no one panics with it in hand")
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

/// What each event id stands for, on every hub.
#[derive(Clone, Default)]
pub(crate) struct Agreement(Arc<Mutex<HashMap<String, String>>>);

impl Agreement {
    /// In words, if another hub has told something else under this id.
    fn note(&self, seen: &Seen) -> Option<String> {
        let (event_id, what) = match seen {
            Seen::Put { event_id, item } => (event_id, format!("{item:?}")),
            Seen::Deleted { event_id, id } => (event_id, format!("deleted {id}")),
            _ => return None,
        };
        let mut told = self.0.lock().expect("no one panics with it in hand");
        let known = told.entry(event_id.clone()).or_insert_with(|| what.clone());
        (*known != what).then(|| format!("{event_id} is {known} at one hub and {what} at another"))
    }
}

/// The longest that a roaming subscriber stays at one hub, in milliseconds.
const LONGEST_STAY_MS: u64 = 1500;

async fn roam(mut dice: Rng, hubs: Vec<String>, take: impl Fn(Seen)) {
    let mut last_event_id = None;
    loop {
        let client = connect(&hubs[dice.usize(..hubs.len())]).expect("the address of a server is valid");
        let mut subscription = client.subscribe();
        if let Some(id) = last_event_id.clone() {
            subscription = subscription.after(id);
        }
        let mut subscription = std::pin::pin!(subscription);
        let stay = Duration::from_millis(dice.u64(100..LONGEST_STAY_MS));
        let _ = tokio::time::timeout(stay, read(&mut subscription, &take)).await;
        last_event_id = subscription.last_event_id().map(str::to_owned).or(last_event_id);
    }
}

async fn read_with_sdk(address: String, take: impl Fn(Seen)) {
    let client = connect(&address).expect("the address of a proxy is valid");
    let mut subscription = std::pin::pin!(client.subscribe());
    read(&mut subscription, &take).await;
}

async fn read(subscription: &mut Pin<&mut Subscription>, take: &impl Fn(Seen)) {
    while let Some(event) = subscription.next().await {
        let event_id = || subscription.last_event_id().unwrap_or_default().to_owned();
        take(match event {
            Ok(Event::Hello(hello)) => Seen::Hello { reason: hello.reason.to_string() },
            Ok(Event::Init(items)) => {
                Seen::Init { event_id: event_id(), items: items.iter().map(item_of).collect() }
            }
            Ok(Event::Notification(notification)) => {
                Seen::Put { event_id: event_id(), item: item_of(&notification) }
            }
            Ok(Event::Deleted(deleted)) => Seen::Deleted { event_id: event_id(), id: deleted.id.to_string() },
            Ok(Event::Heartbeat(_)) => continue,
            Ok(other) => Seen::Wrong(format!("an unexpected event: {other:?}")),
            Err(error) => Seen::Wrong(format!("the subscription ended: {error}")),
        });
    }
}

fn item_of(notification: &types::Notification) -> Item {
    Item {
        id: notification.id.to_string(),
        message: notification.message.clone(),
        is_resolved: notification.resolved_at.is_some(),
    }
}

async fn read_with_third_party(mut reader: ThirdParty, take: impl Fn(Seen)) {
    while let Some(event) = reader.next().await {
        take(seen(&event));
    }
    take(Seen::Wrong("its program ended".into()));
}

fn seen(event: &Value) -> Seen {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (event_id, data) = (text(&event["id"]), &event["data"]);
    match event["event"].as_str() {
        Some("hello") => Seen::Hello { reason: text(&data["reason"]) },
        Some("init") => {
            Seen::Init { event_id, items: data.as_array().into_iter().flatten().map(item_of_json).collect() }
        }
        Some("notification") => Seen::Put { event_id, item: item_of_json(data) },
        Some("deleted") => Seen::Deleted { event_id, id: text(&data["id"]) },
        _ => Seen::Wrong(format!("an unexpected event: {event}")),
    }
}
