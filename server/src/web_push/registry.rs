//! The subscriptions: kept first, then sent to. What pages ask of Web Push.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard},
};

use tokio::sync::Notify;

use super::{
    delivery::Courier,
    devices::Devices,
    services::{PrivateService, Services},
    store::{Kept, Store},
    subscription::{InvalidSubscription, NewSubscription, Subscription},
    vapid::{Contact, Vapid},
};
use crate::{
    feed::{Cursor, Feed},
    metrics::Metrics,
};

/// How many subscriptions there may be.
const MAX_SUBSCRIPTIONS: usize = 100;

/// How the hub speaks to push services.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whom their makers may write to.
    pub contact: Contact,
    /// Those on private networks.
    pub private_services: Vec<PrivateService>,
}

/// What is kept cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WebPushError {
    /// It cannot be read.
    #[error("what Web Push keeps cannot be read: {0}")]
    Read(io::Error),
    /// The key pair is none.
    #[error("the key that Web Push keeps is none")]
    Key,
}

/// Why a change was not made.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The subscription is not what it should be.
    #[error(transparent)]
    Invalid(#[from] InvalidSubscription),
    /// There is no room for another.
    #[error("{MAX_SUBSCRIPTIONS} devices are subscribed already; take one away first")]
    TooMany,
    /// It could not be kept.
    #[error("it cannot be kept: {0}")]
    Storage(io::Error),
}

/// Web Push, as pages use it. Cloning shares it.
#[derive(Clone)]
pub struct WebPush(Arc<Shared>);

struct Shared {
    store: Box<dyn Store>,
    feed: Arc<Feed>,
    metrics: Metrics,
    courier: Courier,
    state: Mutex<State>,
    /// Held by who changes what is kept, from what it was to what it is then.
    saving: Mutex<()>,
    changed: Notify,
}

/// Held for a moment, never while something is written or sent.
#[derive(Default)]
pub(super) struct State {
    /// Made when somebody asks for it.
    vapid: Option<Arc<Vapid>>,
    /// The same, as it is kept.
    key: Option<String>,
    pub(super) devices: Devices,
    /// Where to follow the feed from, once there is somebody to tell.
    pub(super) follow_from: Option<Cursor>,
}

impl State {
    fn kept(&self) -> Kept {
        Kept { key: self.key.clone(), subscriptions: self.devices.kept() }
    }
}

impl WebPush {
    /// Takes up what was kept.
    pub fn open(
        settings: &Settings,
        store: Box<dyn Store>,
        feed: Arc<Feed>,
        metrics: Metrics,
    ) -> Result<Self, WebPushError> {
        let services = Services::new(&settings.private_services);
        let kept = store.load().map_err(WebPushError::Read)?;
        let mut state = State::default();
        if let Some(key) = &kept.key {
            let pkcs8 = kept.key_bytes().ok_or(WebPushError::Key)?;
            state.vapid = Some(Arc::new(Vapid::of_kept(&pkcs8).ok_or(WebPushError::Key)?));
            state.key = Some(key.clone());
        }
        for subscription in kept.subscriptions {
            // The options may have changed: what may no longer be sent to is left out.
            match subscription.check(&services) {
                Ok(subscription) => state.devices.put(subscription),
                Err(error) => tracing::warn!(%error, "a device is not told any more"),
            }
        }
        if !state.devices.is_empty() {
            state.follow_from = Some(feed.follow());
        }
        metrics.set_push_subscriptions(state.devices.len());
        let courier = Courier::new(services, settings.contact.clone());
        Ok(WebPush(Arc::new(Shared {
            store,
            feed,
            metrics,
            courier,
            state: Mutex::new(state),
            saving: Mutex::default(),
            changed: Notify::new(),
        })))
    }

    /// The hub's public key, which a browser binds a subscription to. It is made when it is asked for first.
    pub async fn public_key(&self) -> Result<String, ChangeError> {
        if let Some(vapid) = &self.state().vapid {
            return Ok(vapid.public_key());
        }
        self.blocking(WebPush::make_key).await.map(|vapid| vapid.public_key())
    }

    /// Adds a subscription, or changes what it wants; gives its id.
    pub async fn subscribe(&self, new: NewSubscription) -> Result<String, ChangeError> {
        let subscription = new.check(self.courier().services())?;
        self.blocking(|push| {
            push.make_key()?;
            push.add(subscription)
        })
        .await
    }

    /// Removes a subscription; says whether there was one.
    pub async fn unsubscribe(&self, id: String) -> Result<bool, ChangeError> {
        self.blocking(move |push| push.remove(&id)).await
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().expect("no code panics while it holds the state")
    }

    pub(super) fn courier(&self) -> &Courier {
        &self.0.courier
    }

    pub(super) fn feed(&self) -> &Arc<Feed> {
        &self.0.feed
    }

    pub(super) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// Resolves when a subscription has come or gone since the last time.
    pub(super) async fn changed(&self) {
        self.0.changed.notified().await;
    }

    /// The key pair, if there is one.
    pub(super) fn vapid(&self) -> Option<Arc<Vapid>> {
        self.state().vapid.clone()
    }

    /// Does what writes to the disk, on a thread that may wait for it.
    async fn blocking<T: Send + 'static>(
        &self,
        change: impl FnOnce(&WebPush) -> Result<T, ChangeError> + Send + 'static,
    ) -> Result<T, ChangeError> {
        let push = self.clone();
        tokio::task::spawn_blocking(move || {
            let _turn = push.0.saving.lock().expect("no code panics while it saves");
            change(&push)
        })
        .await
        .expect("saving does not panic")
    }

    fn make_key(&self) -> Result<Arc<Vapid>, ChangeError> {
        if let Some(vapid) = self.vapid() {
            return Ok(vapid);
        }
        let pkcs8 = Vapid::generate();
        let mut kept = self.state().kept();
        kept.set_key(&pkcs8);
        self.0.store.save(&kept).map_err(ChangeError::Storage)?;
        let vapid = Arc::new(Vapid::of_kept(&pkcs8).expect("it was made just now"));
        let mut state = self.state();
        state.vapid = Some(Arc::clone(&vapid));
        state.key = kept.key;
        Ok(vapid)
    }

    fn add(&self, subscription: Subscription) -> Result<String, ChangeError> {
        let before = self.state().kept();
        let mut kept = before.clone();
        kept.subscriptions.retain(|other| other.endpoint != subscription.kept.endpoint);
        if kept.subscriptions.len() >= MAX_SUBSCRIPTIONS {
            return Err(ChangeError::TooMany);
        }
        kept.subscriptions.push(subscription.kept.clone());
        let id = subscription.id();
        // Pages say what they want each time they are opened: mostly nothing new.
        if before.subscriptions.contains(&subscription.kept) {
            return Ok(id);
        }
        self.0.store.save(&kept).map_err(ChangeError::Storage)?;
        // From before anybody knows of it: what is posted then is told.
        let cursor = self.0.feed.follow();
        let mut state = self.state();
        if state.devices.is_empty() {
            state.follow_from = Some(cursor);
        }
        state.devices.put(subscription);
        self.note_count(&state);
        Ok(id)
    }

    fn remove(&self, id: &str) -> Result<bool, ChangeError> {
        let Some(endpoint) = self.state().devices.endpoint(id) else { return Ok(false) };
        let mut kept = self.state().kept();
        kept.subscriptions.retain(|other| other.endpoint != endpoint);
        self.0.store.save(&kept).map_err(ChangeError::Storage)?;
        let mut state = self.state();
        let was_there = state.devices.remove(id);
        self.note_count(&state);
        Ok(was_there)
    }

    fn note_count(&self, state: &State) {
        self.0.metrics.set_push_subscriptions(state.devices.len());
        self.0.changed.notify_one();
    }
}
