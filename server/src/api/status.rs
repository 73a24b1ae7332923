//! How the hub is: for people, for whoever supervises it, and for Prometheus.

use std::time::Duration;

use poem_openapi::{
    ApiResponse, Object, OpenApi,
    payload::{Json, PlainText},
};

use super::{Shared, Tag, problem::Problem};

pub(super) struct HealthApi {
    pub(super) shared: Shared,
}

/// How the hub is.
#[derive(Object)]
struct Status {
    /// The hub's version.
    version: String,
    /// Seconds since it started.
    uptime_s: u64,
    /// Open event streams.
    connections: u64,
    /// Stored notifications.
    stored: u64,
    /// The id of the newest event.
    latest_id: String,
    /// Whether `/events` streams; `false` under `--no-sse`.
    streaming: bool,
}

/// It is well.
#[derive(Object)]
struct Well {
    /// Always `ok`.
    status: String,
}

#[derive(ApiResponse)]
enum Ready {
    /// The hub takes requests.
    #[oai(status = 200)]
    Yes(Json<Well>),
}

#[derive(ApiResponse)]
enum NotReady {
    /// The hub is stopping: send requests elsewhere.
    #[oai(status = 503)]
    Stopping(Json<Problem>),
}

#[derive(ApiResponse)]
enum MetricsResponse {
    /// OpenMetrics text.
    #[oai(status = 200, content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8")]
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
            uptime_s: Duration::as_secs(&context.started.elapsed()),
            connections: feed.streams as u64,
            stored: feed.stored as u64,
            latest_id: feed.latest_id.to_string(),
            streaming: !context.no_sse,
        })
    }

    /// Is the process alive?
    #[oai(path = "/healthz", method = "get", operation_id = "healthz")]
    async fn healthz(&self) -> Json<Well> {
        Json(Well { status: "ok".into() })
    }

    /// Does the hub take requests?
    #[oai(path = "/readyz", method = "get", operation_id = "readyz")]
    async fn readyz(&self) -> Result<Ready, NotReady> {
        if self.shared.shutdown.has_begun() {
            Err(NotReady::Stopping(Problem::new("stopping", "the hub is stopping")))
        } else {
            Ok(Ready::Yes(Json(Well { status: "ok".into() })))
        }
    }

    /// Counters for Prometheus
    #[oai(path = "/metrics", method = "get", operation_id = "metrics")]
    async fn metrics(&self) -> MetricsResponse {
        let context = &*self.shared;
        let feed = context.feed.status();
        MetricsResponse::Ok(PlainText(context.metrics.encode(feed.streams, feed.stored)))
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_declared_content_type_is_the_encoders() {
        assert!(super::super::spec().contains(crate::metrics::CONTENT_TYPE));
    }
}
