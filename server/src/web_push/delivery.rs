//! Sending one message to its push service (RFC 8030): a connection of its own, to an address that was looked at, and
//! nothing of the answer but its status and when to come back. Redirections are not followed; no proxy is asked.

use std::{
    io,
    pin::pin,
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    Request, Response, StatusCode,
    body::Incoming,
    client::conn::http1,
    header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HOST, RETRY_AFTER},
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::ServerName},
};
use url::Url;

use super::{
    devices::{Outcome, Parcel},
    message::{Asks, News},
    services::Services,
    vapid::{Contact, Vapid},
};

/// The longest that sending one message may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How much of an answer's head is read.
const MAX_HEAD_BYTES: usize = 16 << 10;
/// How long a push service keeps what it cannot deliver, in seconds: whoever comes back a day later looks at the page.
const TTL_S: &str = "86400";

/// Sends.
pub(super) struct Courier {
    services: Services,
    contact: Contact,
    tls: OnceLock<TlsConnector>,
}

impl Courier {
    pub(super) fn new(services: Services, contact: Contact) -> Self {
        Courier { services, contact, tls: OnceLock::new() }
    }

    pub(super) fn services(&self) -> &Services {
        &self.services
    }

    /// Sends one message. Never fails: an error is tried again later.
    pub(super) async fn send(&self, parcel: &Parcel, vapid: &Vapid) -> Outcome {
        let sent = tokio::time::timeout(TIMEOUT, self.request(parcel, vapid)).await;
        let service = parcel.to.endpoint.host_str().unwrap_or_default();
        match sent.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
            Ok(response) => {
                let outcome = outcome_of(&response);
                if outcome != Outcome::Sent {
                    tracing::debug!(
                        service,
                        status = response.status().as_u16(),
                        ?outcome,
                        "a message was not taken"
                    );
                }
                outcome
            }
            Err(error) => {
                tracing::debug!(service, %error, "a message could not be sent");
                Outcome::Later(None)
            }
        }
    }

    async fn request(&self, parcel: &Parcel, vapid: &Vapid) -> io::Result<Response<Incoming>> {
        let endpoint = &parcel.to.endpoint;
        let request = self.made(parcel, vapid)?;
        let socket = self.connect(endpoint).await?;
        if endpoint.scheme() == "http" {
            return exchange(socket, request).await;
        }
        let name = endpoint.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let name = ServerName::try_from(name).map_err(io::Error::other)?;
        exchange(self.tls.get_or_init(connector).connect(name, socket).await?, request).await
    }

    fn made(&self, parcel: &Parcel, vapid: &Vapid) -> io::Result<Request<Full<Bytes>>> {
        let Parcel { to, message, .. } = parcel;
        let endpoint = &to.endpoint;
        let body = to.receiver.encrypt(&message.text()).ok_or_else(|| io::Error::other("its key is none"))?;
        let urgency = match message.news {
            News::Asks(Asks::Waiting, _) => "high",
            News::Asks(Asks::Failed, _) => "normal",
            News::Settled => "low",
        };
        let path = &endpoint[url::Position::BeforePath..url::Position::AfterQuery];
        Request::post(path)
            .header(HOST, &endpoint[url::Position::BeforeHost..url::Position::AfterPort])
            .header(AUTHORIZATION, vapid.authorization(endpoint, &self.contact, SystemTime::now()))
            .header(CONTENT_TYPE, "application/octet-stream")
            .header(CONTENT_ENCODING, "aes128gcm")
            .header("TTL", TTL_S)
            .header("Urgency", urgency)
            .header("Topic", vapid.topic(&message.about))
            .body(Full::from(body))
            .map_err(io::Error::other)
    }

    /// Tries the addresses in order.
    async fn connect(&self, endpoint: &Url) -> io::Result<TcpStream> {
        let mut last = io::Error::other("its name stands for no address");
        for address in self.services.addresses(endpoint).await? {
            match TcpStream::connect(address).await {
                Ok(socket) => return Ok(socket),
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

/// One request, and the head of its answer; the connection ends with it.
async fn exchange(
    socket: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Full<Bytes>>,
) -> io::Result<Response<Incoming>> {
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(MAX_HEAD_BYTES)
        .handshake(TokioIo::new(socket))
        .await
        .map_err(io::Error::other)?;
    let mut response = pin!(sender.send_request(request));
    tokio::select! {
        biased;
        answer = &mut response => answer.map_err(io::Error::other),
        ended = connection => match ended {
            // Its last words may be the answer.
            Ok(()) => response.await.map_err(io::Error::other),
            Err(error) => Err(io::Error::other(error)),
        },
    }
}

/// The root certificates that are built in: a container or a service may see none of the system's.
fn connector() -> TlsConnector {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider has the protocols")
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

fn outcome_of<B>(response: &Response<B>) -> Outcome {
    match response.status() {
        status if status.is_success() => Outcome::Sent,
        StatusCode::NOT_FOUND | StatusCode::GONE => Outcome::Gone,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => Outcome::Later(retry_after(response)),
        status if status.is_server_error() => Outcome::Later(retry_after(response)),
        _ => Outcome::Refused,
    }
}

/// How long the service wants to be left alone, in seconds or until a time (RFC 9110, section 10.2.3).
fn retry_after<B>(response: &Response<B>) -> Option<Duration> {
    let text = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = chrono::DateTime::parse_from_rfc2822(text).ok()?;
    (until.to_utc() - chrono::Utc::now()).to_std().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_answer_of_a_service_means_something() {
        let outcome = |status: u16, retry_after: Option<&str>| {
            let mut response = Response::builder().status(status);
            if let Some(value) = retry_after {
                response = response.header(RETRY_AFTER, value);
            }
            outcome_of(&response.body(()).expect("valid"))
        };
        for (status, expected) in [
            (201, Outcome::Sent),
            (202, Outcome::Sent),
            (301, Outcome::Refused),
            (400, Outcome::Refused),
            (403, Outcome::Refused),
            (404, Outcome::Gone),
            (410, Outcome::Gone),
            (413, Outcome::Refused),
            (429, Outcome::Later(None)),
            (500, Outcome::Later(None)),
            (503, Outcome::Later(None)),
        ] {
            assert_eq!(outcome(status, None), expected, "{status}");
        }
        assert_eq!(outcome(429, Some("7")), Outcome::Later(Some(Duration::from_secs(7))));
        assert_eq!(outcome(503, Some("soon")), Outcome::Later(None));
        let in_a_minute = (chrono::Utc::now() + Duration::from_mins(1)).to_rfc2822();
        let Outcome::Later(Some(wait)) = outcome(503, Some(&in_a_minute)) else {
            panic!("a time is understood")
        };
        assert!(wait > Duration::from_secs(50) && wait <= Duration::from_mins(1), "{wait:?}");
    }
}
