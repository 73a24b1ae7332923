//! An event stream that has left hyper: a small task writes shared, already chunk-framed bytes straight to the
//! socket. While it waits it holds a cursor and nothing else, so that an idle stream costs about a kilobyte;
//! a slow reader holds up nobody but itself.

use std::{
    collections::VecDeque,
    io::{self, IoSlice},
    sync::Arc,
    time::Instant,
};

use bytes::{Buf as _, Bytes};
use tokio::net::TcpStream;

use super::Settings;
use crate::{
    feed::{Step, Subscription},
    frame::LAST_CHUNK,
};

/// The most frames taken from the feed, and written to the socket, at a time.
pub(super) const BATCH: usize = 64;

/// A subscriber has nothing to say after its request; one that sends more than this is cut off.
const MAX_DISCARDED_BYTES: u32 = 64 << 10;

/// See the module. Its size counts: there is one for each open stream.
pub(super) struct Stream {
    socket: TcpStream,
    subscription: Subscription,
    /// Taken from the feed and not yet accepted by the socket; empty, and without memory of its own, unless
    /// the reader is slower than the feed.
    unsent: VecDeque<Bytes>,
    settings: Arc<Settings>,
    ends_at: Option<Instant>,
    discarded_bytes: u32,
}

/// What sending came to.
enum Sent {
    /// The socket takes no more.
    Blocked,
    /// The feed wants something else than sending.
    Step(Step),
}

impl Stream {
    pub(super) fn new(socket: TcpStream, subscription: Subscription, settings: Arc<Settings>) -> Self {
        Stream { socket, subscription, unsent: VecDeque::new(), settings, ends_at: None, discarded_bytes: 0 }
    }

    /// Sends until the reader is gone, stalls, or the hub stops.
    pub(super) async fn run(mut self) {
        if let Err(error) = self.send_all().await {
            if error.kind() == io::ErrorKind::TimedOut {
                self.settings.metrics.streams_stalled.inc();
            }
            tracing::debug!(%error, "an event stream ended");
        }
    }

    async fn send_all(&mut self) -> io::Result<()> {
        loop {
            match self.send()? {
                Sent::Blocked => {
                    tokio::time::timeout(self.settings.limits.stall_timeout, self.socket.writable())
                        .await
                        .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "the reader accepts nothing"))??;
                }
                Sent::Step(Step::Send) => {}
                Sent::Step(Step::Wait) => {
                    tokio::select! {
                        () = self.subscription.changed() => {}
                        readable = self.socket.readable() => { readable?; self.discard_input()?; }
                    }
                }
                Sent::Step(Step::CatchUp) => self.subscription.catch_up().await.map_err(io::Error::other)?,
                Sent::Step(Step::End) => {
                    let ends_at = *self.ends_at.get_or_insert_with(|| self.settings.limits.choose_end());
                    // Boxed: this happens once in a stream's life and would make each of them larger.
                    let mut end = Box::pin(tokio::time::sleep_until(ends_at.into()));
                    tokio::select! {
                        () = &mut end => return self.end(),
                        () = self.subscription.changed() => {}
                        readable = self.socket.readable() => { readable?; self.discard_input()?; }
                    }
                }
            }
        }
    }

    /// Writes until the socket takes no more or the feed has no more. Not async: what it needs on the way
    /// lives on the stack and not in every stream's task.
    fn send(&mut self) -> io::Result<Sent> {
        loop {
            while !self.unsent.is_empty() {
                match self.write_unsent() {
                    Ok(()) => {}
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Sent::Blocked),
                    Err(error) => return Err(error),
                }
            }
            let mut frames = Vec::new();
            match self.subscription.next(&mut frames, BATCH) {
                Step::Send => {
                    self.settings.metrics.frames_sent.inc_by(frames.len() as u64);
                    self.unsent = frames.iter().map(|frame| frame.chunk().clone()).collect();
                }
                step => {
                    self.unsent = VecDeque::new();
                    return Ok(Sent::Step(step));
                }
            }
        }
    }

    fn write_unsent(&mut self) -> io::Result<()> {
        let mut slices = [IoSlice::new(&[]); BATCH];
        let filled = self
            .unsent
            .iter()
            .take(BATCH)
            .zip(&mut slices)
            .map(|(bytes, slice)| *slice = IoSlice::new(bytes));
        let count = filled.count();
        let mut written = self.socket.try_write_vectored(&slices[..count])?;
        while let Some(first) = self.unsent.front_mut() {
            if written < first.len() {
                first.advance(written);
                break;
            }
            written -= first.len();
            self.unsent.pop_front();
        }
        Ok(())
    }

    /// Notices that the peer has gone; anything it says is thrown away.
    fn discard_input(&mut self) -> io::Result<()> {
        let mut discarded = [0; 1024];
        match self.socket.try_read(&mut discarded) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => {
                self.discarded_bytes += u32::try_from(count).unwrap_or(u32::MAX);
                if self.discarded_bytes > MAX_DISCARDED_BYTES {
                    return Err(io::Error::other("the reader sends what nobody asked for"));
                }
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The orderly end: the client sees a complete response and comes back.
    fn end(&self) -> io::Result<()> {
        self.socket.try_write(LAST_CHUNK).map(drop)
    }
}
