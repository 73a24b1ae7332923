//! `GET /events`: the event stream. The endpoint decides on status and headers; the connection then takes the
//! subscription out of the response and sends the frames itself.

use std::sync::{Arc, Mutex};

use poem::{IntoResponse, Request, Response, http::StatusCode};
use poem_openapi::{
    ApiResponse, OpenApi,
    param::{Header, Query},
    payload::{Json, Payload},
    registry::{MetaSchema, MetaSchemaRef, Registry},
    types::Type,
};
use serde::Deserialize;

use super::{Shared, Tag, problem::Problem};
use crate::{
    feed::Subscription,
    frame::{Cleared, Deleted, Heartbeat, Hello},
    history::MAX_LIST,
    notification::Notification,
};

pub(super) struct EventsApi {
    pub(super) shared: Shared,
}

/// An opened subscription on its way from the endpoint to the connection, in the response's extensions.
#[derive(Clone)]
pub struct HandOff(Arc<Mutex<Option<Subscription>>>);

impl HandOff {
    fn new(subscription: Subscription) -> Self {
        HandOff(Arc::new(Mutex::new(Some(subscription))))
    }

    /// The subscription, for the first who asks.
    pub fn take(&self) -> Option<Subscription> {
        self.0.lock().expect("no one panics with the subscription in hand").take()
    }
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

#[derive(ApiResponse)]
enum EventsError {
    /// A parameter is not what it should be.
    #[oai(status = 400)]
    #[expect(dead_code, reason = "answered before the endpoint is reached; declared for the specification")]
    Invalid(Json<Problem>),
    /// The hub is stopping.
    #[oai(status = 503)]
    Stopping(
        Json<Problem>,
        /// After how many seconds to come back.
        #[oai(header = "Retry-After")]
        u64,
    ),
}

/// The resume point in the address, for those who cannot set a header.
#[derive(Deserialize)]
struct LastEventIdQuery {
    #[serde(alias = "lastEventId")]
    last_event_id: Option<String>,
}

#[expect(clippy::unused_async, reason = "every endpoint is async to poem-openapi")]
#[OpenApi(tag = "Tag::Events")]
impl EventsApi {
    /// Subscribe to all events
    ///
    /// Server-Sent Events (WHATWG HTML, section 9.2). The stream begins with `hello`. If it could not resume,
    /// `init` follows with the stored notifications, newest first; if it could, the missed events follow.
    /// Then comes each event the moment it happens: `notification`, `deleted`, `cleared`; and `heartbeat` at
    /// the interval that `hello` announces.
    ///
    /// To resume, send the id of the last event as `Last-Event-ID`, as every `EventSource` does by itself, or
    /// in the address as `?last_event_id=` or `?lastEventId=`.
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
        /// The most notifications in `init`.
        #[oai(validator(maximum(value = "1000")))]
        limit: Query<Option<u16>>,
    ) -> Result<EventsResponse, EventsError> {
        let context = &*self.shared;
        if context.shutdown.has_begun() {
            let problem = Problem::new("stopping", "the hub is stopping; come back in a few seconds");
            return Err(EventsError::Stopping(problem, context.drain.as_secs() + fastrand::u64(1..5)));
        }
        // Not the parameter, which takes an id that is not ASCII for none at all; such an id is unknown.
        let header = request.headers().get("Last-Event-ID");
        let in_header = header.map(|id| String::from_utf8_lossy(id.as_bytes()).into_owned());
        let in_query = || request.params::<LastEventIdQuery>().ok().and_then(|query| query.last_event_id);
        let last_event_id = in_header.or_else(in_query);
        let subscription = context.feed.subscribe(last_event_id.as_deref(), limit.0.unwrap_or(MAX_LIST));
        context.metrics.streams_opened.inc();
        if subscription.is_resumed() {
            context.metrics.streams_resumed.inc();
        }
        Ok(EventsResponse::Ok(EventStream(subscription), "no-cache, no-transform".into(), "no".into()))
    }
}

/// `--no-sse`: the answer to `/events` in place of the stream.
///
/// It stands outside the specification because generators of clients (progenitor among them) take one kind of
/// success only; the operation's description tells of it.
pub(super) fn streaming_is_off() -> Response {
    StatusCode::NO_CONTENT.into()
}
