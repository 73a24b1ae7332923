//! One connection of HTTP/2 under hyper: many requests and event streams at a time, each a task. A reader that does not
//! take what is sent loses its stream, and no other one (RFC 9113, section 5.2: each has a window of its own).

use std::{
    net::SocketAddr,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::combinators::BoxBody;
use hyper::{Request, body::Incoming, rt::Executor, server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use poem::{
    Endpoint, Response,
    http::{StatusCode, uri::Scheme},
};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use tokio_util::task::TaskTracker;

use super::{
    http1::MAX_HEAD_BYTES,
    limiter::Permit,
    respond::{Answer, OutgoingBody, Shared, refusal, respond},
    settings::Settings,
};

/// The most requests and streams on one connection at a time.
const MAX_STREAMS: u32 = 100;

/// After how long a silent peer is asked whether it is still there.
const PING_INTERVAL: Duration = Duration::from_secs(30);

/// How long a connection that was told to end may take, when nothing is open on it.
const CLOSE_GRACE: Duration = Duration::from_secs(1);

/// Serves one connection until it ends.
pub(super) async fn serve<E>(
    stream: TlsStream<TcpStream>,
    peer: SocketAddr,
    shared: Arc<Shared<E>>,
    permit: Permit,
    tasks: TaskTracker,
) where
    E: Endpoint<Output = Response> + 'static,
{
    let settings = Arc::clone(&shared.settings);
    let permit = Arc::new(permit);
    let activity = Arc::<Activity>::default();
    let service = service_fn(|request: Request<Incoming>| {
        let (shared, permit) = (Arc::clone(&shared), Arc::clone(&permit));
        Box::pin(
            async move { Ok::<_, std::convert::Infallible>(answer(request, peer, &shared, &permit).await) },
        )
    });
    let executor = StreamTasks { tasks, activity: Arc::clone(&activity), settings: Arc::clone(&settings) };
    let header_list = u32::try_from(MAX_HEAD_BYTES).expect("it is small");
    let mut connection = pin!(
        http2::Builder::new(executor)
            .timer(TokioTimer::new())
            .max_concurrent_streams(MAX_STREAMS)
            .max_header_list_size(header_list)
            .keep_alive_interval(PING_INTERVAL)
            .keep_alive_timeout(settings.limits.stall_timeout)
            .serve_connection(TokioIo::new(stream), service)
    );
    // As long as one of HTTP/1 may wait for its next request.
    let idle_timeout = settings.limits.header_timeout;
    let (mut idle_since, mut begun) = (Instant::now(), 0);
    let mut stopping = pin!(settings.shutdown.begun());
    let mut is_stopping = false;
    loop {
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%peer, %error, "a connection ended early");
                }
                return;
            }
            () = &mut stopping, if !is_stopping => {
                is_stopping = true;
                connection.as_mut().graceful_shutdown();
            }
            () = tokio::time::sleep(if is_stopping { CLOSE_GRACE } else { idle_timeout / 4 }) => {}
        }
        let begun_before = std::mem::replace(&mut begun, activity.begun.load(Ordering::Relaxed));
        if begun != begun_before || activity.open.load(Ordering::Relaxed) > 0 {
            idle_since = Instant::now();
        }
        let patience = if is_stopping { CLOSE_GRACE } else { idle_timeout };
        // Told to end a while ago, it would have.
        if idle_since.elapsed() >= patience + CLOSE_GRACE {
            return;
        }
        if idle_since.elapsed() >= patience {
            connection.as_mut().graceful_shutdown();
        }
    }
}

async fn answer<E>(
    request: Request<Incoming>,
    peer: SocketAddr,
    shared: &Shared<E>,
    permit: &Permit,
) -> hyper::Response<WatchedBody>
where
    E: Endpoint<Output = Response>,
{
    let watch = WATCH.try_with(Arc::clone).expect("requests are answered in the task of their stream");
    let answered = respond(request, peer, Scheme::HTTPS, shared).await;
    let (head, body, permit) = match answered.body {
        Answer::Plain(body) => (answered.head, OutgoingBody::Plain(body, None), None),
        Answer::Events(subscription) => match permit.another() {
            Some(permit) => {
                (answered.head, OutgoingBody::events(subscription, &shared.settings), Some(permit))
            }
            None => {
                shared.settings.metrics.connections_refused.inc();
                let refused = refusal(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "too_many_connections",
                    "the hub has as many streams as it allows (--max-connections); come back later",
                );
                let refused = hyper::Response::<BoxBody<Bytes, std::io::Error>>::from(refused);
                let (head, body) = refused.into_parts();
                (head, OutgoingBody::Plain(body, None), None)
            }
        },
    };
    hyper::Response::from_parts(head, WatchedBody { body, watch, _permit: permit })
}

tokio::task_local! {
    /// Of the stream whose task this is.
    static WATCH: Arc<Watch>;
}

/// Runs each stream in a task that ends, and resets the stream, when its reader stalls.
#[derive(Clone)]
struct StreamTasks {
    tasks: TaskTracker,
    activity: Arc<Activity>,
    settings: Arc<Settings>,
}

impl<F> Executor<F> for StreamTasks
where
    F: Future<Output: Send> + Send + 'static,
{
    fn execute(&self, stream: F) {
        let watch = Arc::<Watch>::default();
        let settings = Arc::clone(&self.settings);
        let open = OpenStream::new(&self.activity);
        self.tasks.spawn(WATCH.scope(Arc::clone(&watch), async move {
            let _open = open;
            tokio::select! {
                _ = stream => {}
                () = watch.stalled(settings.limits.stall_timeout) => {
                    settings.metrics.streams_stalled.inc();
                    tracing::debug!("a stream of HTTP/2 was reset: its reader accepts nothing");
                }
            }
        }));
    }
}

/// What goes on on a connection.
#[derive(Default)]
struct Activity {
    /// Streams that are open.
    open: AtomicUsize,
    /// Streams that were ever opened.
    begun: AtomicUsize,
}

/// Counts a stream for as long as it lives.
struct OpenStream(Arc<Activity>);

impl OpenStream {
    fn new(activity: &Arc<Activity>) -> Self {
        activity.begun.fetch_add(1, Ordering::Relaxed);
        activity.open.fetch_add(1, Ordering::Relaxed);
        OpenStream(Arc::clone(activity))
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Since when a reader has not taken what there is for it. hyper asks a body for more only when the reader's window is
/// open.
#[derive(Default)]
struct Watch {
    /// Milliseconds since [`Watch::epoch`], plus one; 0: it waits for us.
    waiting_since: AtomicU64,
}

impl Watch {
    fn now() -> u64 {
        static EPOCH: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
        u64::try_from(EPOCH.elapsed().as_millis()).unwrap_or(u64::MAX).saturating_add(1)
    }

    /// A piece was handed over; the reader's turn.
    fn offered(&self) {
        self.waiting_since.store(Watch::now(), Ordering::Relaxed);
    }

    /// There is room for another one.
    fn taken(&self) {
        self.waiting_since.store(0, Ordering::Relaxed);
    }

    /// Waits until the reader has taken nothing for this long.
    async fn stalled(&self, limit: Duration) {
        let limit_ms = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
        loop {
            tokio::time::sleep(limit / 4).await;
            let since = self.waiting_since.load(Ordering::Relaxed);
            if since > 0 && Watch::now().saturating_sub(since) >= limit_ms {
                return;
            }
        }
    }
}

/// A body that notes how its reader keeps up.
struct WatchedBody {
    body: OutgoingBody,
    watch: Arc<Watch>,
    /// An event stream's place among the connections.
    _permit: Option<Permit>,
}

impl Body for WatchedBody {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<std::io::Result<Frame<Bytes>>>> {
        self.watch.taken();
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(_))) = polled {
            self.watch.offered();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
