//! Nobody reads any more, as behind `tail | head -1`: noticed at once, not when the next line is written.

use std::{future, io, thread};

use rustix::{
    event::{PollFd, PollFlags, poll},
    io::Errno,
};
use tokio::sync::oneshot;

/// Standard output, watched for its reader's end.
pub(super) struct ClosedOutput(Option<oneshot::Receiver<()>>);

impl ClosedOutput {
    /// From now on.
    pub(super) fn watch() -> Self {
        let (sender, closed) = oneshot::channel();
        // Nobody waits for its end: the program's ends it.
        let watch = thread::Builder::new().spawn(move || {
            if reader_is_gone() {
                let _ = sender.send(());
            }
        });
        ClosedOutput(watch.is_ok().then_some(closed))
    }

    /// Of an output that is somebody else's.
    pub(super) fn ignored() -> Self {
        ClosedOutput(None)
    }

    /// Waits until nobody reads it any more.
    pub(super) async fn closed(&mut self) {
        if let Some(closed) = &mut self.0
            && closed.await.is_ok()
        {
            return;
        }
        self.0 = None;
        future::pending::<()>().await;
    }
}

/// Waits for it. A file has no reader that could be gone.
fn reader_is_gone() -> bool {
    let output = io::stdout();
    loop {
        // Of what ends the waiting nothing has to be asked for.
        let mut watched = [PollFd::new(&output, PollFlags::empty())];
        match poll(&mut watched, None) {
            Ok(_) => return watched[0].revents().intersects(PollFlags::ERR | PollFlags::HUP),
            Err(Errno::INTR) => {}
            Err(_) => return false,
        }
    }
}
