//! Asks a running hub whether it is ready, for supervisors that run a program (`notifyhub-server health`): the image of
//! the server holds no other.

use std::{io, sync::Arc, time::Duration};

use serde::Deserialize;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{self, ClientConfig, crypto::ring, pki_types::ServerName},
};
use url::Url;

use crate::any_certificate::AnyCertificate;

/// How long the answer may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// More than any answer has.
const MAX_ANSWER_BYTES: u64 = 64 << 10;

/// The hub is not ready, or there is none.
#[derive(Debug, thiserror::Error)]
pub enum HealthError {
    /// No answer comes.
    #[error("nothing answers at {0}: {1}")]
    Unreachable(Url, io::Error),
    /// It takes too long.
    #[error("no answer comes from {0} within {seconds} s", seconds = TIMEOUT.as_secs())]
    Timeout(Url),
    /// The hub says why.
    #[error("the hub at {0} is not ready: {1}")]
    NotReady(Url, String),
    /// It is something else's answer.
    #[error("{0} does not look like a NotifyHub: it answers with status {1}")]
    NotAHub(Url, String),
}

/// The address of a hub for `--url`.
pub fn hub_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let mut url = url.ok_or("must be an address such as http://localhost:9080 or https://example.com/hub")?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err("must end with the path, without `?` and `#`".into());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must be the hub's own address: no user and password are sent".into());
    }
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    Ok(url)
}

/// Succeeds if the hub at this address is ready to store what is posted.
pub async fn check(hub: &Url) -> Result<(), HealthError> {
    let answer = match tokio::time::timeout(TIMEOUT, ask(hub)).await {
        Ok(answer) => answer.map_err(|error| HealthError::Unreachable(hub.clone(), error))?,
        Err(_) => return Err(HealthError::Timeout(hub.clone())),
    };
    judge(hub, &answer)
}

async fn ask(hub: &Url) -> io::Result<String> {
    let invalid = || io::Error::new(io::ErrorKind::InvalidInput, "the address names no host and port");
    let host = hub.host_str().ok_or_else(invalid)?;
    let bare_host = host.trim_matches(['[', ']']).to_owned();
    let port = hub.port_or_known_default().ok_or_else(invalid)?;
    let socket = TcpStream::connect((bare_host.as_str(), port)).await?;
    // HTTP/1.0: the answer ends with the connection, and is never in chunks.
    let request = format!("GET {}readyz HTTP/1.0\r\nHost: {host}:{port}\r\n\r\n", hub.path());
    if hub.scheme() == "http" {
        return exchange(socket, &request).await;
    }
    let name = ServerName::try_from(bare_host).map_err(io::Error::other)?;
    let connector = TlsConnector::from(Arc::new(tls_config().map_err(io::Error::other)?));
    exchange(connector.connect(name, socket).await?, &request).await
}

async fn exchange(mut stream: impl AsyncRead + AsyncWrite + Unpin, request: &str) -> io::Result<String> {
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    match stream.take(MAX_ANSWER_BYTES).read_to_end(&mut answer).await {
        // The end of an encrypted connection need not be announced.
        Err(error) if answer.is_empty() => return Err(error),
        _ => {}
    }
    if answer.is_empty() {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the connection ended without an answer"));
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// What a hub says that is not ready.
#[derive(Deserialize)]
struct Problem {
    message: String,
}

fn judge(hub: &Url, answer: &str) -> Result<(), HealthError> {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
    let status = head.lines().next().and_then(|line| line.strip_prefix("HTTP/1."));
    let status = status.and_then(|line| line.split_once(' ')).map_or("none", |(_, status)| status);
    if status.starts_with("200 ") && serde_json::from_str::<serde_json::Value>(body).is_ok() {
        return Ok(());
    }
    match serde_json::from_str::<Problem>(body) {
        Ok(problem) => Err(HealthError::NotReady(hub.clone(), problem.message)),
        Err(_) => Err(HealthError::NotAHub(hub.clone(), status.to_owned())),
    }
}

fn tls_config() -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(ring::default_provider());
    // It is asked under an address of this machine that its certificate need not name, nothing secret is sent, and what is
    // answered decides about no more than this program's exit code.
    let verifier = Arc::new(AnyCertificate::new(&provider));
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_of_a_hub() {
        for (text, url) in
            [("http://localhost:9080", "http://localhost:9080/"), ("https://x/hub", "https://x/hub/")]
        {
            assert_eq!(hub_url(text).expect("valid").as_str(), url);
        }
        for wrong in ["localhost", "localhost:9080", "ftp://x", "http://x/?a", "http://x/#a", "http://a:b@x"]
        {
            assert!(hub_url(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_a_hubs_own_yes_counts() {
        let hub = hub_url("http://x").expect("valid");
        let said = |answer: &str| judge(&hub, answer).map_err(|error| error.to_string());
        assert_eq!(said("HTTP/1.1 200 OK\r\na: b\r\n\r\n{\"status\":\"ok\"}"), Ok(()));
        let full =
            "HTTP/1.1 503 Service Unavailable\r\n\r\n{\"code\":\"c\",\"message\":\"the disk is full\"}";
        assert_eq!(said(full), Err("the hub at http://x/ is not ready: the disk is full".into()));
        for foreign in
            ["HTTP/1.0 200 OK\r\n\r\n<html>", "HTTP/1.1 502 Bad Gateway\r\n\r\n<html>", "SSH-2.0\r\n"]
        {
            assert!(said(foreign).is_err_and(|said| said.contains("does not look like")), "{foreign}");
        }
    }
}
