//! What every version of HTTP does with a request: has the endpoint answer it, and takes the subscription out of an
//! answer that is an event stream.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::combinators::BoxBody;
use hyper::{Request, Version, body::Incoming, http::response};
use poem::{
    Endpoint, Response,
    http::{Method, StatusCode, header::HOST, uri::Scheme},
    web::{LocalAddr, RemoteAddr},
};

use super::{
    body::{EventBody, event_body},
    ending::Ending,
    fan_out::FanOut,
    hand_off::BodyEnd,
    settings::Settings,
    tls::Tls,
};
use crate::{
    error_body,
    feed::{HandOff, Subscription},
    security_headers,
};

const EVENT_STREAM: &str = "text/event-stream";

/// What every connection shares.
pub struct Shared<E> {
    /// Answers the requests.
    pub endpoint: E,
    /// On its own, for event streams need nothing but this.
    pub settings: Arc<Settings>,
    /// Where event streams go.
    pub fan_out: FanOut,
    /// What connections are encrypted with, if they are.
    pub tls: Option<Arc<Tls>>,
}

/// An answer whose body nobody has decided on yet.
pub(super) struct Answered {
    pub(super) head: response::Parts,
    pub(super) body: Answer,
}

/// What it carries.
pub(super) enum Answer {
    /// Whatever the endpoint made.
    Plain(BoxBody<Bytes, io::Error>),
    /// An event stream.
    Events(Subscription),
}

/// Has the endpoint answer a request.
pub(super) async fn respond<E>(
    request: Request<Incoming>,
    peer: SocketAddr,
    scheme: Scheme,
    shared: &Shared<E>,
) -> Answered
where
    E: Endpoint<Output = Response>,
{
    let is_head = request.method() == Method::HEAD;
    let mut response = if has_one_host(&request) {
        let request = poem::Request::from((request, LocalAddr::default(), RemoteAddr(peer.into()), scheme));
        shared.endpoint.get_response(request).await
    } else {
        // The endpoint, which counts all others, has not seen it.
        shared.settings.metrics.refused(!request.method().is_safe(), "invalid_host");
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
        let request_id = response.header("x-request-id");
        tracing::error!(request_id, "an event stream lost its subscription on its way through the hub");
        response = refusal(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", "the event stream was lost");
    }
    let (head, body) = hyper::Response::<BoxBody<Bytes, io::Error>>::from(response).into_parts();
    let body = match subscription.filter(|_| !is_head) {
        None => Answer::Plain(body),
        Some(subscription) => Answer::Events(subscription),
    };
    Answered { head, body }
}

/// A request names the host it is for, once (RFC 9112, section 3.2; RFC 9113, section 8.3.1).
fn has_one_host(request: &Request<Incoming>) -> bool {
    let named = request.headers().get_all(HOST).iter().count();
    match request.version() {
        Version::HTTP_11 => named == 1,
        Version::HTTP_2 => named + usize::from(request.uri().authority().is_some()) >= 1 && named <= 1,
        _ => named <= 1,
    }
}

pub(super) fn refusal(status: StatusCode, code: &str, message: &str) -> Response {
    let mut response = Response::builder()
        .status(status)
        .content_type("application/json")
        .body(error_body::json(code, message));
    security_headers::add(&mut response);
    response
}

/// The body of a response.
pub(super) enum OutgoingBody {
    /// Whatever the endpoint made.
    Plain(BoxBody<Bytes, io::Error>, #[expect(dead_code, reason = "its end is what counts")] Option<BodyEnd>),
    /// An event stream that stays under hyper.
    Events(EventBody),
    /// An event stream that is about to leave hyper: for hyper, a body that never has anything to send.
    Elsewhere,
}

impl OutgoingBody {
    /// An event stream that stays under hyper.
    pub(super) fn events(subscription: Subscription, settings: &Arc<Settings>, ending: Ending) -> Self {
        OutgoingBody::Events(event_body(subscription, Arc::clone(settings), ending))
    }
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
