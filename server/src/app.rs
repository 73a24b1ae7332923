//! Puts the parts together, watches over them, and stops them in order.

use std::{
    io::Write as _,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::task::TaskTracker;

use crate::{
    config::{Config, LogFormat, NoDataDirectory, Store},
    connection::{
        Limits, Settings, Shared, accept,
        fan_out::FanOut,
        listen::{self, ListenError},
        tls::{self, Tls, TlsError},
    },
    feed::{Feed, RingLimits},
    file_watch::FileWatch,
    http::{
        self, Guards,
        middleware::{
            client_address::TrustedProxies,
            host::AllowedHosts,
            origin::AllowedOrigins,
            token::{TokenError, Tokens},
        },
    },
    log::{Replica, Retention},
    metrics::{Metrics, NOTE_INTERVAL},
    shutdown::{Shutdown, Signals},
    storage,
    web_push::{self, FileStore, MemoryStore, WebPush, WebPushError},
};

/// File descriptors that are not connections: the database, the listeners, standard streams and a reserve.
const OTHER_FILES: u64 = 64;

/// How often what has become too old is dropped.
const RETENTION_INTERVAL: Duration = Duration::from_secs(10);

/// How long, after all streams have ended, the log may take to finish what it has begun.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(10);

/// Why the hub does not run.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// There is no place for the data.
    #[error(transparent)]
    NoDataDirectory(#[from] NoDataDirectory),
    /// The log cannot be opened.
    #[error(transparent)]
    Open(#[from] storage::OpenError),
    /// The publish tokens are of no use.
    #[error(transparent)]
    Tokens(#[from] TokenError),
    /// The certificate cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// There is no socket to listen on.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// What Web Push keeps cannot be used.
    #[error("{1}; devices subscribe again by themselves if you take {0} away")]
    WebPush(std::path::PathBuf, WebPushError),
    /// The system does not say when to stop.
    #[error("cannot wait for signals: {0}")]
    Signals(std::io::Error),
    /// A part that the others rely on has ended by itself.
    #[error("{0} ended by itself; this is a defect of the hub")]
    PartEnded(&'static str),
    /// The storage did not finish in time.
    #[error("the storage did not finish within {} s; it is left to the system", CLOSE_TIMEOUT.as_secs())]
    CloseTimeout,
}

/// Runs the hub until it is told to stop.
pub async fn run(config: Config) -> Result<(), AppError> {
    // First: whoever stops it while it starts has it stop in good order.
    let mut signals = Signals::watch().map_err(AppError::Signals)?;
    let metrics = Metrics::default();
    // Watched from before they are read: what changes meanwhile is read again.
    let token_file = FileWatch::new(config.publish_token_file.clone());
    let guards = guards(&config)?;
    let (tls, certificate) = tls(&config)?.unzip();
    let feed = tokio::select! {
        opened = open_feed(&config, metrics.clone()) => opened?,
        () = signals.received() => return Ok(()),
    };
    let web_push = web_push(&config, &feed, &metrics)?;
    let mut listeners = listen::inherited()?;
    if listeners.is_empty() {
        listeners = listen::bind(&config.host, config.port)?;
    }
    raise_file_limit(config.max_connections.get() as u64);
    let settings = Arc::new(connection_settings(&config, metrics.clone()));
    let (agents, told) = http::agents(Arc::clone(&feed), settings.shutdown.clone());
    let context = http::Context {
        feed: Arc::clone(&feed),
        agents,
        metrics: metrics.clone(),
        shutdown: settings.shutdown.clone(),
        no_sse: config.no_sse,
        drain: config.drain,
        store: config.store.name(),
        max_connections: config.max_connections.get(),
        started: Instant::now(),
        guards: guards.clone(),
        web_push: web_push.clone(),
        no_service_worker: config.no_service_worker,
    };
    let tasks = TaskTracker::new();
    let mut essential = JoinSet::new();
    // Waited for at the stop like a connection: what it holds back is told then.
    essential.spawn(tasks.track_future(told));
    if let Some(web_push) = web_push {
        essential.spawn(tasks.track_future(web_push::run(web_push, settings.shutdown.clone())));
    }
    let fan_out = FanOut::start(&feed, &settings, &tasks, &mut essential);
    let shared = Arc::new(Shared {
        endpoint: http::endpoint(&context),
        settings: Arc::clone(&settings),
        fan_out,
        tls: tls.clone(),
    });
    if config.publish_token_file.is_some() {
        let tokens = Arc::clone(&guards.tokens);
        essential.spawn(take_anew("publish tokens", token_file, move || tokens.reload()));
    }
    if let (Some(tls), Some(certificate)) = (tls.clone(), certificate) {
        essential.spawn(take_anew("certificate", certificate, move || tls.reload()));
    }
    announce(&listeners, &config, &guards, tls.as_deref());
    let accepting = tokio::spawn(accept::run(listeners, shared, tasks.clone()));
    essential.spawn({
        let feed = Arc::clone(&feed);
        async move { feed.beat().await }
    });
    essential.spawn(note_counters(metrics));
    // The limits of a log that several hubs share are kept with it.
    if config.max_age.is_some() || config.store.is_shared() {
        essential.spawn(drop_what_is_too_old(Arc::clone(&feed)));
    }

    let mut accepting = std::pin::pin!(accepting);
    let mut log_ended = std::pin::pin!(feed.ended());
    tokio::select! {
        () = signals.received() => {}
        part = first_to_end(&mut accepting, &mut essential, &mut log_ended) => {
            tracing::error!(part, "ended by itself");
            return Err(AppError::PartEnded(part));
        }
    }
    tracing::info!(streams = feed.status().streams, drain = ?config.drain, "stopping");
    let stop = async {
        // In this order: whoever sees the stop finds the streams ended.
        feed.end_streams();
        settings.shutdown.begin();
        let _ = accepting.await;
        tasks.close();
        let drained = tokio::time::timeout(config.drain, tasks.wait()).await.is_ok();
        if !drained {
            tracing::warn!(connections = tasks.len(), "connections were cut: they did not end in time");
        }
        essential.abort_all();
        feed.close();
        tokio::time::timeout(CLOSE_TIMEOUT, log_ended).await.map_err(|_| AppError::CloseTimeout)
    };
    tokio::select! {
        stopped = stop => stopped.inspect(|()| tracing::info!("stopped")),
        () = signals.received() => {
            tracing::warn!(connections = tasks.len(), "stopped at once by a second signal");
            feed.close();
            // What was acknowledged is stored; what was not may be.
            Ok(())
        }
    }
}

fn connection_settings(config: &Config, metrics: Metrics) -> Settings {
    Settings {
        limits: Limits {
            max_connections: config.max_connections,
            max_connections_per_ip: config.max_connections_per_ip,
            header_timeout: Duration::from_secs(10),
            stall_timeout: config.stall_timeout,
            drain: config.drain,
        },
        metrics,
        shutdown: Shutdown::default(),
    }
}

/// Waits until a part ends that the others rely on, and says which: without it the hub would seem to work.
async fn first_to_end(
    accepting: impl Future,
    essential: &mut JoinSet<()>,
    log_ended: impl Future,
) -> &'static str {
    tokio::select! {
        _ = accepting => "the accept loop",
        _ = essential.join_next() => "a task that sends",
        _ = log_ended => "the log",
    }
}

/// For what people ask about the last minute.
async fn note_counters(metrics: Metrics) {
    let mut interval = tokio::time::interval(NOTE_INTERVAL);
    loop {
        interval.tick().await;
        metrics.note();
    }
}

async fn drop_what_is_too_old(feed: Arc<Feed>) {
    let mut interval = tokio::time::interval(RETENTION_INTERVAL);
    loop {
        interval.tick().await;
        // The log says by itself what is wrong with it.
        let _ = feed.retain().await;
    }
}

fn guards(config: &Config) -> Result<Guards, TokenError> {
    let tokens = Tokens::load(config.publish_tokens.clone(), config.publish_token_file.clone())?;
    if let Some(secret) = &config.github_secret {
        secret.check_for_signatures("--github-secret")?;
    }
    Ok(Guards {
        hosts: AllowedHosts::new(&config.host, &config.allowed_hosts),
        origins: AllowedOrigins::new(&config.cors_origins),
        tokens: Arc::new(tokens),
        publish_rate: config.publish_rate,
        github_secret: config.github_secret.clone(),
        allow_get: config.allow_get,
        trusted_proxies: TrustedProxies::new(&config.trusted_proxies),
    })
}

/// The certificate, where connections are encrypted, and what notices that it has changed.
fn tls(config: &Config) -> Result<Option<(Arc<Tls>, FileWatch)>, AppError> {
    let files = match (&config.tls_cert, &config.tls_key) {
        (Some(certificate), Some(key)) => tls::Files { certificate: certificate.clone(), key: key.clone() },
        _ if config.tls_self_signed => {
            let names: Vec<_> = config.allowed_hosts.iter().chain([&config.host]).cloned().collect();
            tls::self_signed(&config.data_directory()?, &names)?
        }
        _ => return Ok(None),
    };
    let watch = FileWatch::new([files.certificate.clone(), files.key.clone()]);
    Ok(Some((Arc::new(Tls::load(files)?), watch)))
}

/// Reads files again when they change.
async fn take_anew<E>(
    what: &'static str,
    mut watch: FileWatch,
    reload: impl Fn() -> Result<(), E> + Send + Sync + 'static,
) where
    E: std::fmt::Display + Send + 'static,
{
    let reload = Arc::new(reload);
    loop {
        watch.changed().await;
        let reload = Arc::clone(&reload);
        match tokio::task::spawn_blocking(move || reload()).await.expect("reading a file does not panic") {
            Ok(()) => tracing::info!(what, "read again"),
            Err(error) => tracing::error!(what, %error, "what was read before is used on"),
        }
    }
}

async fn open_feed(config: &Config, metrics: Metrics) -> Result<Arc<Feed>, AppError> {
    let retention = Retention::keeping(config.max_notifications).and_max_age(config.max_age);
    let (config, heartbeat) = (config.clone(), config.heartbeat);
    Feed::open(RingLimits::default(), heartbeat, metrics, async move |replica: Arc<dyn Replica>| {
        Ok::<_, AppError>(storage::open(&config, &config.store, retention, replica).await?)
    })
    .await
}

fn web_push(config: &Config, feed: &Arc<Feed>, metrics: &Metrics) -> Result<Option<WebPush>, AppError> {
    if config.no_web_push || config.no_service_worker {
        return Ok(None);
    }
    let directory = match &config.store {
        Store::Memory => None,
        // Each hub knows the devices that subscribed at it, and two on one machine are not to share a directory unasked.
        shared if shared.is_shared() => config.data_dir.clone(),
        _ => Some(config.data_directory()?),
    };
    let store: Box<dyn web_push::Store> = match &directory {
        None => Box::new(MemoryStore),
        Some(directory) => Box::new(FileStore::new(directory)),
    };
    let settings = web_push::Settings {
        contact: config.web_push_contact.clone(),
        private_services: config.allowed_push_services.clone(),
    };
    let file = || directory.unwrap_or_default().join(web_push::FILE_NAME);
    WebPush::open(&settings, store, Arc::clone(feed), metrics.clone())
        .map(Some)
        .map_err(|error| AppError::WebPush(file(), error))
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

fn announce(listeners: &[TcpListener], config: &Config, guards: &Guards, tls: Option<&Tls>) {
    let addresses: Vec<_> = listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect();
    let Some(first) = addresses.first() else { return };
    // An address that stands for all of them is none to open in a browser.
    let host = if first.ip().is_unspecified() {
        "localhost".to_owned()
    } else {
        first.to_string().rsplit_once(':').map_or_else(String::new, |(host, _)| host.to_owned())
    };
    let scheme = if tls.is_some() { "https" } else { "http" };
    let base = format!("{scheme}://{host}:{}", first.port());
    let page_note =
        if http::page_is_built() { "" } else { "   (not built: run `make page`, then build again)" };
    let stream =
        if config.no_sse { "off (--no-sse): clients poll".to_owned() } else { format!("{base}/events") };
    let store = match (&config.store, config.data_directory()) {
        (Store::Sqlite(_), Ok(directory)) => directory.display().to_string(),
        (Store::Postgres(_), _) => "in PostgreSQL".to_owned(),
        #[cfg(feature = "nats")]
        (Store::JetStream(address), _) => format!("in NATS JetStream: {address}"),
        _ => "in memory: nothing is left after a stop".to_owned(),
    };
    let certificate = match (tls, config.tls_self_signed) {
        (Some(tls), true) => {
            let path = &tls.files().certificate;
            let fingerprint = tls::fingerprint(path).unwrap_or_else(|error| error.to_string());
            format!("  Certificate  {}\n  SHA-256 {fingerprint}\n", path.display())
        }
        _ => String::new(),
    };
    let text = format!(
        "NotifyHub {version}\n  Page    {base}/{page_note}\n  Stream  {stream}\n  API     {base}/docs\n  Data    {store}\n{certificate}",
        version = env!("CARGO_PKG_VERSION"),
    );
    if config.log_format == LogFormat::Text {
        // Nobody may be reading.
        let _ = std::io::stdout().write_all(text.as_bytes());
        let _ = std::io::stdout().flush();
    }
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        page = format!("{base}/"),
        ?addresses,
        store = config.store.name(),
        data = store,
        pid = std::process::id(),
        "started"
    );
    let is_reachable = |address: &std::net::SocketAddr| !address.ip().to_canonical().is_loopback();
    if addresses.iter().any(is_reachable) && !guards.tokens.are_required() {
        tracing::warn!(
            "other machines can reach this hub, and whoever does may post, change and delete: \
             start it with --publish-token to guard that"
        );
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    #[tokio::test]
    async fn each_part_that_ends_is_noticed() {
        let lasting = || {
            let mut tasks = JoinSet::new();
            tasks.spawn(pending());
            tasks
        };
        assert_eq!(first_to_end(ready(()), &mut lasting(), pending::<()>()).await, "the accept loop");
        assert_eq!(first_to_end(pending::<()>(), &mut lasting(), ready(())).await, "the log");
        let mut tasks = lasting();
        tasks.spawn(async { panic!("a defect") });
        assert_eq!(first_to_end(pending::<()>(), &mut tasks, pending::<()>()).await, "a task that sends");
    }
}
