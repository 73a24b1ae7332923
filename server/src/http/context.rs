//! What the endpoints share.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use poem_openapi::Tags;

use super::{
    agents::Agents,
    middleware::{
        client_address::TrustedProxies,
        host::AllowedHosts,
        origin::AllowedOrigins,
        rate_limit::Rate,
        token::{Secret, Tokens},
    },
};
use crate::{feed::Feed, metrics::Metrics, shutdown::Shutdown, web_push::WebPush};

#[derive(Tags)]
pub(super) enum Tag {
    /// Post, list, revise and delete notifications.
    Notifications,
    /// Have notifications pushed the moment they are posted.
    Events,
    /// Have a device told while the page is closed.
    Push,
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
    /// Where notifications are kept, in a word.
    pub store: &'static str,
    /// The most connections at a time.
    pub max_connections: usize,
    /// When the hub started.
    pub started: Instant,
    /// The sessions of coding agents.
    pub agents: Agents,
    /// Who may do what.
    pub guards: Guards,
    /// Telling devices while the page is closed; `None` where that is off.
    pub web_push: Option<WebPush>,
    /// `--no-service-worker`: the page has none.
    pub no_service_worker: bool,
}

/// Who may do what.
#[derive(Clone, Debug)]
pub struct Guards {
    /// The names that the hub answers to.
    pub hosts: AllowedHosts,
    /// The pages that may use it besides its own.
    pub origins: AllowedOrigins,
    /// What publishers have to show.
    pub tokens: Arc<Tokens>,
    /// How often one address may publish.
    pub publish_rate: Option<Rate>,
    /// What GitHub and Gitea sign their requests with.
    pub github_secret: Option<Secret>,
    /// Whether GET may publish where no token is needed.
    pub allow_get: bool,
    /// Whose word counts on where a request comes from.
    pub trusted_proxies: TrustedProxies,
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
