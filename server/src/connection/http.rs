//! One connection under hyper. The endpoint decides about every request. When it opens an event stream, the
//! socket is taken out of hyper as soon as the response head is written, and a small task goes on with it:
//! hyper's buffers and this task's memory are given back.

use std::{
    future::poll_fn,
    io,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::combinators::BoxBody;
use hyper::{Request, Version, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioTimer;
use poem::{
    Endpoint, Response,
    error::ReadBodyError,
    http::{Method, StatusCode, header::CONTENT_LENGTH, uri::Scheme},
    web::{LocalAddr, RemoteAddr},
};
use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;

use super::{
    Limits, Shared,
    accept::{Admission, linger},
    body::{EventBody, event_body},
    socket::{Answer, Conversation, Socket},
    stream::Stream,
};
use crate::api::{HandOff, problem};

/// The largest request head, in bytes, and the most that is buffered of a request.
const MAX_HEAD_BYTES: usize = 64 << 10;

/// How long a peer has to read the last answer after it was told that the connection ends.
const LINGER_TIMEOUT: Duration = Duration::from_secs(1);

/// How long, once the hub stops, a connection has to bring its first request. Its peer was let in and knows of no
/// stop: the request is on its way.
const FIRST_REQUEST_GRACE: Duration = Duration::from_millis(500);

/// After how long a silent peer is asked by the system whether it is still there.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// Serves one connection until it ends; an event stream goes to the fan-out.
pub(super) async fn serve<E>(
    socket: TcpStream,
    peer: SocketAddr,
    shared: Arc<Shared<E>>,
    admission: Admission,
) where
    E: Endpoint<Output = Response> + 'static,
{
    let settings = Arc::clone(&shared.settings);
    if let Err(error) = configure(&socket, &settings.limits) {
        tracing::debug!(%peer, %error, "a connection was gone before it began");
        return;
    }
    let conversation = Conversation::new();
    let service = service_fn(|request: Request<Incoming>| {
        let (shared, conversation) = (Arc::clone(&shared), conversation.clone());
        Box::pin(async move {
            Ok::<_, std::convert::Infallible>(answer(request, peer, &shared, &conversation).await)
        })
    });
    let io = Socket::new(socket, conversation.clone());
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(settings.limits.header_timeout)
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

    let socket = connection.into_parts().io.into_inner();
    match subscription {
        // What the peer may have sent beyond its request is of no use: the stream is the last response.
        Some(subscription) => {
            shared.fan_out.take(Stream::new(socket, subscription, Arc::clone(&settings), admission));
        }
        None => {
            let _ = tokio::time::timeout(LINGER_TIMEOUT, linger(socket)).await;
        }
    }
}

fn configure(socket: &TcpStream, limits: &Limits) -> io::Result<()> {
    // Otherwise an event would wait for the acknowledgement of the one before.
    socket.set_nodelay(true)?;
    let socket = SockRef::from(socket);
    // A peer that vanished, or accepts no byte, is given up by the system too: under hyper no deadline of
    // ours runs while a write is stuck.
    socket.set_tcp_user_timeout(Some(limits.stall_timeout))?;
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE / 3))
}

async fn answer<E>(
    request: Request<Incoming>,
    peer: SocketAddr,
    shared: &Shared<E>,
    conversation: &Conversation,
) -> hyper::Response<OutgoingBody>
where
    E: Endpoint<Output = Response>,
{
    conversation.asked();
    let is_head = request.method() == Method::HEAD;
    let version = request.version();
    let request = poem::Request::from((request, LocalAddr::default(), RemoteAddr(peer.into()), Scheme::HTTP));
    let mut response = match read_body(request, &shared.settings.limits).await {
        Ok(request) => shared.endpoint.get_response(request).await,
        Err(refusal) => refusal,
    };
    let hand_off = response.extensions_mut().remove::<HandOff>();
    let (head, body) = hyper::Response::<BoxBody<Bytes, io::Error>>::from(response).into_parts();
    let (answer, body) = match hand_off.and_then(|hand_off| hand_off.take()).filter(|_| !is_head) {
        None => (Answer::Response, OutgoingBody::Plain(body)),
        Some(subscription) if version == Version::HTTP_11 => {
            (Answer::Departure(subscription), OutgoingBody::Elsewhere)
        }
        Some(subscription) => {
            let events = event_body(subscription, Arc::clone(&shared.settings));
            (Answer::Stream, OutgoingBody::Events(events))
        }
    };
    conversation.answered(answer);
    hyper::Response::from_parts(head, body)
}

/// Reads the whole request body, within its limits.
async fn read_body(mut request: poem::Request, limits: &Limits) -> Result<poem::Request, Response> {
    let body = request.take_body();
    if body.is_empty() {
        return Ok(request);
    }
    let too_large = || {
        let max = limits.max_body_bytes;
        let message = format!("the body is larger than {max} bytes; no notification needs more");
        problem(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", message)
    };
    // Where the length is announced, nobody has to wait for what will not be taken.
    let announced =
        request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: u64| length > limits.max_body_bytes as u64) {
        return Err(too_large());
    }
    match tokio::time::timeout(limits.body_timeout, body.into_bytes_limit(limits.max_body_bytes)).await {
        Ok(Ok(bytes)) => {
            request.set_body(bytes);
            Ok(request)
        }
        Ok(Err(ReadBodyError::PayloadTooLarge)) => Err(too_large()),
        Ok(Err(error)) => Err(problem(StatusCode::BAD_REQUEST, "incomplete_body", error.to_string())),
        Err(_) => {
            let message = format!("the body did not arrive within {} s", limits.body_timeout.as_secs());
            Err(problem(StatusCode::REQUEST_TIMEOUT, "body_timeout", message))
        }
    }
}

/// The body of a response.
enum OutgoingBody {
    /// Whatever the endpoint made.
    Plain(BoxBody<Bytes, io::Error>),
    /// An event stream that stays under hyper.
    Events(EventBody),
    /// An event stream that is about to leave hyper: for hyper, a body that never has anything to send.
    Elsewhere,
}

impl Body for OutgoingBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match self.get_mut() {
            OutgoingBody::Plain(body) => Pin::new(body).poll_frame(cx),
            OutgoingBody::Events(events) => {
                events.as_mut().poll_next(cx).map(|event| event.map(|event| Ok(Frame::data(event))))
            }
            OutgoingBody::Elsewhere => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, OutgoingBody::Plain(body) if body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            OutgoingBody::Plain(body) => body.size_hint(),
            OutgoingBody::Events(_) | OutgoingBody::Elsewhere => SizeHint::default(),
        }
    }
}
