//! Encrypted connections, and HTTP/2 over them, as a client that holds its window as closed as it likes.

use std::{net::SocketAddr, path::Path, sync::Arc};

use bytes::Bytes;
use h2::{RecvStream, client::SendRequest};
use http::{Request, Response};
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, ClientConnection, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, ServerName, pem::PemObject as _},
    },
};

use crate::{server::TestServer, within};

/// Where a hub that made its own certificate keeps it.
pub fn own_certificate(server: &TestServer) -> std::path::PathBuf {
    server.data_directory().join("notifyhub.tls.pem")
}

/// An encrypted connection to a hub whose certificate is this one; an error: it is not.
pub async fn connect(
    server: &TestServer,
    certificate: &Path,
    protocol: &str,
) -> std::io::Result<TlsStream<TcpStream>> {
    connect_to(server.socket_address(), certificate, protocol).await
}

/// As [`connect`], to whatever listens there.
async fn connect_to(
    address: SocketAddr,
    certificate: &Path,
    protocol: &str,
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut config = trusting(certificate);
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    let socket = TcpStream::connect(address).await?;
    within("the handshake ends", TlsConnector::from(Arc::new(config)).connect(localhost(), socket)).await
}

/// Whether somebody listens there who already has a certificate that this one vouches for.
pub fn shakes_hands(address: SocketAddr, certificate: &Path) -> bool {
    let Ok(mut socket) = std::net::TcpStream::connect(address) else { return false };
    if !certificate.exists() {
        return false;
    }
    let connection = ClientConnection::new(Arc::new(trusting(certificate)), localhost());
    connection.expect("a connection").complete_io(&mut socket).is_ok()
}

fn trusting(certificate: &Path) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(certificate).expect("it can be read") {
        roots.add(certificate.expect("PEM")).expect("a certificate");
    }
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider has them")
        .with_root_certificates(roots)
        .with_no_client_auth()
}

fn localhost() -> ServerName<'static> {
    ServerName::try_from("localhost").expect("a name")
}

/// One connection of HTTP/2.
#[derive(Clone)]
pub struct Http2(SendRequest<Bytes>);

impl Http2 {
    /// Connects to a hub that made its own certificate. Each stream may send `window` bytes before it has to wait.
    pub async fn connect(server: &TestServer, window: u32) -> Self {
        Http2::connect_to(server.socket_address(), &own_certificate(server), window).await
    }

    /// As [`Http2::connect`], to whatever listens there with this certificate.
    pub async fn connect_to(address: SocketAddr, certificate: &Path, window: u32) -> Self {
        let stream = connect_to(address, certificate, "h2").await.expect("connected");
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let mut builder = h2::client::Builder::new();
        builder.initial_window_size(window).initial_connection_window_size(1 << 24);
        let (client, connection) = within("HTTP/2 begins", builder.handshake(stream)).await.expect("it does");
        tokio::spawn(connection);
        Http2(client)
    }

    /// Sends a request.
    pub async fn request(&self, method: &str, path: &str, body: &str) -> Response<RecvStream> {
        self.try_request(method, path, body).await.expect("an answer comes")
    }

    /// As [`Http2::request`], with more headers.
    pub async fn request_with(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Response<RecvStream> {
        self.try_request_with(method, path, headers, body).await.expect("an answer comes")
    }

    /// As [`Http2::request`], where the hub may be gone.
    pub async fn try_request(
        &self,
        method: &str,
        path: &str,
        body: &str,
    ) -> Result<Response<RecvStream>, h2::Error> {
        self.try_request_with(method, path, &[], body).await
    }

    /// As [`Http2::try_request`], with more headers.
    pub async fn try_request_with(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Response<RecvStream>, h2::Error> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("https://localhost{path}"))
            .header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(()).expect("a request"), body).await
    }

    /// Sends a request that is not the usual one.
    pub async fn send(&self, request: Request<()>, body: &str) -> Result<Response<RecvStream>, h2::Error> {
        let mut client = self.0.clone().ready().await?;
        let (response, mut sender) = client.send_request(request, false)?;
        sender.send_data(Bytes::copy_from_slice(body.as_bytes()), true)?;
        within("an answer comes", response).await
    }
}

/// Reads a body until it has this text in it; gives what was read, or how it ended.
pub async fn read_until(body: &mut RecvStream, text: &str) -> Result<String, String> {
    let mut read = Vec::new();
    loop {
        match within("there is more", body.data()).await {
            Some(Ok(data)) => {
                let _ = body.flow_control().release_capacity(data.len());
                read.extend_from_slice(&data);
                let so_far = String::from_utf8_lossy(&read);
                if so_far.contains(text) {
                    return Ok(so_far.into_owned());
                }
            }
            Some(Err(error)) => return Err(error.to_string()),
            None => return Err(format!("ended after {}", String::from_utf8_lossy(&read))),
        }
    }
}

/// Reads a body to its end.
pub async fn read_all(body: &mut RecvStream) -> String {
    let mut read = Vec::new();
    while let Some(data) = within("there is more", body.data()).await {
        let data = data.expect("the body is complete");
        let _ = body.flow_control().release_capacity(data.len());
        read.extend_from_slice(&data);
    }
    String::from_utf8(read).expect("UTF-8")
}
