//! A hub in this process: its endpoint over a log in memory, without sockets.

use std::{
    convert::Infallible,
    num::NonZeroU64,
    sync::Arc,
    time::{Duration, Instant},
};

use notifyhub_server::{
    feed::{Feed, HandOff, Pieces, RingLimits, Step, Subscription},
    http::{
        Context, Guards, agents, endpoint,
        middleware::{
            host::AllowedHosts,
            origin::AllowedOrigins,
            token::{Secret, Tokens},
        },
    },
    log::{Log, Retention, memory::MemoryLog},
    metrics::Metrics,
    shutdown::Shutdown,
    sse::frame::Framing,
};
use poem::{
    Endpoint, EndpointExt as _, Request, Response,
    endpoint::BoxEndpoint,
    http::{HeaderMap, Method, StatusCode},
};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

/// What a hub with a token takes for it.
pub const TOKEN: &str = "0123456789abcdef";

/// How many notifications it has at the beginning.
const STORED: usize = 20;

/// See the module.
pub struct Hub {
    runtime: Runtime,
    feed: Arc<Feed>,
    endpoint: BoxEndpoint<'static, Response>,
}

/// An answer with its whole body.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; of an event stream what it begins with.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Every answer of status 400 and above says what was wrong, and none is a defect.
    pub fn assert_sound(&self) {
        assert!(!self.status.is_server_error(), "{self:?}");
        if self.status.is_client_error() {
            let problem = self.json();
            assert!(problem["code"].is_string() && problem["message"].is_string(), "{problem}");
        }
    }
}

impl Hub {
    /// One that anybody may post to, or one that takes [`TOKEN`].
    pub fn start(takes_token: bool) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let metrics = Metrics::default();
        let retention = Retention::keeping(NonZeroU64::new(1000).unwrap());
        let feed = Feed::open(RingLimits::default(), Duration::from_secs(15), metrics.clone(), |replica| {
            Ok::<Arc<dyn Log>, Infallible>(Arc::new(MemoryLog::open(retention, replica)))
        })
        .unwrap();
        let given = takes_token.then(|| Secret::from(TOKEN)).into_iter().collect();
        let shutdown = Shutdown::default();
        let (agents, told) = agents(Arc::clone(&feed), shutdown.clone());
        runtime.spawn(told);
        let context = Context {
            web_push: None,
            no_service_worker: false,
            agents,
            feed: Arc::clone(&feed),
            metrics,
            shutdown,
            no_sse: false,
            drain: Duration::ZERO,
            store: "memory",
            max_connections: 100,
            started: Instant::now(),
            guards: Guards {
                hosts: AllowedHosts::new("localhost", []),
                origins: AllowedOrigins::default(),
                tokens: Arc::new(Tokens::load(given, None).unwrap()),
                publish_rate: None,
                github_secret: None,
                allow_get: false,
                trusted_proxies: notifyhub_server::http::middleware::client_address::TrustedProxies::default(
                ),
            },
        };
        let hub = Hub { runtime, feed, endpoint: endpoint(&context).boxed() };
        for number in 0..STORED {
            hub.post(
                "/api/notifications",
                format!("{{\"message\":\"{number}\",\"tags\":[\"a\"]}}").as_bytes(),
            );
        }
        hub
    }

    /// Asks it.
    pub fn ask(&self, request: Request) -> Answer {
        self.runtime.block_on(async {
            let mut response = self.endpoint.get_response(request).await;
            let subscription = response.extensions_mut().remove::<HandOff>();
            let (status, headers) = (response.status(), response.headers().clone());
            let body = match subscription.and_then(|hand_off| hand_off.take()) {
                Some(subscription) => beginning_of(subscription).await,
                None => response.into_body().into_vec().await.unwrap(),
            };
            Answer { status, headers, body }
        })
    }

    /// Posts a body as JSON.
    pub fn post(&self, path: &str, body: &[u8]) -> Answer {
        let request = Request::builder().method(Method::POST).uri_str(path);
        let authorization = format!("Bearer {TOKEN}");
        let request = request.header("Authorization", authorization).content_type("application/json");
        self.ask(request.body(body.to_vec()))
    }

    /// The part of this hub's event ids that stands before the number.
    pub fn epoch(&self) -> String {
        self.feed.status().latest_id.epoch.to_string()
    }
}

/// What an event stream begins with.
async fn beginning_of(mut subscription: Subscription) -> Vec<u8> {
    let mut pieces = Pieces::default();
    loop {
        match subscription.next(&mut pieces, Framing::Plain, 16) {
            Step::Send => {}
            Step::CatchUp => subscription.catch_up().await.unwrap(),
            Step::Wait | Step::End => return pieces.bytes.concat(),
        }
    }
}
