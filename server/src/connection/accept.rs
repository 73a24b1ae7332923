//! The accept loop: takes connections within the limits, refuses the rest politely, and backs off when the
//! system has no file descriptor left.

use std::{
    collections::HashMap,
    io,
    net::IpAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use poem::{Endpoint, Response};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_util::task::TaskTracker;

use super::{Settings, Shared, http};

/// How long to wait before accepting again after the file descriptors ran out. Connections that end in the
/// meantime give theirs back; those that wait stay in the system's queue.
const OUT_OF_FILES_PAUSE: Duration = Duration::from_millis(100);

/// How many refused connections may be on their way to reading the refusal at a time; beyond that they are
/// just closed.
const MAX_REFUSALS: usize = 256;

/// How long a refused connection has to send its request and read the refusal.
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(2);

/// How many connections there are.
#[derive(Debug)]
struct Census {
    settings: Arc<Settings>,
    open: AtomicUsize,
    refusals: AtomicUsize,
    /// Only counted where `max_connections_per_ip` is set.
    open_by_address: Mutex<HashMap<IpAddr, usize>>,
}

/// A connection's place among those that are allowed; given back when it is dropped.
pub(super) struct Admission {
    census: Arc<Census>,
    address: IpAddr,
}

impl Census {
    fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Admission> {
        // An IPv4 address looks the same whether it comes through an IPv4 or an IPv6 socket.
        let address = address.to_canonical();
        if self.open.load(Ordering::Relaxed) >= self.settings.limits.max_connections.get() {
            return None;
        }
        if let Some(most) = self.settings.limits.max_connections_per_ip {
            let mut by_address = self.open_by_address.lock().expect("no one panics with the count in hand");
            let open = by_address.entry(address).or_default();
            if *open >= most.get() {
                return None;
            }
            *open += 1;
        }
        self.open.fetch_add(1, Ordering::Relaxed);
        self.settings.metrics.connections_open.inc();
        Some(Admission { census: Arc::clone(self), address })
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        self.census.open.fetch_sub(1, Ordering::Relaxed);
        self.census.settings.metrics.connections_open.dec();
        if self.census.settings.limits.max_connections_per_ip.is_some() {
            let mut by_address =
                self.census.open_by_address.lock().expect("no one panics with the count in hand");
            if let Some(open) = by_address.get_mut(&self.address) {
                *open -= 1;
                if *open == 0 {
                    by_address.remove(&self.address);
                }
            }
        }
    }
}

/// Serves connections until the shutdown begins, then stops accepting and returns. The connections are on
/// `tasks`.
pub async fn run<E>(listeners: Arc<[TcpListener]>, shared: Arc<Shared<E>>, tasks: TaskTracker)
where
    E: Endpoint<Output = Response> + 'static,
{
    let census = Arc::new(Census {
        settings: Arc::clone(&shared.settings),
        open: AtomicUsize::new(0),
        refusals: AtomicUsize::new(0),
        open_by_address: Mutex::default(),
    });
    let loops = listeners
        .iter()
        .map(|listener| accept_on(listener, Arc::clone(&shared), Arc::clone(&census), tasks.clone()));
    tokio::select! {
        _ = futures_util::future::join_all(loops) => {}
        () = shared.settings.shutdown.begun() => {}
    }
}

async fn accept_on<E>(listener: &TcpListener, shared: Arc<Shared<E>>, census: Arc<Census>, tasks: TaskTracker)
where
    E: Endpoint<Output = Response> + 'static,
{
    let mut is_starved = false;
    loop {
        let (socket, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) if is_out_of_files(&error) => {
                census.settings.metrics.accept_out_of_files.inc();
                // Once for as long as it lasts.
                if !std::mem::replace(&mut is_starved, true) {
                    tracing::warn!(%error, "cannot accept connections; raise the limit of open files (ulimit -n)");
                }
                tokio::time::sleep(OUT_OF_FILES_PAUSE).await;
                continue;
            }
            // The connection was gone before it was accepted; the listener is well.
            Err(error) => {
                tracing::debug!(%error, "a connection was lost before it was accepted");
                continue;
            }
        };
        is_starved = false;
        census.settings.metrics.connections_accepted.inc();
        match census.admit(peer.ip()) {
            Some(admission) => {
                tasks.spawn(http::serve(socket, peer, Arc::clone(&shared), admission));
            }
            None => {
                census.settings.metrics.connections_refused.inc();
                let open = census.refusals.fetch_add(1, Ordering::Relaxed);
                let census = Arc::clone(&census);
                tasks.spawn(async move {
                    if open < MAX_REFUSALS {
                        let _ = tokio::time::timeout(REFUSAL_TIMEOUT, refuse(socket)).await;
                    }
                    census.refusals.fetch_sub(1, Ordering::Relaxed);
                });
            }
        }
    }
}

fn is_out_of_files(error: &io::Error) -> bool {
    use rustix::io::Errno;
    [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM]
        .iter()
        .any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

/// Says when to come back: each a little later or earlier, so that not all come back at once.
async fn refuse(mut socket: TcpStream) -> io::Result<()> {
    // A request that was not read makes the system reset the connection, and the refusal with it.
    let mut request = [0; 4096];
    let _ = socket.read(&mut request).await?;
    let body = "{\"code\":\"too_many_connections\",\"message\":\"the hub has as many connections as it allows \
                (--max-connections); come back later\"}";
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         retry-after: {}\r\nconnection: close\r\n\r\n{body}",
        body.len(),
        fastrand::u32(2..=10),
    );
    socket.write_all(answer.as_bytes()).await?;
    linger(socket).await
}

/// Ends a connection so that the last answer arrives: closing it while unread bytes wait would reset it.
pub(super) async fn linger(mut socket: TcpStream) -> io::Result<()> {
    socket.shutdown().await?;
    let mut discarded = [0; 4096];
    while socket.read(&mut discarded).await? > 0 {}
    Ok(())
}
