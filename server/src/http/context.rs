//! What the endpoints share.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use poem_openapi::Tags;

use crate::{feed::Feed, metrics::Metrics, shutdown::Shutdown};

#[derive(Tags)]
pub(super) enum Tag {
    /// Post, list, revise and delete notifications.
    Notifications,
    /// Have notifications pushed the moment they are posted.
    Events,
    /// How the hub is.
    Health,
}

/// What the endpoints need.
#[derive(Clone)]
pub struct Context {
    /// The notifications.
    pub feed: Arc<Feed>,
    /// The counters.
    pub metrics: Metrics,
    /// Whether the hub is stopping.
    pub shutdown: Shutdown,
    /// `--no-sse`: answer the event stream with 204, and clients poll.
    pub no_sse: bool,
    /// How long a stop takes at most: streams end within it.
    pub drain: Duration,
    /// When the hub started.
    pub started: Instant,
}

/// The context behind a pointer. Empty where only the specification is asked for, which no request ever reaches.
#[derive(Clone)]
pub(super) struct Shared(pub(super) Option<Arc<Context>>);

impl std::ops::Deref for Shared {
    type Target = Context;

    fn deref(&self) -> &Context {
        self.0.as_ref().expect("a service that takes requests has a context")
    }
}
