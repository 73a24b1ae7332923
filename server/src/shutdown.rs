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

/// Why the hub stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// SIGTERM or SIGINT (Ctrl-C): for good.
    Stop,
    /// SIGHUP: to start again on the same sockets, for example as a newer version.
    Restart,
}

/// The signals that tell the hub to stop. From the moment this is made they no longer end the process by
/// themselves.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    /// Takes charge of SIGTERM, SIGINT (Ctrl-C) and SIGHUP.
    pub fn watch() -> std::io::Result<Self> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for the next one.
    pub async fn received(&mut self) -> Request {
        tokio::select! {
            _ = self.terminate.recv() => Request::Stop,
            _ = self.interrupt.recv() => Request::Stop,
            _ = self.hangup.recv() => Request::Restart,
        }
    }
}
