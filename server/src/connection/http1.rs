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
    http::{
        Method, StatusCode,
        header::{HOST, X_CONTENT_TYPE_OPTIONS},
        uri::Scheme,
    },
    web::{LocalAddr, RemoteAddr},
};
use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;

use super::{
    body::{EventBody, event_body},
    fan_out::FanOut,
    hand_off::{Answer, BodyEnd, Conversation, Socket},
    limiter::Permit,
    linger::linger,
    settings::{Limits, Settings},
    stream::Stream,
};
use crate::{error_body, feed::HandOff};

const EVENT_STREAM: &str = "text/event-stream";

/// The largest request head, in bytes, and the most that is buffered of a request.
const MAX_HEAD_BYTES: usize = 64 << 10;

/// How long a peer has to read the last answer after it was told that the connection ends.
const LINGER_TIMEOUT: Duration = Duration::from_secs(1);

/// How long, once the hub stops, a connection has to bring its first request. Its peer was let in and knows of no
/// stop: the request is on its way.
const FIRST_REQUEST_GRACE: Duration = Duration::from_millis(500);

/// The system counts milliseconds in 31 bits.
const MAX_USER_TIMEOUT: Duration = Duration::from_millis(i32::MAX as u64);

/// After how long a silent peer is asked by the system whether it is still there.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// What every connection shares.
pub struct Shared<E> {
    /// Answers the requests.
    pub endpoint: E,
    /// On its own, for event streams need nothing but this.
    pub settings: Arc<Settings>,
    /// Where event streams go.
    pub fan_out: FanOut,
}

/// Serves one connection until it ends; an event stream goes to the fan-out.
pub(super) async fn serve<E>(socket: TcpStream, peer: SocketAddr, shared: Arc<Shared<E>>, permit: Permit)
where
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

    let socket = connection.into_parts().io.into_inner();
    match subscription {
        // What the peer may have sent beyond its request is of no use: the stream is the last response.
        Some(subscription) => {
            shared.fan_out.take(Stream::new(socket, subscription, Arc::clone(&settings), permit));
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
    socket.set_tcp_user_timeout(Some(limits.stall_timeout.min(MAX_USER_TIMEOUT)))?;
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
    let mut response = if has_one_host(&request) {
        let request =
            poem::Request::from((request, LocalAddr::default(), RemoteAddr(peer.into()), Scheme::HTTP));
        shared.endpoint.get_response(request).await
    } else {
        refusal(
            StatusCode::BAD_REQUEST,
            "invalid_host",
            "a request needs one `Host` header, and no second one",
        )
    };
    let subscription = response.extensions_mut().remove::<HandOff>().and_then(|hand_off| hand_off.take());
    if subscription.is_none()
        && !is_head
        && response.status() == StatusCode::OK
        && response.content_type().is_some_and(|content_type| content_type.starts_with(EVENT_STREAM))
    {
        // An empty stream would have its reader come back at once, for ever.
        tracing::error!("an event stream lost its subscription on its way through the hub");
        response = refusal(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", "the event stream was lost");
    }
    let (head, body) = hyper::Response::<BoxBody<Bytes, io::Error>>::from(response).into_parts();
    let (answer, body) = match subscription.filter(|_| !is_head) {
        None => (Answer::Response, OutgoingBody::Plain(body, BodyEnd(conversation.clone()))),
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

/// A request names the host it is for, once (RFC 9112, section 3.2).
fn has_one_host(request: &Request<Incoming>) -> bool {
    request.version() != Version::HTTP_11 || request.headers().get_all(HOST).iter().count() == 1
}

fn refusal(status: StatusCode, code: &str, message: &str) -> Response {
    Response::builder()
        .status(status)
        .content_type("application/json")
        .header(X_CONTENT_TYPE_OPTIONS, "nosniff")
        .body(error_body::json(code, message))
}

/// The body of a response.
enum OutgoingBody {
    /// Whatever the endpoint made.
    Plain(BoxBody<Bytes, io::Error>, #[expect(dead_code, reason = "its end is what counts")] BodyEnd),
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
            OutgoingBody::Plain(body, _) => Pin::new(body).poll_frame(cx),
            OutgoingBody::Events(events) => {
                events.as_mut().poll_next(cx).map(|event| event.map(|event| Ok(Frame::data(event))))
            }
            OutgoingBody::Elsewhere => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, OutgoingBody::Plain(body, _) if body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            OutgoingBody::Plain(body, _) => body.size_hint(),
            OutgoingBody::Events(_) | OutgoingBody::Elsewhere => SizeHint::default(),
        }
    }
}
