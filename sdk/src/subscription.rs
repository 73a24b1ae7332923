//! The event stream: typed, reconnecting, resuming. To its user it is one endless sequence of events without
//! loss and without duplicates, however often the connection beneath it breaks.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use bytes::{Buf as _, Bytes, BytesMut};
use eventsource_stream::{EventStreamError, Eventsource as _};
use futures_util::{
    FutureExt as _, Stream, StreamExt as _,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use reqwest::{StatusCode, header};
use serde::de::DeserializeOwned;

use crate::{
    Client, ClientInfo as _,
    foreign::asks_for_password,
    retry::{Backoff, is_temporary, retry_after},
    staleness::Staleness,
    types,
};

const EVENT_STREAM: &str = "text/event-stream";

/// How many heartbeats' time of silence means that a connection is dead.
const SILENT_HEARTBEATS: f64 = 2.5;

/// How long the first event may take: until `hello` there is no announced heartbeat.
const HELLO_TIMEOUT: Duration = Duration::from_secs(15);

/// How long a hub may take to answer, where another one can be asked: one that is frozen takes connections, and says nothing.
const ANSWER_TIMEOUT_OF_SEVERAL: Duration = Duration::from_secs(3);

/// How long to wait before coming back, until the hub has said how long (`retry:`).
const DEFAULT_RETRY: Duration = Duration::from_secs(1);

/// The shortest wait between two attempts, whatever the hub says.
const MIN_RETRY: Duration = Duration::from_millis(100);

/// A stream that lived for this long, or that brought something new, was a success: the next break is the first.
const SETTLED: Duration = Duration::from_secs(2);

/// How much of a refusal is read.
const MAX_REFUSAL_BYTES: usize = 4 << 10;

/// The longest wait between two attempts.
const MAX_RETRY: Duration = Duration::from_secs(30);

/// The largest event by default. The largest `init` holds 1000 notifications of some 30 KiB.
const MAX_EVENT_BYTES: usize = 64 << 20;

/// What a hub tells its subscribers. Later versions may tell more.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// The connection is made, or made again.
    Hello(types::Hello),
    /// All stored notifications, newest first; whatever was known before no longer holds. Comes first, and
    /// again if the hub could not resume.
    Init(Vec<types::Notification>),
    /// A notification was published or, with an id that is known, was revised: it takes the place of what was there.
    Notification(types::Notification),
    /// A notification was deleted. It may be one that was never seen.
    Deleted(types::Deleted),
    /// All notifications were deleted.
    Cleared,
    /// Every notification whose id is not greater was read by whoever reads this feed.
    Read(types::Read),
    /// The connection is alive.
    Heartbeat(types::Heartbeat),
    /// There is no connection, and it is being made again until [`Event::Hello`] tells that it is there. Nothing is lost
    /// by it. Only for who asks ([`Subscription::tell_breaks`]), and once for each time.
    Away,
    /// The hub sent an event that is not what the protocol says. It was passed over; the stream goes on.
    Skipped {
        /// The event's name.
        event: String,
        /// What was wrong with it.
        reason: String,
    },
}

/// Why a subscription ends for good. Everything else is answered by coming back.
#[derive(Debug, thiserror::Error)]
pub enum SubscribeError {
    /// The hub runs with `--no-sse`: poll `list` instead.
    #[error(
        "streaming is switched off at this hub (it answered 204); poll the list of notifications instead"
    )]
    StreamingIsOff,
    /// The request was refused in a way that trying again will not change.
    #[error("the hub refused the subscription: {0}")]
    Refused(String),
    /// An event is larger than the set limit.
    #[error("an event is larger than {0} bytes")]
    EventTooLarge(usize),
}

/// Adds event streams to [`Client`].
pub trait Subscribe {
    /// Opens an event stream from now on, beginning with [`Event::Init`]. The connection is made when the
    /// stream is first polled, and closed when it is dropped.
    fn subscribe(&self) -> Subscription;
}

impl Subscribe for Client {
    fn subscribe(&self) -> Subscription {
        Subscription {
            state: State::Idle(Box::new(Connector {
                client: self.clone(),
                limit: None,
                max_event_bytes: MAX_EVENT_BYTES,
                last_event_id: None,
                retry: DEFAULT_RETRY,
                silence: Arc::default(),
                failures: 0,
                hub: 0,
                staleness: Staleness::default(),
                connected: Instant::now(),
                live: None,
                tells_breaks: false,
                is_away: false,
                pause: None,
            })),
            last_event_id: None,
        }
    }
}

/// An event stream. It ends after a [`SubscribeError`], and only then.
pub struct Subscription {
    state: State,
    last_event_id: Option<String>,
}

enum State {
    Idle(Box<Connector>),
    Waiting(BoxFuture<'static, (Box<Connector>, Result<Event, SubscribeError>)>),
    Ended,
}

impl Subscription {
    /// Resumes after this event, as [`Subscription::last_event_id`] once gave it. For a stream that was not
    /// polled yet.
    #[must_use]
    pub fn after(self, last_event_id: impl Into<String>) -> Self {
        let id = last_event_id.into();
        Subscription {
            last_event_id: Some(id.clone()),
            ..self.with(|connector| connector.last_event_id = Some(id))
        }
    }

    /// At most this many notifications in [`Event::Init`], up to 1000. For a stream that was not polled yet.
    #[must_use]
    pub fn limit(self, notifications: u16) -> Self {
        self.with(|connector| connector.limit = Some(notifications))
    }

    /// The largest event that is taken, in bytes; the stream ends at a larger one. For a stream that was not
    /// polled yet.
    #[must_use]
    pub fn max_event_bytes(self, bytes: usize) -> Self {
        self.with(|connector| connector.max_event_bytes = bytes)
    }

    /// Tells with [`Event::Away`] when the connection breaks, or cannot be made. For a stream that was not polled yet.
    #[must_use]
    pub fn tell_breaks(self) -> Self {
        self.with(|connector| connector.tells_breaks = true)
    }

    /// The place to resume after: the id of the newest event that was returned.
    pub fn last_event_id(&self) -> Option<&str> {
        self.last_event_id.as_deref()
    }

    fn with(mut self, change: impl FnOnce(&mut Connector)) -> Self {
        if let State::Idle(connector) = &mut self.state {
            change(connector);
        }
        self
    }
}

impl Stream for Subscription {
    type Item = Result<Event, SubscribeError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match std::mem::replace(&mut self.state, State::Ended) {
                State::Ended => return Poll::Ready(None),
                State::Idle(mut connector) => {
                    let next = async move {
                        let event = connector.next().await;
                        (connector, event)
                    };
                    self.state = State::Waiting(next.boxed());
                }
                State::Waiting(mut next) => {
                    let polled = next.poll_unpin(cx);
                    if polled.is_pending() {
                        self.state = State::Waiting(next);
                    }
                    let (connector, event) = ready!(polled);
                    if event.is_ok() {
                        self.last_event_id.clone_from(&connector.last_event_id);
                        self.state = State::Idle(connector);
                    }
                    return Poll::Ready(Some(event));
                }
            }
        }
    }
}

type Messages = BoxStream<'static, Result<eventsource_stream::Event, EventStreamError<Broken>>>;

/// Why a connection's bytes end early.
#[derive(Debug)]
enum Broken {
    Connection,
    TooLarge,
}

/// Cuts a stream of bytes into its events: an empty line ends each (WHATWG HTML, section 9.2.6). The parser looks at
/// what it holds from the beginning with every piece that comes, so it is handed whole events.
struct Cutter {
    held: BytesMut,
    /// The last byte that was looked at, and whether its line was empty so far.
    previous: u8,
    line_is_empty: bool,
    /// Whether an event was cut off.
    has_begun: bool,
}

/// What a stream may begin with (WHATWG HTML, section 9.2.5).
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

impl Cutter {
    fn new() -> Self {
        Cutter { held: BytesMut::new(), previous: b'\n', line_is_empty: true, has_begun: false }
    }

    /// Takes in what comes next; the events that are complete now.
    fn add(&mut self, received: &[u8]) -> Vec<Bytes> {
        let mut events = Vec::new();
        let mut start = 0;
        for (index, &byte) in received.iter().enumerate() {
            match byte {
                // The second half of one line end; where that ended an event, the event has it.
                b'\n' if self.previous == b'\r' => {
                    if self.held.is_empty() && start == index {
                        start += 1;
                    }
                }
                b'\n' | b'\r' if self.line_is_empty => {
                    self.held.extend_from_slice(&received[start..=index]);
                    if byte == b'\r' {
                        // Both halves, or the parser would wait for the second.
                        self.held.extend_from_slice(b"\n");
                    }
                    let mut event = self.held.split().freeze();
                    if !std::mem::replace(&mut self.has_begun, true) && event.starts_with(BYTE_ORDER_MARK) {
                        event.advance(BYTE_ORDER_MARK.len());
                    }
                    events.push(event);
                    start = index + 1;
                }
                b'\n' | b'\r' => self.line_is_empty = true,
                _ => self.line_is_empty = false,
            }
            self.previous = byte;
        }
        self.held.extend_from_slice(&received[start..]);
        events
    }
}

/// Parses events, each of at most `max_bytes`.
fn parse_events(
    bytes: impl Stream<Item = Result<Bytes, Broken>> + Send + 'static,
    max_bytes: usize,
) -> Messages {
    let mut cutter = Cutter::new();
    let events = bytes.flat_map(move |received| {
        let events = match received {
            Ok(received) => {
                let events = cutter.add(&received);
                let longest = events.iter().map(Bytes::len).max().unwrap_or(0).max(cutter.held.len());
                if longest > max_bytes {
                    vec![Err(Broken::TooLarge)]
                } else {
                    events.into_iter().map(Ok).collect()
                }
            }
            Err(broken) => vec![Err(broken)],
        };
        stream::iter(events)
    });
    // The parser panics where the first text it is given begins with a byte order mark.
    let start = stream::iter([Ok(Bytes::from_static(b"\n"))]);
    start.chain(events).eventsource().boxed()
}

/// The events in these bytes, in the pieces they come in, as name, id and data; for the fuzz targets.
#[doc(hidden)]
pub async fn events_in(pieces: Vec<Bytes>) -> Vec<(String, String, String)> {
    let events = parse_events(stream::iter(pieces.into_iter().map(Ok)), usize::MAX);
    let events = events.filter_map(|event| std::future::ready(event.ok()));
    events.map(|event| (event.event, event.id, event.data)).collect().await
}

/// How long a connection may bring no byte at all, in milliseconds; 0: as long as it likes. The hub says so on the
/// connection itself.
#[derive(Debug)]
struct Silence(AtomicU64);

impl Default for Silence {
    fn default() -> Self {
        let silence = Silence(AtomicU64::new(0));
        silence.set(HELLO_TIMEOUT);
        silence
    }
}

impl Silence {
    fn set(&self, limit: Duration) {
        self.0.store(u64::try_from(limit.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn limit(&self) -> Duration {
        match self.0.load(Ordering::Relaxed) {
            0 => Duration::MAX,
            limit_ms => Duration::from_millis(limit_ms),
        }
    }
}

/// What an attempt to connect came to, if not to a connection.
enum Failure {
    Later(Option<Duration>),
    Never(SubscribeError),
}

/// Makes connections and takes events from them.
struct Connector {
    client: Client,
    limit: Option<u16>,
    max_event_bytes: usize,
    last_event_id: Option<String>,
    /// The hub's `retry:`.
    retry: Duration,
    silence: Arc<Silence>,
    /// Connections in a row that brought nothing new.
    failures: u32,
    /// Which of several hubs the newest connection leads to.
    hub: usize,
    staleness: Staleness,
    /// When the newest connection was made.
    connected: Instant,
    live: Option<Messages>,
    /// Whether breaks are told, and whether this one was.
    tells_breaks: bool,
    is_away: bool,
    /// To be waited for before the next attempt: at least so long.
    pause: Option<Duration>,
}

impl Connector {
    async fn next(&mut self) -> Result<Event, SubscribeError> {
        loop {
            if self.pause.is_some() && self.tells_breaks && !std::mem::replace(&mut self.is_away, true) {
                return Ok(Event::Away);
            }
            if let Some(at_least) = self.pause.take() {
                self.wait(at_least).await;
            }
            let Some(messages) = &mut self.live else {
                match self.connect().await {
                    Ok(messages) => self.live = Some(messages),
                    Err(Failure::Never(error)) => return Err(error),
                    // What one hub asks for is not for the next one.
                    Err(Failure::Later(delay)) => {
                        let is_alone = self.client.inner().len() < 2;
                        self.pause = Some(delay.filter(|_| is_alone).unwrap_or_default());
                    }
                }
                continue;
            };
            let message = match messages.next().await {
                Some(Ok(message)) => message,
                Some(Err(EventStreamError::Transport(Broken::TooLarge))) => {
                    return Err(SubscribeError::EventTooLarge(self.max_event_bytes));
                }
                // Cut, garbled, at its end, or silent for too long.
                Some(Err(_)) | None => {
                    self.live = None;
                    self.client.inner().leave(self.hub);
                    if self.connected.elapsed() >= SETTLED {
                        self.failures = 0;
                    }
                    self.pause = Some(Duration::ZERO);
                    continue;
                }
            };
            if let Some(retry) = message.retry {
                self.retry = retry.min(MAX_RETRY);
            }
            if let Some(event) = self.take(&message) {
                self.leave_if_stale(&event);
                return Ok(event);
            }
        }
    }

    /// Goes on at another hub where this one says that it has lost touch.
    fn leave_if_stale(&mut self, event: &Event) {
        let stale_ms = match event {
            Event::Hello(hello) => hello.stale_ms,
            Event::Heartbeat(heartbeat) => heartbeat.stale_ms,
            _ => return,
        };
        let hubs = self.client.inner();
        if self.staleness.is_to_be_left(stale_ms, hubs.len()) {
            hubs.leave(self.hub);
            self.live = None;
            self.pause = Some(Duration::ZERO);
        }
    }

    /// Types an event and notes its id. `None`: it was received before, or its kind is newer than this
    /// program.
    fn take(&mut self, message: &eventsource_stream::Event) -> Option<Event> {
        let typed = match message.event.as_str() {
            "hello" => parse(message).map(|hello: types::Hello| {
                self.silence.set(Duration::from_millis(hello.heartbeat_ms).mul_f64(SILENT_HEARTBEATS));
                self.is_away = false;
                Some(Event::Hello(hello))
            }),
            "init" => parse(message).map(|items| Some(Event::Init(items))),
            "notification" => parse(message).map(|notification| Some(Event::Notification(notification))),
            "deleted" => parse(message).map(|deleted| Some(Event::Deleted(deleted))),
            "cleared" => Ok(Some(Event::Cleared)),
            "read" => parse(message).map(|read| Some(Event::Read(read))),
            "heartbeat" => parse(message).map(|heartbeat| Some(Event::Heartbeat(heartbeat))),
            _ => Ok(None),
        };
        let event = typed.unwrap_or_else(|error: serde_json::Error| {
            Some(Event::Skipped { event: message.event.clone(), reason: error.to_string() })
        });
        // The parser repeats the last id on events that have none of their own.
        let is_numbered = !matches!(message.event.as_str(), "hello" | "heartbeat");
        if is_numbered && !message.id.is_empty() {
            let is_init = message.event == "init";
            if !is_init && self.has_seen(&message.id) {
                return None;
            }
            if !is_init {
                self.failures = 0;
            }
            self.last_event_id = Some(message.id.clone());
        }
        event
    }

    /// Whether an event id is not after the newest one of the same log.
    fn has_seen(&self, id: &str) -> bool {
        let position = |id: &str| {
            id.rsplit_once('-').and_then(|(log, n)| Some((log.to_owned(), n.parse::<u64>().ok()?)))
        };
        match (self.last_event_id.as_deref().and_then(position), position(id)) {
            (Some((known_log, newest)), Some((log, number))) => known_log == log && number <= newest,
            _ => false,
        }
    }

    async fn connect(&mut self) -> Result<Messages, Failure> {
        self.silence.set(HELLO_TIMEOUT);
        // By hand: the generated call takes an answer of a status that the specification declares, with a body that it
        // does not, for an error without a status.
        let hubs = self.client.inner().clone();
        let turn = hubs.turn();
        let (client, address) = match &turn {
            Some(turn) => (&turn.hub().client, turn.hub().address.as_str()),
            None => (self.client.client(), self.client.baseurl()),
        };
        let mut request = client.get(format!("{address}/events")).header(header::ACCEPT, EVENT_STREAM);
        if let Some(limit) = self.limit {
            request = request.query(&[("limit", limit)]);
        }
        if let Some(id) = &self.last_event_id {
            request = request.header("Last-Event-ID", id);
        }
        let patience = if turn.is_some() { ANSWER_TIMEOUT_OF_SEVERAL } else { HELLO_TIMEOUT };
        let Ok(Ok(response)) = tokio::time::timeout(patience, request.send()).await else {
            return Err(Failure::Later(None));
        };
        self.connected = Instant::now();
        if response.status() != StatusCode::OK {
            return Err(refusal(response).await);
        }
        let content_type = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if !content_type.is_some_and(|content_type| content_type.starts_with(EVENT_STREAM)) {
            let found = content_type.unwrap_or("nothing").to_owned();
            let reason = format!(
                "it answered with {found} instead of an event stream; is there a NotifyHub at this address?"
            );
            return Err(Failure::Never(SubscribeError::Refused(reason)));
        }
        if let Some(turn) = turn {
            self.hub = turn.index;
            turn.has_answered();
        }
        let silence = Arc::clone(&self.silence);
        let bytes = stream::unfold(response, move |mut response| {
            let limit = silence.limit();
            async move {
                match tokio::time::timeout(limit, response.chunk()).await {
                    Ok(Ok(Some(bytes))) => Some((Ok(bytes), response)),
                    Ok(Ok(None)) => None,
                    Ok(Err(_)) | Err(_) => Some((Err(Broken::Connection), response)),
                }
            }
        });
        Ok(parse_events(bytes, self.max_event_bytes))
    }

    /// Waits before the next attempt: as long as the hub asked for, and after each failure twice as long. The
    /// hub gives each subscriber another `retry:`; what goes beyond it is spread here.
    async fn wait(&mut self, at_least: Duration) {
        let first = self.retry.max(MIN_RETRY);
        // Of several hubs each is asked before the wait grows.
        let hubs = u32::try_from(self.client.inner().len().max(1)).unwrap_or(u32::MAX);
        let delay = match self.failures / hubs {
            0 => first,
            failures => Backoff { first, longest: MAX_RETRY }.delay(failures + 1).max(MIN_RETRY),
        };
        self.failures += 1;
        tokio::time::sleep(delay.max(at_least.min(MAX_RETRY))).await;
    }
}

/// What an answer that is no event stream means.
async fn refusal(mut response: reqwest::Response) -> Failure {
    let status = response.status();
    if status == StatusCode::NO_CONTENT {
        return Failure::Never(SubscribeError::StreamingIsOff);
    }
    if is_temporary(status) {
        return Failure::Later(retry_after(response.headers()));
    }
    let mut body = Vec::new();
    let read = async {
        while let Ok(Some(bytes)) = response.chunk().await {
            body.extend_from_slice(&bytes);
            if body.len() > MAX_REFUSAL_BYTES {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(HELLO_TIMEOUT, read).await;
    let reason = match serde_json::from_slice::<types::ErrorBody>(&body) {
        Ok(error) => error.message,
        Err(_) if asks_for_password(response.headers()) => {
            "a user and a password are asked for before the hub is \
            reached; write the right ones into its address, as in https://USER:PASSWORD@example.com/hub"
                .to_owned()
        }
        Err(_) => format!("it answered with status {status}"),
    };
    Failure::Never(SubscribeError::Refused(reason))
}

fn parse<T: DeserializeOwned>(message: &eventsource_stream::Event) -> Result<T, serde_json::Error> {
    serde_json::from_str(&message.data)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(pieces: &[&str]) -> Vec<String> {
        let mut cutter = Cutter::new();
        let events = pieces.iter().flat_map(|piece| cutter.add(piece.as_bytes()));
        events.map(|event| String::from_utf8(event.to_vec()).expect("text")).collect()
    }

    #[test]
    fn an_empty_line_ends_an_event_however_it_is_written_and_cut() {
        assert_eq!(cut(&["data: a\n\ndata: b\n", "\nda", "ta: c\n"]), ["data: a\n\n", "data: b\n\n"]);
        assert_eq!(cut(&["data: a\r\n\r\ndata: b\r", "\n\r", "\n"]), ["data: a\r\n\r\n", "data: b\r\n\r\n"]);
        assert_eq!(cut(&["data: a\r\rdata: b\r\r"]), ["data: a\r\r\n", "data: b\r\r\n"]);
        assert_eq!(cut(&[":\n\n", "\n"]), [":\n\n", "\n"]);
    }

    /// How long a stream of one event takes that comes in pieces of 16 KiB.
    async fn time_to_parse(bytes: usize) -> Duration {
        let event = Bytes::from(format!("id: 1\ndata: {}\n\n", "x".repeat(bytes)));
        let pieces: Vec<_> = event.chunks(16 << 10).map(|piece| Ok(event.slice_ref(piece))).collect();
        let started = Instant::now();
        let events: Vec<_> = parse_events(stream::iter(pieces), MAX_EVENT_BYTES).collect().await;
        let taken = started.elapsed();
        assert!(matches!(&events[..], [Ok(event)] if event.data.len() == bytes));
        taken
    }

    #[tokio::test]
    async fn the_time_to_parse_grows_with_the_event_not_with_its_square() {
        const MIB: usize = 1 << 20;
        let mut ratios = Vec::new();
        for _ in 0..3 {
            let small = time_to_parse(MIB).await;
            ratios.push(time_to_parse(16 * MIB).await.as_secs_f64() / small.as_secs_f64());
        }
        let least = ratios.iter().copied().fold(f64::INFINITY, f64::min);
        // 16 if it grows with the size, 256 with its square.
        assert!(least < 64.0, "{ratios:?}");
    }
}
