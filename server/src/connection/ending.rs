//! How a connection under hyper tells an event stream on it why it ends. hyper drops the stream without a word, whether
//! its reader went or stalled.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::metrics::Close;

/// See the module. Cloning shares it.
#[derive(Clone, Debug, Default)]
pub(super) struct Ending(Arc<AtomicBool>);

impl Ending {
    /// The reader has accepted nothing for too long.
    pub(super) fn note_stall(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// The connection failed.
    pub(super) fn note(&self, error: &io::Error) {
        if reason_of(error) == Close::Stalled {
            self.note_stall();
        }
    }

    pub(super) fn is_stalled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Why a stream is closed whose socket failed so. That a reader accepts nothing is noticed by us when the socket is
/// full, and by the system (TCP_USER_TIMEOUT) when it is not.
pub(super) fn reason_of(error: &io::Error) -> Close {
    match error.kind() {
        io::ErrorKind::TimedOut => Close::Stalled,
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::NotConnected => Close::Client,
        _ => Close::Error,
    }
}
