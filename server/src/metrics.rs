//! What the hub counts about itself, in the format Prometheus reads. A leaf: it knows none of the others.

use prometheus_client::{
    encoding::text::encode,
    metrics::{counter::Counter, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

/// The content type of [`Metrics::encode`] (OpenMetrics 1.0.0).
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// See the module. Cloning shares the counters.
#[derive(Clone, Debug)]
pub struct Metrics {
    /// Notifications that were stored.
    pub published: Counter,
    /// Posts that repeated an idempotency key and so stored nothing.
    pub repeated: Counter,
    /// Seconds from accepting a notification to having it stored and handed to the streams.
    pub publish_seconds: Histogram,
    /// Reads of the log that failed.
    pub read_failures: Counter,
    /// Event streams opened.
    pub streams_opened: Counter,
    /// Event streams that resumed after a last event id.
    pub streams_resumed: Counter,
    /// Event streams closed because their reader accepted no byte for too long.
    pub streams_stalled: Counter,
    /// Frames handed to sockets.
    pub frames_sent: Counter,
    /// Connections accepted.
    pub connections_accepted: Counter,
    /// Connections answered with 503 because there were too many.
    pub connections_refused: Counter,
    /// Connections that are open.
    pub connections_open: Gauge,
    /// Times that accepting failed because the process or the system had no file descriptor left.
    pub accept_out_of_files: Counter,
    /// Event streams that are open; set when the text is made.
    streams_open: Gauge,
    /// Notifications that are stored; set when the text is made.
    stored: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        Metrics {
            published: Counter::default(),
            repeated: Counter::default(),
            // 0.1 ms to 3.3 s, each bound twice the one before.
            publish_seconds: Histogram::new(prometheus_client::metrics::histogram::exponential_buckets(
                1e-4, 2.0, 16,
            )),
            read_failures: Counter::default(),
            streams_opened: Counter::default(),
            streams_resumed: Counter::default(),
            streams_stalled: Counter::default(),
            frames_sent: Counter::default(),
            connections_accepted: Counter::default(),
            connections_refused: Counter::default(),
            connections_open: Gauge::default(),
            accept_out_of_files: Counter::default(),
            streams_open: Gauge::default(),
            stored: Gauge::default(),
        }
    }
}

impl Metrics {
    /// All values as text.
    pub fn encode(&self, streams_open: usize, stored: usize) -> String {
        self.streams_open.set(i64::try_from(streams_open).unwrap_or(i64::MAX));
        self.stored.set(i64::try_from(stored).unwrap_or(i64::MAX));
        let mut registry = Registry::with_prefix("notifyhub");
        let r = &mut registry;
        r.register("notifications_published", "Notifications that were stored", self.published.clone());
        r.register("notifications_repeated", "Posts that repeated an idempotency key", self.repeated.clone());
        r.register("notifications_stored", "Notifications that are stored", self.stored.clone());
        r.register(
            "publish_seconds",
            "Time to store a notification and hand it to the streams",
            self.publish_seconds.clone(),
        );
        r.register("log_read_failures", "Reads of the log that failed", self.read_failures.clone());
        r.register("streams_open", "Event streams that are open", self.streams_open.clone());
        r.register("streams_opened", "Event streams opened", self.streams_opened.clone());
        r.register("streams_resumed", "Event streams that resumed", self.streams_resumed.clone());
        r.register(
            "streams_stalled",
            "Event streams closed because their reader stalled",
            self.streams_stalled.clone(),
        );
        r.register("frames_sent", "Frames handed to sockets", self.frames_sent.clone());
        r.register("connections_accepted", "Connections accepted", self.connections_accepted.clone());
        r.register(
            "connections_refused",
            "Connections refused because there were too many",
            self.connections_refused.clone(),
        );
        r.register("connections_open", "Connections that are open", self.connections_open.clone());
        r.register(
            "accept_out_of_files",
            "Times no file descriptor was left for a connection",
            self.accept_out_of_files.clone(),
        );
        let mut text = String::new();
        encode(&mut text, &registry).expect("writing to memory does not fail");
        text
    }
}
