//! What is sent to a hub: named, so that it is done once however often it is sent, and written down as it is in the spool.

use std::time::Duration;

use chrono::{DateTime, Utc};
use notifyhub_sdk::{Client, ClientInfo as _, Error, foreign, types};
use serde::{Deserialize, Serialize};

/// How old an event is that the hub has to be told of its age.
const LATE: Duration = Duration::from_secs(2);

/// What a hub answers that knows the name of a delivery, from an attempt whose answer was lost.
const KNOWN: &str = "idempotency_key_reused";

/// Something to be done, once.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Delivery {
    /// Its name.
    pub(crate) key: String,
    /// When it happened.
    pub(crate) at: DateTime<Utc>,
    pub(crate) deed: Deed,
}

/// What is to be done.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Deed {
    /// A notification is to be posted.
    Post(Box<types::NewNotification>),
    /// What is open under this key is to be withdrawn.
    Withdraw(String),
    /// An agent told of something.
    Event(AgentEvent),
}

/// What a coding agent told its hook.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AgentEvent {
    pub(crate) agent: String,
    /// What the agent does not say itself: names and values of the query.
    pub(crate) query: Vec<(String, String)>,
    /// As it came: JSON.
    pub(crate) body: String,
}

/// What came of it.
#[derive(Debug)]
pub(crate) enum Done {
    Stored(Box<types::Notification>),
    Removed(u64),
    /// The hub has taken it, and says no more.
    Taken,
}

impl Delivery {
    /// Something that happens now.
    pub(crate) fn new(deed: Deed) -> Self {
        Delivery { key: uuid::Uuid::new_v4().to_string(), at: Utc::now(), deed }
    }

    /// How long ago it happened; nothing, if the clock has gone back since.
    pub(crate) fn age(&self) -> Duration {
        (Utc::now() - self.at).to_std().unwrap_or_default()
    }

    /// Says when it happened, for when it is sent later.
    pub(crate) fn set_time(&mut self) {
        if let Deed::Post(notification) = &mut self.deed {
            notification.timestamp.get_or_insert(self.at);
        }
    }

    /// Sends it.
    pub(crate) async fn send(&self, hub: &Client) -> Result<Done, Error<types::ErrorBody>> {
        let sent = match &self.deed {
            Deed::Post(notification) => {
                let post =
                    hub.publish().idempotency_key(self.key.as_str()).body(notification.as_ref().clone());
                post.send().await.map(|stored| Done::Stored(Box::new(stored.into_inner())))
            }
            Deed::Withdraw(key) => {
                let removed = hub.withdraw().key(key).send().await;
                removed.map(|removed| Done::Removed(removed.removed))
            }
            Deed::Event(event) => self.send_event(hub, event).await.map(|()| Done::Taken),
        };
        match sent {
            Err(Error::ErrorResponse(response)) if response.code == KNOWN => Ok(Done::Taken),
            sent => sent,
        }
    }

    async fn send_event(&self, hub: &Client, event: &AgentEvent) -> Result<(), Error<types::ErrorBody>> {
        let age = self.age();
        let mut times = vec![("at_ms", self.at.timestamp_millis().to_string())];
        if age >= LATE {
            times.push(("age_ms", age.as_millis().to_string()));
        }
        let request = hub
            .client()
            .post(format!("{}/hooks/{}", hub.baseurl(), event.agent))
            .query(&event.query)
            .query(&times)
            .header("Content-Type", "application/json")
            .header("Idempotency-Key", &self.key)
            .body(event.body.clone())
            .build()?;
        foreign::execute(hub, request).await.map(drop)
    }
}
