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
//! - [`hubs`]: which of several hubs is asked.
//! - [`subscription`]: the event stream, written by hand on top of it.
//! - [`retry`]: when to try again. `staleness`: when to leave a hub that has lost touch.

pub mod foreign;
mod generated;
pub mod hubs;
pub mod retry;
mod staleness;
pub mod subscription;
pub mod vocabulary;

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};

use hubs::Hub;
pub use hubs::{Hubs, addresses};

pub use generated::{Client, ClientInfo, builder, prelude, types};
pub use progenitor_client::{ByteStream, Error, ResponseValue};
pub use subscription::{Event, Subscribe, SubscribeError, Subscription};
pub use vocabulary::{Format, Level, Reason, State};

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The same, where another hub can be asked.
const CONNECT_TIMEOUT_OF_SEVERAL: Duration = Duration::from_secs(3);

/// The address is not one of a hub.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// It cannot be read.
    #[error("{0:?} is not an address like http://localhost:9080: {1}")]
    Address(String, String),
    /// The publish token has characters that no header can carry.
    #[error("the publish token is not one: it has a line break or other control characters")]
    Token,
    /// The address has a user and password, and there is a publish token besides.
    #[error(
        "{0:?} has a user and password, and a publish token is given too; both would go into the same header. Leave one \
         of them out: whoever keeps the proxy can have it send the token"
    )]
    TwoCredentials(String),
    /// There is none in what was given.
    #[error("there is no certificate in it: it must be PEM, with a line `-----BEGIN CERTIFICATE-----`")]
    NoCertificate,
    /// The HTTP client cannot be made.
    #[error("cannot make an HTTP client: {0}")]
    Client(#[from] reqwest::Error),
}

/// A client of the hub at this address, such as `http://localhost:9080` or, behind a proxy,
/// `https://example.com/hub`; with `https://user:password@example.com/hub` each request shows these to the proxy.
/// Nothing is sent yet.
///
/// Hubs that share one feed are named in one list: `http://a:9080,http://b:9080`. The first is asked until it does not answer, or
/// only with an error of its own (5xx), then another, in an order of this client's own: calls are repeated there (a post under an idempotency key, which it gets if
/// it has none; another `POST` without one only if it was not sent before), and event streams go on after their last event. They
/// also leave a hub that has lost touch with the others for 10 seconds.
/// A `DELETE` that is repeated may say that there is nothing to delete any more.
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
        let addresses = addresses(address);
        let timeout = if addresses.len() > 1 { CONNECT_TIMEOUT_OF_SEVERAL } else { CONNECT_TIMEOUT };
        let mut hubs = Vec::new();
        for address in addresses {
            let client = self.http_client(address, timeout)?;
            hubs.push(Hub { address: address.trim_end_matches('/').to_owned(), client });
        }
        let first = hubs.first().map(|hub| (hub.address.clone(), hub.client.clone()));
        let (address, client) = first.expect("there is always one address");
        // Where the first one dies, not all clients are to fall on the same other one.
        fastrand::shuffle(&mut hubs[1..]);
        let hubs = if hubs.len() > 1 { Hubs::new(hubs) } else { Hubs::default() };
        Ok(Client::new_with_client(&address, client, hubs))
    }

    fn http_client(&self, address: &str, timeout: Duration) -> Result<reqwest::Client, ConnectError> {
        let invalid = |reason: &str| ConnectError::Address(without_password(address), reason.to_owned());
        if !matches!(address.split_once("://"), Some((scheme, _)) if is_http(scheme)) {
            return Err(invalid("it must begin with http:// or https://"));
        }
        let url = reqwest::Url::parse(address).map_err(|error| invalid(&error.to_string()))?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err(invalid("it must end with the path, without `?` and `#`"));
        }
        let mut client = reqwest::Client::builder().connect_timeout(timeout).tcp_nodelay(true);
        if is_this_machine(&url) {
            // A proxy for the way out (HTTP_PROXY) would look for the hub on itself.
            client = client.no_proxy();
            if url.scheme() == "http" {
                // To read the system's takes longer than the request.
                client = client.tls_certs_only([]);
            }
        }
        if let Some(token) = &self.publish_token {
            if !url.username().is_empty() || url.password().is_some() {
                return Err(ConnectError::TwoCredentials(without_password(address)));
            }
            let mut value =
                HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| ConnectError::Token)?;
            value.set_sensitive(true);
            client = client.default_headers(HeaderMap::from_iter([(AUTHORIZATION, value)]));
        }
        if !self.certificates.is_empty() {
            client = client.tls_certs_merge(self.certificates.iter().cloned());
        }
        Ok(client.build()?)
    }
}

/// An address, or a list of them, to show to people: without the passwords that are in it.
pub fn without_password(list: &str) -> String {
    let shown: Vec<_> = addresses(list).into_iter().map(one_without_password).collect();
    shown.join(",")
}

fn one_without_password(address: &str) -> String {
    let authority = address.find("://").map_or(0, |position| position + 3);
    let end = address[authority..].find(['/', '?', '#']).map_or(address.len(), |length| authority + length);
    let user_info = address[authority..end].rfind('@').map(|length| &address[authority..authority + length]);
    match user_info.and_then(|user_info| user_info.split_once(':')) {
        Some((user, password)) => {
            let rest = &address[authority + user.len() + 1 + password.len()..];
            format!("{}{user}:…{rest}", &address[..authority])
        }
        None => address.to_owned(),
    }
}

fn is_http(scheme: &str) -> bool {
    ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known))
}

fn is_this_machine(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_shown() {
        for (address, shown) in [
            ("https://desk:secret@example.com/hub", "https://desk:…@example.com/hub"),
            ("https://desk:a@b:c@example.com:1", "https://desk:…@example.com:1"),
            ("desk:secret@example.com", "desk:…@example.com"),
            ("https://example.com/a:b@c", "https://example.com/a:b@c"),
            ("http://desk@example.com", "http://desk@example.com"),
            ("http://[::1]:9080", "http://[::1]:9080"),
            ("http://a:b@c, https://d:e,f@g", "http://a:…@c,https://d:…@g"),
        ] {
            assert_eq!(without_password(address), shown);
        }
        let refused = connect("ftp://desk:secret@example.com").err().map(|error| error.to_string());
        assert!(refused.is_some_and(|refused| !refused.contains("secret")));
    }

    #[test]
    fn two_credentials_for_one_header_are_refused() {
        let options = ConnectOptions::default().publish_token("0123456789abcdef");
        assert!(options.connect("https://example.com").is_ok());
        let refused = options.connect("https://desk:secret@example.com");
        assert!(matches!(refused, Err(ConnectError::TwoCredentials(address)) if !address.contains("secret")));
    }
}
