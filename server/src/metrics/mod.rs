//! What the hub counts about itself, and how Prometheus reads it. A leaf: it knows none of the others. What is known
//! elsewhere (open streams, sizes, the length of a queue) is asked for when the text is made: [`Readings`].
//!
//! # Layout
//! - `counter`: counters, alone and under a label. `histogram`: distributions.
//! - `recent`: what happened in the last minute.
//! - `text`: the format.

mod counter;
mod histogram;
mod recent;
mod text;

use std::{
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use self::{
    counter::label,
    recent::{Note, Notes},
    text::Text,
};
pub use self::{
    counter::{Counter, Label, Labelled},
    histogram::Histogram,
    recent::{Lately, NOTE_INTERVAL},
    text::CONTENT_TYPE,
};

label! {
    /// How an event stream began.
    pub enum Start {
        /// No last event id was given.
        Fresh = "fresh",
        /// After its last event id.
        Resumed = "resumed",
        /// What followed its last event id is no longer kept.
        Expired = "expired",
        /// Its last event id is none of this log.
        Unknown = "unknown",
    }
}

label! {
    /// Why an event stream was closed.
    pub enum Close {
        /// Its reader has gone.
        Client = "client",
        /// Its reader accepted no byte for too long, or vanished without a word.
        Stalled = "stalled",
        /// The hub stops.
        Shutdown = "shutdown",
        /// Anything else.
        Error = "error",
    }
}

label! {
    /// Why an open event stream started afresh.
    pub enum Restart {
        /// Its reader fell behind what the log keeps.
        Expired = "expired",
        /// What it needed could not be read from the log.
        Unreadable = "unreadable",
    }
}

label! {
    /// What became of a message to a push service.
    pub enum PushOutcome {
        /// The service has it.
        Sent = "sent",
        /// It is tried again.
        Retried = "retried",
        /// There is no such subscription any more.
        Gone = "gone",
        /// The service does not take it.
        Refused = "refused",
        /// It gave way to newer ones, or was tried for too long.
        Dropped = "dropped",
    }
}

/// Why a request was refused: the code of the answer's body.
#[derive(Clone, Copy, Debug)]
struct Refusal(usize);

/// All codes that the hub answers with, so that no request can make a new one.
const REFUSAL_CODES: &[&str] = &[
    "bad_request",
    "body_timeout",
    "body_too_large",
    "busy",
    "encoded_body",
    "foreign_origin",
    "get_not_allowed",
    "idempotency_key_reused",
    "incomplete_body",
    "internal_error",
    "invalid_body",
    "invalid_host",
    "invalid_notification",
    "invalid_parameter",
    "invalid_priority",
    "invalid_subscription",
    "invalid_topic",
    "method_not_allowed",
    "no_call",
    "no_delay",
    "no_email",
    "no_text",
    "not_found",
    "not_json",
    "nothing_to_change",
    "outcome_unknown",
    "signature_required",
    "signature_wrong",
    "stopping",
    "storage_unavailable",
    "token_required",
    "token_unknown",
    "too_many_connections",
    "too_many_posts",
    "too_many_subscriptions",
    "too_many_tokens",
    "unknown_host",
    "web_push_off",
    "other",
];

impl Refusal {
    /// By its code.
    fn of_code(code: &str) -> Self {
        let known = REFUSAL_CODES.iter().position(|known| *known == code);
        debug_assert!(known.is_some(), "{code:?} is missing from REFUSAL_CODES in the metrics");
        Refusal(known.unwrap_or(REFUSAL_CODES.len() - 1))
    }
}

impl Label for Refusal {
    const VALUES: &'static [&'static str] = REFUSAL_CODES;

    fn index(self) -> usize {
        self.0
    }
}

/// See the module. Cloning shares the counters.
#[derive(Clone, Debug)]
pub struct Metrics(Arc<Counters>);

/// What is counted where it happens.
#[derive(Debug)]
pub struct Counters {
    /// Notifications that were stored.
    pub published: Counter,
    /// Posts that repeated an idempotency key and so stored nothing.
    pub repeated: Counter,
    /// Requests that change something and were answered with a status of 400 and above.
    writes_refused: Labelled<Refusal>,
    /// All other requests that were.
    reads_refused: Labelled<Refusal>,
    /// From accepting a post to having it stored and handed to the streams.
    pub publish: Histogram,
    /// From accepting a post to the end of a round that sent it.
    pub delivery: Histogram,
    /// From the beginning of a transaction to its end on the disk.
    pub commit: Histogram,
    /// How many posts and other changes were one transaction.
    pub commit_size: Histogram,
    /// Reads of the log that failed.
    pub read_failures: Counter,
    /// Event streams opened.
    pub streams_opened: Labelled<Start>,
    /// Event streams closed.
    pub streams_closed: Labelled<Close>,
    /// Open event streams that started afresh.
    pub streams_restarted: Labelled<Restart>,
    /// Notification events handed to the sockets of streams.
    pub deliveries: Counter,
    /// Connections accepted.
    pub connections_accepted: Counter,
    /// Connections answered with 503 because there were too many.
    pub connections_refused: Counter,
    /// Connections that are open.
    pub connections_open: AtomicUsize,
    /// Times that accepting failed because the process or the system had no file descriptor left.
    pub accept_out_of_files: Counter,
    /// Messages for push services, by what became of them.
    pub push_messages: Labelled<PushOutcome>,
    push_subscriptions: AtomicUsize,
    started: SystemTime,
    notes: Notes,
}

/// What is known elsewhere, at the moment of asking.
#[derive(Clone, Debug)]
pub struct Readings {
    /// Whether the hub stores what is posted.
    pub is_ready: bool,
    /// Open event streams.
    pub streams: usize,
    /// Stored notifications.
    pub stored: usize,
    /// Those of them that are open.
    pub open: usize,
    /// Posts and changes that wait to be stored.
    pub waiting: usize,
    /// The size of the database, in bytes.
    pub database_bytes: u64,
    /// The size of its write-ahead log, in bytes.
    pub wal_bytes: u64,
    /// Events in the ring of newest ones.
    pub ring_events: usize,
    /// Their size, in bytes.
    pub ring_bytes: usize,
    /// How long ago the oldest of them came.
    pub ring_age: Duration,
    /// The most connections at a time.
    pub max_connections: usize,
}

impl Default for Metrics {
    fn default() -> Self {
        let delivery = Histogram::of_durations();
        let beginning =
            Note { at: Instant::now(), published: 0, deliveries: 0, delivery: delivery.snapshot() };
        Metrics(Arc::new(Counters {
            published: Counter::default(),
            repeated: Counter::default(),
            writes_refused: Labelled::default(),
            reads_refused: Labelled::default(),
            publish: Histogram::of_durations(),
            delivery,
            commit: Histogram::of_durations(),
            commit_size: Histogram::of_counts(),
            read_failures: Counter::default(),
            streams_opened: Labelled::default(),
            streams_closed: Labelled::default(),
            streams_restarted: Labelled::default(),
            deliveries: Counter::default(),
            connections_accepted: Counter::default(),
            connections_refused: Counter::default(),
            connections_open: AtomicUsize::new(0),
            accept_out_of_files: Counter::default(),
            push_messages: Labelled::default(),
            push_subscriptions: AtomicUsize::new(0),
            started: SystemTime::now(),
            notes: Notes::beginning_with(beginning),
        }))
    }
}

impl Deref for Metrics {
    type Target = Counters;

    fn deref(&self) -> &Counters {
        &self.0
    }
}

impl Counters {
    /// When the hub started.
    pub fn started(&self) -> SystemTime {
        self.started
    }

    /// Counts a request that was refused; `is_write`: it was to change something.
    pub fn refused(&self, is_write: bool, code: &str) {
        let counters = if is_write { &self.writes_refused } else { &self.reads_refused };
        counters.of(Refusal::of_code(code)).inc();
    }

    /// Says how many devices are subscribed to Web Push now.
    pub fn set_push_subscriptions(&self, count: usize) {
        self.push_subscriptions.store(count, Ordering::Relaxed);
    }

    /// Notes the counters, for [`Counters::lately`]; to be done each [`NOTE_INTERVAL`].
    pub fn note(&self) {
        self.notes.add(self.now());
    }

    /// What happened in the last minute.
    pub fn lately(&self) -> Lately {
        self.notes.until(&self.now())
    }

    fn now(&self) -> Note {
        Note {
            at: Instant::now(),
            published: self.published.get(),
            deliveries: self.deliveries.get(),
            delivery: self.delivery.snapshot(),
        }
    }

    /// All values as text.
    pub fn encode(&self, readings: &Readings) -> String {
        let mut text = Text::default();
        self.encode_hub(&mut text, readings);
        self.encode_streams(&mut text, readings);
        self.encode_log(&mut text, readings);
        self.encode_connections(&mut text, readings);
        self.encode_push(&mut text);
        text.finish()
    }

    fn encode_hub(&self, text: &mut Text, readings: &Readings) {
        text.gauges("build_info", "The version that runs.", "version", [(env!("CARGO_PKG_VERSION"), 1)]);
        let started = self.started.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        text.gauge("start_time_seconds", "When the hub started, in Unix time.", started.as_secs_f64());
        text.gauge(
            "ready",
            "Whether the hub stores what is posted: 1, or 0 as /readyz says.",
            u8::from(readings.is_ready),
        );
        text.counter("notifications_published_total", "Notifications that were stored.", &self.published);
        text.counter(
            "notifications_repeated_total",
            "Posts that repeated an idempotency key and so stored nothing.",
            &self.repeated,
        );
        text.gauge("notifications_stored", "Notifications that are stored.", readings.stored);
        text.gauge(
            "notifications_open",
            "Stored notifications that are open: they wait, or run.",
            readings.open,
        );
        text.counters_by(
            "requests_refused_total",
            "Requests answered with a status of 400 and above, by the code in the answer. Of kind write: what posts, \
             changes or deletes; of kind read: all others.",
            ["kind", "code"],
            &[("write", &self.writes_refused), ("read", &self.reads_refused)],
        );
        text.seconds(
            "publish_seconds",
            "From accepting a post to having it stored and handed to the streams: what its poster waits for.",
            &self.publish,
        );
    }

    fn encode_streams(&self, text: &mut Text, readings: &Readings) {
        text.gauge("streams_open", "Event streams that are open.", readings.streams);
        text.counters(
            "streams_opened_total",
            "Event streams opened: fresh, without a last event id; resumed after it; or afresh because what followed \
             it is no longer kept (expired) or it is none of this log (unknown).",
            "start",
            &self.streams_opened,
        );
        text.counters(
            "streams_closed_total",
            "Event streams closed: client, the reader went; stalled, it accepted no byte for too long or vanished; \
             shutdown, the hub stops; error, anything else.",
            "reason",
            &self.streams_closed,
        );
        text.counters(
            "streams_restarted_total",
            "Open event streams whose reader was told to start afresh: expired, it fell behind what the log keeps; \
             unreadable, the log could not be read.",
            "reason",
            &self.streams_restarted,
        );
        text.counter(
            "deliveries_total",
            "Notification events, live or replayed, handed to the socket of a stream: one for each event and stream. \
             What init holds is not counted, nor are deleted, cleared, read and heartbeat.",
            &self.deliveries,
        );
        text.seconds(
            "delivery_seconds",
            "From accepting a post to the end of a round that sent its notification to all streams of one core: one \
             observation for each notification and core, however many streams. Streams that lag are not in it.",
            &self.delivery,
        );
        text.gauge(
            "ring_events",
            "Events in the ring of newest ones, which streams are sent from.",
            readings.ring_events,
        );
        text.gauge("ring_bytes", "The size of the events in the ring.", readings.ring_bytes);
        text.gauge(
            "ring_age_seconds",
            "How long ago the oldest event in the ring came, or was read at the start: streams that lag less need \
             nothing from the log.",
            readings.ring_age.as_secs_f64(),
        );
    }

    fn encode_log(&self, text: &mut Text, readings: &Readings) {
        text.seconds(
            "commit_seconds",
            "From the beginning of a transaction to its end on the disk.",
            &self.commit,
        );
        text.counts(
            "commit_batch_size",
            "How many posts and other changes were stored by one transaction.",
            &self.commit_size,
        );
        text.gauge(
            "commit_queue_length",
            "Posts and other changes that wait to be stored; beyond 8192 they are refused.",
            readings.waiting,
        );
        text.gauges(
            "log_bytes",
            "The size of the files of the log, looked at once a second; 0 in memory.",
            "file",
            [("database", readings.database_bytes), ("wal", readings.wal_bytes)],
        );
        text.counter("log_read_failures_total", "Reads of the log that failed.", &self.read_failures);
    }

    fn encode_push(&self, text: &mut Text) {
        let subscriptions = self.push_subscriptions.load(Ordering::Relaxed);
        text.gauge("push_subscriptions", "Devices that are subscribed to Web Push.", subscriptions);
        text.counters(
            "push_messages_total",
            "Messages for push services: sent; retried, one failed and is tried again; gone, there is no such \
             subscription any more; refused, the service does not take it; dropped, it gave way to newer ones or was \
             tried for too long.",
            "outcome",
            &self.push_messages,
        );
    }

    fn encode_connections(&self, text: &mut Text, readings: &Readings) {
        let open = self.connections_open.load(Ordering::Relaxed);
        text.gauge(
            "connections_open",
            "Connections that are open; each event stream over HTTP/2 counts as one more.",
            open,
        );
        text.gauge(
            "connections_limit",
            "The most connections at a time (--max-connections).",
            readings.max_connections,
        );
        text.counter("connections_accepted_total", "Connections accepted.", &self.connections_accepted);
        text.counter(
            "connections_refused_total",
            "Connections, and event streams over HTTP/2, refused because there were too many.",
            &self.connections_refused,
        );
        text.counter(
            "accept_out_of_files_total",
            "Times no file descriptor was left for a connection.",
            &self.accept_out_of_files,
        );
    }
}
