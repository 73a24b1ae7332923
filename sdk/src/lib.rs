//! Typed client of a NotifyHub server.
//!
//! [`Client`] has a method for each operation of the API, generated from the hub's OpenAPI specification.
//! [`Subscribe::subscribe`] adds what a specification cannot say: an event stream that reconnects and resumes
//! by itself, without losing or repeating anything.
//!
//! ```no_run
//! use futures_util::StreamExt as _;
//! use notifyhub_sdk::{Event, Subscribe as _, connect, types::NewNotification};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let hub = connect("http://localhost:9080")?;
//! let mut events = hub.subscribe();
//!
//! let new = NewNotification::builder().message("Tests passed").tags(vec!["ci".parse()?]);
//! let stored = hub.publish().body(new).send().await?.into_inner();
//! println!("stored as {}", stored.id);
//!
//! while let Some(event) = events.next().await {
//!     match event? {
//!         Event::Init(newest_first) => println!("{} stored notifications", newest_first.len()),
//!         Event::Notification(notification) => println!("{}", notification.message),
//!         _ => {}
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Layout
//! - `generated`: the client, made by progenitor from `openapi.json`.
//! - [`vocabulary`]: the words of the API that may grow.
//! - [`foreign`]: answers that are not a hub's.
//! - [`subscription`]: the event stream, written by hand on top of it.
//! - [`retry`]: when to try again.

pub mod foreign;
mod generated;
pub mod retry;
pub mod subscription;
pub mod vocabulary;

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};

pub use generated::{Client, ClientInfo, builder, prelude, types};
pub use progenitor_client::{ByteStream, Error, ResponseValue};
pub use subscription::{Event, Subscribe, SubscribeError, Subscription};
pub use vocabulary::{Format, Level, Reason, State};

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The address is not one of a hub.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// It cannot be read.
    #[error("{0:?} is not an address like http://localhost:9080: {1}")]
    Address(String, String),
    /// The publish token has characters that no header can carry.
    #[error("the publish token is not one: it has a line break or other control characters")]
    Token,
    /// There is none in what was given.
    #[error("there is no certificate in it: it must be PEM, with a line `-----BEGIN CERTIFICATE-----`")]
    NoCertificate,
    /// The HTTP client cannot be made.
    #[error("cannot make an HTTP client: {0}")]
    Client(#[from] reqwest::Error),
}

/// A client of the hub at this address, such as `http://localhost:9080` or, behind a proxy,
/// `https://example.com/hub`. Nothing is sent yet.
///
/// Unlike [`Client::new`] it sets no limit on the length of a response, which would cut event streams; wrap a
/// call in a timeout of your own where you need one.
pub fn connect(address: &str) -> Result<Client, ConnectError> {
    ConnectOptions::default().connect(address)
}

/// How to reach a hub, where the address alone does not do.
#[derive(Clone, Default)]
pub struct ConnectOptions {
    publish_token: Option<String>,
    certificates: Vec<reqwest::Certificate>,
}

impl ConnectOptions {
    /// The token that publishers have to show, where the hub was started with any.
    #[must_use]
    pub fn publish_token(mut self, token: &str) -> Self {
        self.publish_token = Some(token.to_owned());
        self
    }

    /// Certificates to trust besides the system's, in PEM: that of a hub with a self-signed one, say.
    pub fn trust_certificates(mut self, pem: &[u8]) -> Result<Self, ConnectError> {
        let certificates = reqwest::Certificate::from_pem_bundle(pem)?;
        if certificates.is_empty() {
            return Err(ConnectError::NoCertificate);
        }
        self.certificates.extend(certificates);
        Ok(self)
    }

    /// As [`connect`].
    pub fn connect(&self, address: &str) -> Result<Client, ConnectError> {
        let invalid = |reason: &str| ConnectError::Address(address.to_owned(), reason.to_owned());
        let url = reqwest::Url::parse(address).map_err(|error| invalid(&error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(invalid("it must begin with http:// or https://"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(invalid("it must end with the path, without `?` and `#`"));
        }
        let mut client = reqwest::Client::builder().connect_timeout(CONNECT_TIMEOUT).tcp_nodelay(true);
        if is_this_machine(&url) {
            // A proxy for the way out (HTTP_PROXY) would look for the hub on itself.
            client = client.no_proxy();
        }
        if let Some(token) = &self.publish_token {
            let mut value =
                HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| ConnectError::Token)?;
            value.set_sensitive(true);
            client = client.default_headers(HeaderMap::from_iter([(AUTHORIZATION, value)]));
        }
        if !self.certificates.is_empty() {
            client = client.tls_certs_merge(self.certificates.iter().cloned());
        }
        Ok(Client::new_with_client(address.trim_end_matches('/'), client.build()?))
    }
}

fn is_this_machine(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}
