//! The accept loop: takes connections within the limits, refuses the rest politely, and backs off when the
//! system has no file descriptor left.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use poem::{Endpoint, Response};
use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpListener, TcpStream},
};
use tokio_util::task::TaskTracker;

use super::{
    http1, https,
    limiter::{Limiter, Permit},
    linger::{linger, read_some},
    respond::Shared,
};
use crate::{clock, error_body};

/// How long to wait before accepting again after that failed, which it mostly does because the file descriptors ran
/// out. Connections that end in the meantime give theirs back; those that wait stay in the system's queue.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How many refused connections may be on their way to reading the refusal at a time; beyond that they are
/// just closed.
const MAX_REFUSALS: usize = 256;

/// How long a refused connection has to send its request and read the refusal.
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(2);

/// Why a connection is refused.
#[derive(Clone, Copy)]
enum Refusal {
    TooManyConnections,
    /// The clock says what no answer can.
    ImpossibleTime,
}

/// Serves connections until the shutdown begins, then stops accepting and returns. The connections are on
/// `tasks`.
pub async fn run<E>(listeners: Vec<TcpListener>, shared: Arc<Shared<E>>, tasks: TaskTracker)
where
    E: Endpoint<Output = Response> + 'static,
{
    let limiter = Limiter::new(Arc::clone(&shared.settings));
    let refusals = Arc::<AtomicUsize>::default();
    let loops = listeners.iter().map(|listener| {
        let (limiter, refusals) = (Arc::clone(&limiter), Arc::clone(&refusals));
        accept_on(listener, Arc::clone(&shared), limiter, refusals, tasks.clone())
    });
    tokio::select! {
        _ = futures_util::future::join_all(loops) => {}
        () = shared.settings.shutdown.begun() => {}
    }
}

async fn accept_on<E>(
    listener: &TcpListener,
    shared: Arc<Shared<E>>,
    limiter: Arc<Limiter>,
    refusals: Arc<AtomicUsize>,
    tasks: TaskTracker,
) where
    E: Endpoint<Output = Response> + 'static,
{
    let metrics = &shared.settings.metrics;
    let mut is_starved = false;
    loop {
        let (socket, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            // The connection was gone before it was accepted; the listener is well.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => continue,
            Err(error) => {
                if is_out_of_files(&error) {
                    metrics.accept_out_of_files.inc();
                }
                // Once for as long as it lasts.
                if !std::mem::replace(&mut is_starved, true) {
                    tracing::warn!(%error, "cannot accept connections; if there are too many open files, raise \
                        their limit (ulimit -n)");
                }
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        is_starved = false;
        metrics.connections_accepted.inc();
        let admitted = if clock::can_be_said() {
            limiter.admit(peer.ip()).ok_or(Refusal::TooManyConnections)
        } else {
            Err(Refusal::ImpossibleTime)
        };
        match admitted {
            Ok(permit) => {
                tasks.spawn(serve(socket, peer, Arc::clone(&shared), permit, tasks.clone()));
            }
            Err(refusal) => {
                metrics.connections_refused.inc();
                let open = refusals.fetch_add(1, Ordering::Relaxed);
                let refusals = Arc::clone(&refusals);
                tasks.spawn(async move {
                    if open < MAX_REFUSALS {
                        let _ = tokio::time::timeout(REFUSAL_TIMEOUT, refuse(socket, refusal)).await;
                    }
                    refusals.fetch_sub(1, Ordering::Relaxed);
                });
            }
        }
    }
}

async fn serve<E>(
    socket: TcpStream,
    peer: SocketAddr,
    shared: Arc<Shared<E>>,
    permit: Permit,
    tasks: TaskTracker,
) where
    E: Endpoint<Output = Response> + 'static,
{
    if let Err(error) = http1::configure(&socket, &shared.settings.limits) {
        tracing::debug!(%peer, %error, "a connection was gone before it began");
        return;
    }
    match shared.tls.clone() {
        // On the heap: most connections are not encrypted, and a task is as large as its largest part.
        Some(tls) => Box::pin(https::serve(socket, peer, &tls, shared, permit, tasks)).await,
        None => http1::serve(socket, peer, shared, permit).await,
    }
}

fn is_out_of_files(error: &io::Error) -> bool {
    use rustix::io::Errno;
    [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM]
        .iter()
        .any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

/// Says when to come back: each a little later or earlier, so that not all come back at once.
async fn refuse(mut socket: TcpStream, refusal: Refusal) -> io::Result<()> {
    let (code, message) = match refusal {
        Refusal::TooManyConnections => (
            "too_many_connections",
            "the hub has as many connections as it allows (--max-connections); come back later",
        ),
        Refusal::ImpossibleTime => (
            "impossible_time",
            "the clock of the hub's machine is before 1970 or after 9999: set it, and the hub works again",
        ),
    };
    // A request that was not read makes the system reset the connection, and the refusal with it.
    read_some(&socket).await?;
    let answer = error_body::answer(
        "503 Service Unavailable",
        code,
        message,
        &format!("retry-after: {}\r\n", fastrand::u32(2..=10)),
    );
    socket.write_all(answer.as_bytes()).await?;
    linger(socket).await
}
