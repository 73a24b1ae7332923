//! Being asked to stop: by Ctrl-C, a service manager, or a terminal that is closed.

use std::{future, io};

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::signals::is_ignored;

/// The signals that ask; without those that are to be ignored, as under nohup.
pub(super) struct Stop {
    interrupt: Option<Signal>,
    terminate: Option<Signal>,
    hang_up: Option<Signal>,
}

impl Stop {
    /// From now on.
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Stop {
            interrupt: catch(SignalKind::interrupt())?,
            terminate: catch(SignalKind::terminate())?,
            hang_up: catch(SignalKind::hangup())?,
        })
    }

    /// Waits until somebody asks, once more than before.
    pub(super) async fn asked(&mut self) {
        tokio::select! {
            () = comes(&mut self.interrupt) => {}
            () = comes(&mut self.terminate) => {}
            () = comes(&mut self.hang_up) => {}
        }
    }
}

fn catch(kind: SignalKind) -> io::Result<Option<Signal>> {
    if is_ignored(kind.as_raw_value()) { Ok(None) } else { signal(kind).map(Some) }
}

async fn comes(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => future::pending().await,
    }
}
