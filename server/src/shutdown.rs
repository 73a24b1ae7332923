//! When to stop: the signals of the operating system, and the word passed on to whoever must finish.

use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
};

/// Tells many tasks that the hub is stopping.
#[derive(Clone, Debug)]
pub struct Shutdown {
    stopping: watch::Sender<bool>,
}

impl Default for Shutdown {
    fn default() -> Self {
        Shutdown { stopping: watch::Sender::new(false) }
    }
}

impl Shutdown {
    /// Begins the stop.
    pub fn begin(&self) {
        self.stopping.send_replace(true);
    }

    /// Whether the stop has begun.
    pub fn has_begun(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Waits until the stop begins.
    pub async fn begun(&self) {
        // We hold the sender, so this cannot fail.
        let _ = self.stopping.subscribe().wait_for(|stopping| *stopping).await;
    }
}

/// The signals that tell the hub to stop. From the moment this is made they no longer end the process by
/// themselves.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
    /// The limit of a file's size was reached (`ulimit -f`): without a handler that ends the process; with one the
    /// write fails.
    _file_size: Signal,
}

/// SIGXFSZ, signal(7).
const FILE_SIZE_EXCEEDED: i32 = 25;

impl Signals {
    /// Takes charge of SIGTERM, SIGINT (Ctrl-C) and SIGHUP (the terminal was closed).
    pub fn watch() -> std::io::Result<Self> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
            _file_size: signal(SignalKind::from_raw(FILE_SIZE_EXCEEDED))?,
        })
    }

    /// Waits for the next one that tells to stop.
    pub async fn received(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
            _ = self.hangup.recv() => {}
        }
    }
}
