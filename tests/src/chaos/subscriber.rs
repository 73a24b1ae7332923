//! Subscribers of three kinds, each with an observer: the SDK, npm's `eventsource` and PyPI's `httpx-sse`.

use std::sync::{Arc, Mutex, MutexGuard};

use futures_util::StreamExt as _;
use notifyhub_sdk::{Event, Subscribe as _, connect, types};
use serde_json::Value;
use tokio::task::JoinHandle;

use super::{
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

    pub(crate) fn observer(&self) -> MutexGuard<'_, Observer> {
        self.observer.lock().expect("no one panics with it in hand")
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

async fn read_with_sdk(address: String, take: impl Fn(Seen)) {
    let client = connect(&address).expect("the address of a proxy is valid");
    let mut subscription = std::pin::pin!(client.subscribe());
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
