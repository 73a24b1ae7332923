//! When to stop: the signals of the operating system, and the word passed on to whoever must finish.

use tokio::sync::watch;

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

/// Waits for SIGTERM, SIGINT (Ctrl-C) or SIGHUP and says which it was.
pub async fn requested() -> std::io::Result<&'static str> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
        _ = hangup.recv() => "SIGHUP",
    })
}
