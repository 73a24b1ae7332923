//! One connection of HTTP/1 under hyper. The endpoint decides about every request. When it opens an event stream on a
//! plain connection, the socket is taken out of hyper as soon as the response head is written, and a small task goes on
//! with it: hyper's buffers and this task's memory are given back.

use std::{
    future::poll_fn,
    io,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::Arc,
    task::Poll,
    time::Duration,
};

use hyper::{Request, Version, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioTimer;
use poem::{Endpoint, Response, http::uri::Scheme};
use socket2::{SockRef, TcpKeepalive};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};

use super::{
    hand_off::{BodyEnd, Conversation, Socket, Turn},
    limiter::Permit,
    linger::linger,
    respond::{Answer, OutgoingBody, Shared, respond},
    settings::Limits,
    stream::Stream,
};
use crate::feed::Subscription;

/// The largest request head, in bytes, and the most that is buffered of a request.
pub(super) const MAX_HEAD_BYTES: usize = 64 << 10;

/// How long a peer has to read the last answer after it was told that the connection ends.
pub(super) const LINGER_TIMEOUT: Duration = Duration::from_secs(1);

/// How long, once the hub stops, a connection has to bring its first request. Its peer was let in and knows of no
/// stop: the request is on its way.
const FIRST_REQUEST_GRACE: Duration = Duration::from_millis(500);

/// The system counts milliseconds in 31 bits.
const MAX_USER_TIMEOUT: Duration = Duration::from_millis(i32::MAX as u64);

/// After how long a silent peer is asked by the system whether it is still there.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// Serves one plain connection until it ends; an event stream goes to the fan-out.
pub(super) async fn serve<E>(socket: TcpStream, peer: SocketAddr, shared: Arc<Shared<E>>, permit: Permit)
where
    E: Endpoint<Output = Response> + 'static,
{
    match converse(socket, peer, Scheme::HTTP, &shared).await {
        // What the peer may have sent beyond its request is of no use: the stream is the last response.
        (socket, Some(subscription)) => {
            let settings = Arc::clone(&shared.settings);
            shared.fan_out.take(Stream::new(socket, subscription, settings, permit));
        }
        (socket, None) => {
            let _ = tokio::time::timeout(LINGER_TIMEOUT, linger(socket)).await;
        }
    }
}

/// Answers requests until the connection ends, or an event stream takes the socket away: only from a plain connection,
/// for an encrypted one is more than its socket.
pub(super) async fn converse<E, T>(
    io: T,
    peer: SocketAddr,
    scheme: Scheme,
    shared: &Arc<Shared<E>>,
) -> (T, Option<Subscription>)
where
    E: Endpoint<Output = Response> + 'static,
    T: AsyncRead + AsyncWrite + Unpin,
{
    let settings = &shared.settings;
    let conversation = Conversation::new();
    let service = service_fn(|request: Request<Incoming>| {
        let (shared, conversation, scheme) = (Arc::clone(shared), conversation.clone(), scheme.clone());
        Box::pin(async move {
            Ok::<_, std::convert::Infallible>(answer(request, peer, scheme, &shared, &conversation).await)
        })
    });
    let io = Socket::new(io, conversation.clone());
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(settings.limits.header_timeout)
        // A client may close its sending side after the request, and still waits for the answer.
        .half_close(true)
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(io, service);

    let mut stopping = pin!(settings.shutdown.begun());
    let mut grace = pin!(async {
        // Begins to run once the hub stops.
        tokio::time::sleep(FIRST_REQUEST_GRACE).await;
    });
    let (mut is_stopping, mut is_closing) = (false, false);
    let subscription = poll_fn(|cx| {
        loop {
            match connection.poll_without_shutdown(cx) {
                Poll::Ready(Ok(())) => return Poll::Ready(None),
                Poll::Ready(Err(error)) => {
                    tracing::debug!(%peer, %error, "a connection ended early");
                    return Poll::Ready(None);
                }
                Poll::Pending => {}
            }
            if let Some(subscription) = conversation.departure() {
                return Poll::Ready(Some(subscription));
            }
            // Only now, for hyper drops a connection on which it has read nothing yet.
            is_stopping = is_stopping || stopping.as_mut().poll(cx).is_ready();
            let mut may_close = || conversation.has_begun() || grace.as_mut().poll(cx).is_ready();
            if is_closing || !is_stopping || !may_close() {
                return Poll::Pending;
            }
            is_closing = true;
            Pin::new(&mut connection).graceful_shutdown();
        }
    })
    .await;
    (connection.into_parts().io.into_inner(), subscription)
}

/// Sets a new connection's options.
pub(super) fn configure(socket: &TcpStream, limits: &Limits) -> io::Result<()> {
    // Otherwise an event would wait for the acknowledgement of the one before.
    socket.set_nodelay(true)?;
    let socket = SockRef::from(socket);
    // A peer that vanished, or accepts no byte, is given up by the system too: under hyper no deadline of
    // ours runs while a write is stuck.
    socket.set_tcp_user_timeout(Some(limits.stall_timeout.min(MAX_USER_TIMEOUT)))?;
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE / 3))
}

async fn answer<E>(
    request: Request<Incoming>,
    peer: SocketAddr,
    scheme: Scheme,
    shared: &Shared<E>,
    conversation: &Conversation,
) -> hyper::Response<OutgoingBody>
where
    E: Endpoint<Output = Response>,
{
    conversation.asked();
    let may_leave = request.version() == Version::HTTP_11 && scheme == Scheme::HTTP;
    let answered = respond(request, peer, scheme, shared).await;
    let (turn, body) = match answered.body {
        Answer::Plain(body) => {
            (Turn::Writing, OutgoingBody::Plain(body, Some(BodyEnd(conversation.clone()))))
        }
        Answer::Events(subscription) if may_leave => (Turn::Leaving(subscription), OutgoingBody::Elsewhere),
        Answer::Events(subscription) => (
            Turn::Streaming,
            OutgoingBody::events(subscription, &shared.settings, conversation.ending.clone()),
        ),
    };
    conversation.answered(turn);
    hyper::Response::from_parts(answered.head, body)
}
