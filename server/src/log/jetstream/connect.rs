//! Connecting to the brokers: who a hub says it is, whom it believes, and to which of them it goes next.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use async_nats::{
    Client, ConnectErrorKind, ConnectOptions, Event, ReconnectToServer, Server, ServerError, ServerInfo,
};
use tokio_rustls::rustls::crypto::ring;

use super::{address::Address, failure::OpenError, forbidden::Forbidden};

/// How long a request may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(1);

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// A connection whose broker has not answered to three of these is given up.
const PING_INTERVAL: Duration = Duration::from_secs(1);

/// The pauses between attempts to connect again: each is longer, up to the longest.
const RECONNECT_DELAY: Duration = Duration::from_millis(50);
const LONGEST_RECONNECT_DELAY: Duration = Duration::from_millis(250);

/// The oldest server that stores several messages in one step.
const OLDEST_VERSION: (i64, i64) = (2, 12);

/// A notification has 35 KiB at most.
const LEAST_PAYLOAD: usize = 128 << 10;

/// Whoever connects again goes to another broker: the one before may be frozen, or cut off from the others.
struct Rotation {
    place: AtomicUsize,
    attempts: AtomicU32,
    is_lost: AtomicBool,
}

impl Rotation {
    fn new() -> Self {
        Rotation {
            place: AtomicUsize::new(fastrand::usize(..1 << 16)),
            attempts: AtomicU32::new(0),
            is_lost: AtomicBool::new(false),
        }
    }

    /// Where to connect now. `None`, before there was a connection: to whichever answers.
    fn next(&self, servers: &[Server]) -> Option<ReconnectToServer> {
        if !servers.iter().any(|server| server.did_connect) {
            return None;
        }
        let attempts = self.attempts.fetch_add(1, Relaxed);
        let delay = RECONNECT_DELAY.saturating_mul(attempts).min(LONGEST_RECONNECT_DELAY);
        let place = self.place.fetch_add(1, Relaxed) % servers.len();
        Some(ReconnectToServer { addr: servers.get(place)?.addr.clone(), delay: Some(delay) })
    }

    fn has_connected(&self) {
        self.attempts.store(0, Relaxed);
        if self.is_lost.swap(false, Relaxed) {
            tracing::info!("connected to a NATS server again");
        }
    }

    fn has_lost(&self) {
        if !self.is_lost.swap(true, Relaxed) {
            tracing::info!("the connection to the NATS server is lost; trying the others");
        }
    }
}

/// Connects, and looks whether the brokers are what is needed.
pub(super) async fn connect(address: &Address, forbidden: &Forbidden) -> Result<Client, OpenError> {
    // The client encrypts with the provider of the process, and there are two that it might mean. A second call changes nothing.
    let _ = ring::default_provider().install_default();
    let rotation = Arc::new(Rotation::new());
    let mut options = ConnectOptions::new()
        .name("notifyhub")
        .connection_timeout(CONNECT_TIMEOUT)
        .request_timeout(Some(REQUEST_TIMEOUT))
        .ping_interval(PING_INTERVAL)
        .reconnect_delay_callback(|_| RECONNECT_DELAY)
        .reconnect_to_server_callback({
            let rotation = Arc::clone(&rotation);
            move |servers: Vec<Server>, _: ServerInfo| std::future::ready(rotation.next(&servers))
        })
        .event_callback({
            let forbidden = forbidden.clone();
            move |event| {
                match event {
                    Event::Connected => rotation.has_connected(),
                    Event::Disconnected => rotation.has_lost(),
                    Event::ServerError(ServerError::Other(text)) => forbidden.hear(&text),
                    _ => {}
                }
                std::future::ready(())
            }
        });
    if let Some((user, password)) = address.user.clone() {
        options = options.user_and_password(user, password);
    }
    if let Some(token) = address.token.clone() {
        options = options.token(token);
    }
    if let Some(path) = &address.credentials {
        let file = |reason: String| OpenError::File { path: path.display().to_string(), reason };
        let text = tokio::fs::read_to_string(path).await.map_err(|error| file(error.to_string()))?;
        options = options.credentials(&text).map_err(|error| file(error.to_string()))?;
    }
    if let Some(path) = &address.authority {
        let file = |reason: String| OpenError::File { path: path.display().to_string(), reason };
        // Said here: the connection would only say that it is not made.
        tokio::fs::metadata(path).await.map_err(|error| file(error.to_string()))?;
        options = options.add_root_certificates(path.clone());
    }
    let client = options.connect(address.servers.as_slice()).await.map_err(|error| {
        let text = address.to_string();
        match error.kind() {
            ConnectErrorKind::AuthorizationViolation | ConnectErrorKind::Authentication => {
                OpenError::Refused { address: text, shown: address.shown() }
            }
            _ if is_about_certificate(&error) => {
                OpenError::Certificate { address: text, reason: describe(&error) }
            }
            _ => OpenError::Connect { address: text, reason: describe(&error) },
        }
    })?;
    let server = client.server_info();
    if !client.is_server_compatible(OLDEST_VERSION.0, OLDEST_VERSION.1, 0) {
        return Err(OpenError::TooOld(server.version));
    }
    if server.max_payload < LEAST_PAYLOAD {
        return Err(OpenError::SmallPayload(server.max_payload));
    }
    Ok(client)
}

/// Whether a connection failed for the broker's certificate: trying again does not help.
fn is_about_certificate(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut causes = std::iter::successors(Some(error), |error| error.source());
    causes.any(|cause| {
        let inner = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let found = inner.map_or_else(|| cause.downcast_ref(), |inner| inner.downcast_ref());
        matches!(found, Some(tokio_rustls::rustls::Error::InvalidCertificate(_)))
    })
}

/// An error and what it comes from.
pub(super) fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}
