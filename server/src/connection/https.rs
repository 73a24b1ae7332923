//! One encrypted connection: the handshake, and then the version of HTTP that was agreed on. Event streams stay under
//! hyper here, for what is written has to be encrypted for each reader anyway.

use std::{io, net::SocketAddr, sync::Arc};

use poem::{Endpoint, Response, http::uri::Scheme};
use tokio::{
    io::AsyncWriteExt as _,
    net::TcpStream,
    time::{timeout, timeout_at},
};
use tokio_util::task::TaskTracker;

use super::{
    http1::{self, LINGER_TIMEOUT},
    http2,
    limiter::Permit,
    linger::{linger, read_some},
    respond::Shared,
    tls::Tls,
};
use crate::error_body;

/// The first byte of a TLS handshake (RFC 8446, section 5.1).
const HANDSHAKE: u8 = 22;

/// Serves one connection until it ends. `tasks` has the tasks of HTTP/2's streams.
pub(super) async fn serve<E>(
    socket: TcpStream,
    peer: SocketAddr,
    tls: &Tls,
    shared: Arc<Shared<E>>,
    permit: Permit,
    tasks: TaskTracker,
) where
    E: Endpoint<Output = Response> + 'static,
{
    let deadline = tokio::time::Instant::now() + shared.settings.limits.header_timeout;
    let handshake = async {
        let mut first = [0];
        socket.peek(&mut first).await?;
        if first[0] != HANDSHAKE {
            let _ = timeout(LINGER_TIMEOUT, say_https(socket)).await;
            return Err(io::Error::other("it is not encrypted"));
        }
        tls.accept(socket).await
    };
    let stream = match timeout_at(deadline, handshake).await.unwrap_or_else(|elapsed| Err(elapsed.into())) {
        Ok(stream) => stream,
        Err(error) => {
            tracing::debug!(%peer, %error, "no encrypted connection came about");
            return;
        }
    };
    if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
        http2::serve(stream, peer, shared, permit, tasks).await;
        return;
    }
    let (mut stream, _) = http1::converse(stream, peer, Scheme::HTTPS, &shared).await;
    let _ = timeout(LINGER_TIMEOUT, async {
        stream.shutdown().await?;
        linger(stream.into_inner().0).await
    })
    .await;
}

/// Tells one who speaks plain HTTP here.
async fn say_https(mut socket: TcpStream) -> io::Result<()> {
    read_some(&socket).await?;
    let answer = error_body::answer(
        "400 Bad Request",
        "https_only",
        "this port speaks HTTPS only; write https:// instead of http://",
        "",
    );
    socket.write_all(answer.as_bytes()).await?;
    linger(socket).await
}
