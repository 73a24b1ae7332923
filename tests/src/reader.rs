//! An event stream through the SDK, and what its reader knows of the feed from it.

use std::pin::Pin;

use futures_util::StreamExt as _;
use notifyhub_sdk::{Client, Event, Subscribe as _, SubscribeError, Subscription, types};

use crate::within;

/// Posts a notification that has only a message.
pub async fn publish(client: &Client, message: &str) -> types::Notification {
    let new = types::NewNotification::builder().message(message);
    within("a notification is stored", client.publish().body(new).send())
        .await
        .expect("the hub takes it")
        .into_inner()
}

/// Reads a subscription.
pub struct Reader {
    subscription: Pin<Box<Subscription>>,
}

impl Reader {
    /// Subscribes, and waits until the hub has answered: whatever is posted from now on comes as an event.
    pub async fn start(client: &Client) -> Self {
        let mut reader = Reader::of(client.subscribe());
        reader.init().await;
        reader
    }

    /// Reads a subscription from its beginning.
    pub fn of(subscription: Subscription) -> Self {
        Reader { subscription: Box::pin(subscription) }
    }

    /// The next event, whatever it is.
    pub async fn event(&mut self) -> Event {
        self.result().await.expect("the subscription goes on")
    }

    /// The next event, or why the subscription ended.
    pub async fn result(&mut self) -> Result<Event, SubscribeError> {
        within("the next event comes", self.subscription.next())
            .await
            .expect("a stream ends with an error only")
    }

    /// Whether the subscription has ended.
    pub async fn has_ended(&mut self) -> bool {
        within("the end shows", self.subscription.next()).await.is_none()
    }

    /// The next `hello`.
    pub async fn hello(&mut self) -> types::Hello {
        loop {
            if let Event::Hello(hello) = self.event().await {
                return hello;
            }
        }
    }

    /// The messages of the next `init`, newest first.
    pub async fn init(&mut self) -> Vec<String> {
        loop {
            if let Event::Init(stored) = self.event().await {
                return stored.iter().map(|notification| notification.message.clone()).collect();
            }
        }
    }

    /// The next notification. An `init` on the way is a failure: what was known would no longer hold.
    pub async fn notification(&mut self) -> types::Notification {
        loop {
            match self.event().await {
                Event::Notification(notification) => return notification,
                Event::Init(_) => panic!("the stream started afresh"),
                _ => {}
            }
        }
    }

    /// The next notification's message.
    pub async fn message(&mut self) -> String {
        self.notification().await.message
    }

    /// The messages of the next notifications.
    pub async fn messages(&mut self, count: usize) -> Vec<String> {
        let mut messages = Vec::with_capacity(count);
        while messages.len() < count {
            messages.push(self.message().await);
        }
        messages
    }

    /// The place to resume after.
    pub fn last_event_id(&self) -> Option<String> {
        self.subscription.last_event_id().map(str::to_owned)
    }
}
