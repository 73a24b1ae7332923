//! How the hub is: for people, for whoever supervises it, and for Prometheus.

use std::time::Duration;

use chrono::{DateTime, SubsecRound as _, Utc};
use poem_openapi::{
    ApiResponse, Object, OpenApi,
    payload::{Json, PlainText},
};
use uuid::Uuid;

use super::{
    context::{Shared, Tag},
    error::ApiError,
};
use crate::metrics::{self, Readings};

pub(super) struct HealthApi {
    pub(super) shared: Shared,
}

/// How the hub is.
#[derive(Object)]
struct Status {
    /// The hub's version.
    version: String,
    /// When it started.
    started_at: DateTime<Utc>,
    /// Seconds since it started.
    uptime_s: u64,
    /// Open event streams.
    streams: u64,
    /// The same, as earlier versions called it.
    connections: u64,
    /// Stored notifications.
    stored: u64,
    /// Those of them that are open: they wait, or run.
    open: u64,
    /// The id of the newest event.
    latest_id: String,
    /// Up to which notification whoever reads this feed has read.
    #[oai(skip_serializing_if_is_none)]
    read_through: Option<Uuid>,
    /// Where notifications are kept: `sqlite`, `memory`, or the engine that several hubs share, such as `postgres`.
    store: String,
    /// How large the files of the store are, in bytes; 0 in memory.
    store_bytes: u64,
    /// What happened lately.
    lately: Lately,
    /// Whether `/events` streams; `false` under `--no-sse`.
    streaming: bool,
    /// How long this hub has not heard from where notifications are kept, in milliseconds, if that is long: it may lack
    /// the newest ones meanwhile.
    #[oai(skip_serializing_if_is_none)]
    stale_ms: Option<u64>,
    /// Whether the hub stores what is posted.
    ready: bool,
    /// Why not.
    #[oai(skip_serializing_if_is_none)]
    reason: Option<String>,
}

/// What happened in about the last minute.
#[derive(Object)]
struct Lately {
    /// How many seconds ago it begins: less than a minute only just after the start.
    period_s: f64,
    /// Notifications that were posted.
    published: u64,
    /// Notification events that were sent: one for each notification and stream.
    deliveries: u64,
    /// The time from accepting a post to having sent it to every stream that keeps up, in milliseconds: half were not
    /// slower than this bound. Left out if there was nothing to send.
    #[oai(skip_serializing_if_is_none)]
    delivery_ms_median: Option<f64>,
    /// The same for 99 of 100.
    #[oai(skip_serializing_if_is_none)]
    delivery_ms_p99: Option<f64>,
}

impl From<metrics::Lately> for Lately {
    fn from(lately: metrics::Lately) -> Self {
        let ms = |duration: Duration| duration.as_secs_f64() * 1000.0;
        Lately {
            // Tenths tell enough.
            period_s: (lately.period.as_secs_f64() * 10.0).round() / 10.0,
            published: lately.published,
            deliveries: lately.deliveries,
            delivery_ms_median: lately.delivery_median.map(ms),
            delivery_ms_p99: lately.delivery_p99.map(ms),
        }
    }
}

/// It is well.
#[derive(Object)]
struct Well {
    /// Always `ok`.
    status: String,
}

#[derive(ApiResponse)]
enum Ready {
    /// The hub stores what is posted.
    #[oai(status = 200)]
    Yes(Json<Well>),
}

#[derive(ApiResponse)]
enum MetricsResponse {
    /// Prometheus' text format.
    #[oai(status = 200, content_type = "text/plain; version=0.0.4; charset=utf-8")]
    Ok(PlainText<String>),
}

#[expect(clippy::unused_async, reason = "every endpoint is async to poem-openapi")]
#[OpenApi(tag = "Tag::Health")]
impl HealthApi {
    /// The hub's state in a few numbers
    #[oai(path = "/api/status", method = "get", operation_id = "status")]
    async fn status(&self) -> Json<Status> {
        let context = &*self.shared;
        let feed = context.feed.status();
        Json(Status {
            version: env!("CARGO_PKG_VERSION").into(),
            started_at: DateTime::<Utc>::from(context.metrics.started()).trunc_subsecs(3),
            uptime_s: Duration::as_secs(&context.started.elapsed()),
            streams: feed.streams as u64,
            connections: feed.streams as u64,
            stored: feed.stored as u64,
            open: feed.open as u64,
            latest_id: feed.latest_id.to_string(),
            read_through: feed.read_through,
            store: context.store.into(),
            store_bytes: feed.log.database_bytes + feed.log.wal_bytes,
            lately: context.metrics.lately().into(),
            streaming: !context.no_sse,
            stale_ms: feed.stale_ms,
            ready: feed.condition.reason().is_none() && !context.shutdown.has_begun(),
            reason: feed.condition.reason().map(ToString::to_string),
        })
    }

    /// Is the process alive?
    #[oai(path = "/healthz", method = "get", operation_id = "healthz")]
    async fn healthz(&self) -> Json<Well> {
        Json(Well { status: "ok".into() })
    }

    /// Does the hub store what is posted?
    ///
    /// 503 says why not: it is stopping, its storage fails, or it has not heard for 10 s from where several hubs keep
    /// their notifications. What is stored can be read all the same.
    #[oai(path = "/readyz", method = "get", operation_id = "readyz")]
    async fn readyz(&self) -> Result<Ready, ApiError> {
        if self.shared.shutdown.has_begun() {
            return Err(ApiError::unavailable("stopping", "the hub is stopping", 5));
        }
        match self.shared.feed.status().condition.reason() {
            Some(reason) => Err(ApiError::unavailable("storage_unavailable", reason.as_ref(), 5)),
            None => Ok(Ready::Yes(Json(Well { status: "ok".into() }))),
        }
    }

    /// Counters for Prometheus
    #[oai(path = "/metrics", method = "get", operation_id = "metrics")]
    async fn metrics(&self) -> MetricsResponse {
        let context = &*self.shared;
        let feed = context.feed.status();
        let readings = Readings {
            is_ready: feed.condition.reason().is_none() && !context.shutdown.has_begun(),
            streams: feed.streams,
            silence: feed.silence,
            stored: feed.stored,
            open: feed.open,
            waiting: feed.log.waiting,
            database_bytes: feed.log.database_bytes,
            wal_bytes: feed.log.wal_bytes,
            ring_events: feed.ring.events,
            ring_bytes: feed.ring.bytes,
            ring_age: feed.ring.age,
            max_connections: context.max_connections,
        };
        MetricsResponse::Ok(PlainText(context.metrics.encode(&readings)))
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_declared_content_type_is_the_encoders() {
        assert!(crate::http::spec().contains(crate::metrics::CONTENT_TYPE));
    }
}
