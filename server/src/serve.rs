//! Puts the parts together and runs them until the hub is told to stop.

use std::{
    io::Write as _,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;

use crate::{
    api,
    config::{Config, NoDataDirectory, Store},
    connection::{
        Limits, Settings, Shared, accept,
        fan_out::FanOut,
        listen::{self, ListenError},
    },
    feed::Feed,
    hub::RingLimits,
    log::{
        LogError, Retention,
        memory::MemoryLog,
        sqlite::{OpenError, OpenedSqlite},
    },
    metrics::Metrics,
    page,
    shutdown::{self, Shutdown, Signals},
};

/// File descriptors that are not connections: the database, the listeners, standard streams and a reserve.
const OTHER_FILES: u64 = 64;

/// Why the hub does not run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// There is no place for the data.
    #[error(transparent)]
    NoDataDirectory(#[from] NoDataDirectory),
    /// The database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The database cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// There is no socket to listen on.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The system does not say when to stop.
    #[error("cannot wait for signals: {0}")]
    Signals(std::io::Error),
}

/// Runs the hub until it is told to stop, or to be started again on the sockets it returns.
pub async fn serve(config: Config) -> Result<Option<Arc<[TcpListener]>>, ServeError> {
    let feed = open_feed(&config).await?;
    let mut listeners = listen::inherited()?;
    if listeners.is_empty() {
        listeners = listen::bind(&config.host, config.port)?;
    }
    raise_file_limit(config.max_connections.get() as u64);
    let settings = Arc::new(Settings {
        limits: Limits {
            max_connections: config.max_connections,
            max_connections_per_ip: config.max_connections_per_ip,
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(10),
            max_body_bytes: 64 << 10,
            stall_timeout: config.stall_timeout,
            drain: config.drain,
        },
        metrics: Metrics::default(),
        shutdown: Shutdown::default(),
    });
    let context = api::Context {
        feed: Arc::clone(&feed),
        metrics: settings.metrics.clone(),
        shutdown: settings.shutdown.clone(),
        no_sse: config.no_sse,
        drain: config.drain,
        started: Instant::now(),
    };
    let tasks = TaskTracker::new();
    let fan_out = FanOut::start(&feed, &settings, &tasks);
    let shared =
        Arc::new(Shared { endpoint: api::endpoint(&context), settings: Arc::clone(&settings), fan_out });
    // Before anyone is told that the hub runs: whoever then stops it has it stop in good order.
    let mut signals = Signals::watch().map_err(ServeError::Signals)?;
    announce(&listeners, &config);

    let listeners: Arc<[TcpListener]> = listeners.into();
    let accepting = tokio::spawn(accept::run(Arc::clone(&listeners), shared, tasks.clone()));
    let beating = tokio::spawn({
        let feed = Arc::clone(&feed);
        async move { feed.beat().await }
    });

    let request = signals.received().await;
    tracing::info!(?request, streams = feed.status().streams, drain = ?config.drain, "stopping");
    settings.shutdown.begin();
    feed.end_streams();
    beating.abort();
    // Nothing can come of it but the end of the loop.
    let _ = accepting.await;
    // Closed at once if nobody will go on with them: then who comes is refused, and does not wait in vain.
    let listeners = (request == shutdown::Request::Restart).then_some(listeners);
    tasks.close();
    tokio::select! {
        () = tasks.wait() => {}
        () = tokio::time::sleep(config.drain) => {
            tracing::warn!(connections = tasks.len(), "connections were cut: they did not end in time");
        }
        _ = signals.received() => tracing::warn!(connections = tasks.len(), "connections were cut by a second signal"),
    }
    feed.close().await;
    Ok(listeners)
}

async fn open_feed(config: &Config) -> Result<Arc<Feed>, ServeError> {
    let retention = Retention::keeping(config.max_notifications);
    let ring = RingLimits::default();
    let feed = match config.store {
        Store::Memory => {
            Feed::start(MemoryLog::snapshot(), ring, config.heartbeat, |sink| {
                Arc::new(MemoryLog::new(retention, sink))
            })
            .await?
        }
        Store::Sqlite => {
            let opened = OpenedSqlite::open(&config.data_directory()?, retention, config.durability)?;
            Feed::start(opened.snapshot().clone(), ring, config.heartbeat, |sink| {
                Arc::new(opened.start(sink))
            })
            .await?
        }
    };
    Ok(feed)
}

/// Each connection needs a file descriptor, and the soft limit is often only 1024.
fn raise_file_limit(connections: u64) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    let limit = if raised.is_ok() { maximum } else { current };
    let needed = connections + OTHER_FILES;
    if let Some(limit) = limit.filter(|limit| *limit < needed) {
        tracing::warn!(
            limit,
            needed,
            "the limit of open files (ulimit -n) is lower than --max-connections needs; some connections will wait"
        );
    }
}

fn announce(listeners: &[TcpListener], config: &Config) {
    let addresses: Vec<_> = listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect();
    let Some(first) = addresses.first() else { return };
    // An address that stands for all of them is none to open in a browser.
    let host = if first.ip().is_unspecified() {
        "localhost".to_owned()
    } else {
        first.to_string().rsplit_once(':').map_or_else(String::new, |(host, _)| host.to_owned())
    };
    let base = format!("http://{host}:{}", first.port());
    let page_note = if page::is_built() { "" } else { "   (not built: run `make page`, then build again)" };
    let stream =
        if config.no_sse { "off (--no-sse): clients poll".to_owned() } else { format!("{base}/events") };
    let store = match (config.store, config.data_directory()) {
        (Store::Sqlite, Ok(directory)) => directory.display().to_string(),
        _ => "in memory: nothing is left after a stop".to_owned(),
    };
    let text = format!(
        "NotifyHub {version}\n  Page    {base}/{page_note}\n  Stream  {stream}\n  API     {base}/docs\n  Data    {store}\n",
        version = env!("CARGO_PKG_VERSION"),
    );
    // Nobody may be reading.
    let _ = std::io::stdout().write_all(text.as_bytes());
    let _ = std::io::stdout().flush();
}
