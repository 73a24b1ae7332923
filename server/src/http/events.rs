//! `GET /events`: the event stream. The endpoint decides on status and headers; the connection then takes the
//! subscription out of the response and sends the frames itself.

use poem::{IntoResponse, Request, Response, http::StatusCode};
use poem_openapi::{
    ApiResponse, OpenApi,
    param::{Header, Query},
    payload::Payload,
    registry::{MetaSchema, MetaSchemaRef, Registry},
    types::Type,
};
use serde::Deserialize;

use super::{
    context::{Shared, Tag},
    error::ApiError,
    middleware::request_id,
};
use crate::{
    feed::{HandOff, MAX_LIST, Subscription},
    metrics::Label as _,
    notification::Notification,
    sse::event::{Cleared, Deleted, Heartbeat, Hello, Read},
};

/// No cache may hold the stream back or change it.
const CACHE_CONTROL: &str = "no-store, no-transform";

pub(super) struct EventsApi {
    pub(super) shared: Shared,
}

/// The body of the event stream. Poem's own would encode and copy each event for each connection.
struct EventStream(Subscription);

impl Payload for EventStream {
    const CONTENT_TYPE: &'static str = "text/event-stream";

    fn schema_ref() -> MetaSchemaRef {
        let event = |name: &str, data: MetaSchemaRef| {
            let schema = MetaSchema { title: Some(name.to_owned()), all_of: vec![data], ..MetaSchema::ANY };
            MetaSchemaRef::Inline(Box::new(schema))
        };
        MetaSchemaRef::Inline(Box::new(MetaSchema {
            title: Some("The data of an event, by its name".into()),
            any_of: vec![
                event("hello", Hello::schema_ref()),
                event("init", Vec::<Notification>::schema_ref()),
                event("notification", Notification::schema_ref()),
                event("deleted", Deleted::schema_ref()),
                event("cleared", Cleared::schema_ref()),
                event("read", Read::schema_ref()),
                event("heartbeat", Heartbeat::schema_ref()),
            ],
            ..MetaSchema::ANY
        }))
    }

    fn register(registry: &mut Registry) {
        Hello::register(registry);
        Notification::register(registry);
        Deleted::register(registry);
        Cleared::register(registry);
        Read::register(registry);
        Heartbeat::register(registry);
    }
}

impl IntoResponse for EventStream {
    fn into_response(self) -> Response {
        let mut response = Response::builder().content_type(Self::CONTENT_TYPE).finish();
        response.extensions_mut().insert(HandOff::new(self.0));
        response
    }
}

#[derive(ApiResponse)]
enum EventsResponse {
    /// The stream. It goes on until one side closes it.
    #[oai(status = 200)]
    Ok(
        EventStream,
        /// No cache may hold the stream back or change it.
        #[oai(header = "Cache-Control")]
        String,
        /// Tells nginx to pass each event on at once.
        #[oai(header = "X-Accel-Buffering")]
        String,
    ),
}

/// The resume point in the address, for those who cannot set a header.
#[derive(Deserialize)]
struct LastEventIdQuery {
    last_event_id: Option<String>,
    #[serde(rename = "lastEventId")]
    last_event_id_camel: Option<String>,
}

/// What the client gives as the id of the last event it has. Not from the header parameter, which takes an id that is
/// not ASCII for none at all; such an id is unknown, and so are two ids that differ.
fn last_event_id(request: &Request) -> Option<String> {
    if let Some(id) = request.headers().get("Last-Event-ID") {
        return Some(String::from_utf8_lossy(id.as_bytes()).into_owned());
    }
    let query = request.params::<LastEventIdQuery>().ok()?;
    match (query.last_event_id, query.last_event_id_camel) {
        (Some(one), Some(other)) if one != other => Some("two ids".into()),
        (one, other) => one.or(other),
    }
}

#[OpenApi(tag = "Tag::Events")]
impl EventsApi {
    /// Subscribe to all events
    ///
    /// Server-Sent Events (WHATWG HTML, section 9.2). The stream begins with `hello`. If it could not resume,
    /// `init` follows with the stored notifications, newest first; if it could, the missed events follow.
    /// Then comes each event the moment it happens: `notification` (new or, with an id that is known, in the place of
    /// what was there), `deleted`, `cleared`, `read`; and `heartbeat` at the interval that `hello` announces.
    ///
    /// To resume, send the id of the last event as `Last-Event-ID`, as every `EventSource` does by itself, or
    /// in the address as `?last_event_id=` or `?lastEventId=`.
    ///
    /// Hubs on one log know each other's ids. 503 with the code `behind`: this one has lost touch with where
    /// notifications are kept, and cannot tell whether another hub has told of the last event id.
    ///
    /// A hub that runs with `--no-sse` answers 204: an `EventSource` does not come back after that, and polls
    /// `GET /api/notifications` instead.
    #[oai(path = "/events", method = "get", operation_id = "events")]
    async fn events(
        &self,
        request: &Request,
        /// The id of the last event that was received.
        #[oai(name = "Last-Event-ID")]
        _last_event_id: Header<Option<String>>,
        /// The most notifications in `init`; those that are open come besides.
        #[oai(validator(minimum(value = "0"), maximum(value = "1000")))]
        limit: Query<Option<u16>>,
    ) -> Result<EventsResponse, ApiError> {
        let context = &*self.shared;
        if context.shutdown.has_begun() {
            let retry_after_s = context.drain.as_secs() + fastrand::u64(1..5);
            let message = "the hub is stopping; come back in a few seconds";
            return Err(ApiError::unavailable("stopping", message, retry_after_s));
        }
        let last_event_id = last_event_id(request);
        context.feed.reach(last_event_id.as_deref()).await?;
        let subscription = context.feed.subscribe(last_event_id.as_deref(), limit.0.unwrap_or(MAX_LIST));
        let (stream, start) = (subscription.number(), subscription.start().text());
        tracing::debug!(stream, start, request_id = request_id::told(request), "an event stream was opened");
        Ok(EventsResponse::Ok(EventStream(subscription), CACHE_CONTROL.into(), "no".into()))
    }
}

/// `HEAD /events`: what `GET` would begin with, without opening a stream.
pub(super) fn head() -> Response {
    Response::builder()
        .content_type(EventStream::CONTENT_TYPE)
        .header("Cache-Control", CACHE_CONTROL)
        .header("X-Accel-Buffering", "no")
        .finish()
}

/// `--no-sse`: the answer to `/events` in place of the stream.
///
/// It stands outside the specification because generators of clients (progenitor among them) take one kind of
/// success only; the operation's description tells of it.
pub(super) fn streaming_is_off() -> Response {
    StatusCode::NO_CONTENT.into()
}
