//! An opened subscription on its way from the endpoint that opened it to the connection that sends it.

use std::sync::{Arc, Mutex};

use super::subscription::Subscription;

/// See the module. It travels in the extensions of a response, which have to be `Clone`.
#[derive(Clone)]
pub struct HandOff(Arc<Mutex<Option<Subscription>>>);

impl HandOff {
    /// Sends a subscription on its way.
    pub fn new(subscription: Subscription) -> Self {
        HandOff(Arc::new(Mutex::new(Some(subscription))))
    }

    /// The subscription, for the first who asks.
    pub fn take(&self) -> Option<Subscription> {
        self.0.lock().expect("no code panics while it holds the subscription").take()
    }
}
