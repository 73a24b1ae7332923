//! An event stream that has left hyper, while it has something of its own to send: its opening, what it missed,
//! or what its socket did not take at once. It writes shared, already chunk-framed bytes straight to the socket; a
//! slow reader holds up nobody but itself. Once it is up to date it goes to `fan_out`.

use std::{
    collections::VecDeque,
    future::{Future as _, poll_fn},
    io::{self, IoSlice},
    pin::pin,
    sync::Arc,
    task::{Context, Poll},
    time::Instant,
};

use bytes::{Buf as _, Bytes};
use socket2::SockRef;
use tokio::{
    net::TcpStream,
    time::{timeout, timeout_at},
};

use super::{ending::reason_of, limiter::Permit, settings::Settings};
use crate::{
    feed::{Cursor, Pieces, Step, Subscription},
    metrics::Close,
    sse::frame::{Framing, LAST_CHUNK},
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
    /// Its place among the connections, given back when it ends.
    _permit: Permit,
}

/// What sending came to.
enum Sent {
    /// The socket takes no more.
    Blocked,
    /// The feed wants something else than sending.
    Step(Step),
}

/// What running a stream by itself came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It has sent everything there was.
    UpToDate,
    /// It is over.
    Ended,
}

impl Stream {
    pub(super) fn new(
        socket: TcpStream,
        subscription: Subscription,
        settings: Arc<Settings>,
        permit: Permit,
    ) -> Self {
        Stream {
            socket,
            subscription,
            unsent: VecDeque::new(),
            settings,
            ends_at: None,
            discarded_bytes: 0,
            _permit: permit,
        }
    }

    /// Sends until everything is sent or the reader is gone, stalls, or the hub stops.
    pub(super) async fn run(&mut self) -> Outcome {
        match self.send_all().await {
            Ok(outcome) => outcome,
            Err(error) => {
                self.note_end(&error);
                Outcome::Ended
            }
        }
    }

    /// Notes why it ended.
    pub(super) fn note_end(&mut self, error: &io::Error) {
        let reason = reason_of(error);
        self.subscription.note_close(reason);
        if reason == Close::Error {
            tracing::debug!(stream = self.subscription.number(), %error, "an event stream failed");
        }
    }

    async fn send_all(&mut self) -> io::Result<Outcome> {
        loop {
            match self.send()? {
                Sent::Blocked => {
                    timeout(self.settings.limits.stall_timeout, self.socket.writable()).await.map_err(
                        |_| io::Error::new(io::ErrorKind::TimedOut, "the reader accepts nothing"),
                    )??;
                }
                Sent::Step(Step::Send) => {}
                Sent::Step(Step::Wait) => return Ok(Outcome::UpToDate),
                Sent::Step(Step::CatchUp) => self.subscription.catch_up().await.map_err(io::Error::other)?,
                Sent::Step(Step::End) => {
                    let ends_at = *self.ends_at.get_or_insert_with(|| self.settings.limits.choose_end());
                    match timeout_at(ends_at.into(), self.changed()).await {
                        Ok(changed) => changed?,
                        Err(_) => return self.end().map(|()| Outcome::Ended),
                    }
                }
            }
        }
    }

    /// Waits until there may be more to send, or the reader has gone.
    pub(super) async fn changed(&mut self) -> io::Result<()> {
        let is_readable = {
            let mut changed = pin!(self.subscription.changed());
            poll_fn(|cx| match changed.as_mut().poll(cx) {
                Poll::Ready(()) => Poll::Ready(Ok(false)),
                Poll::Pending => self.socket.poll_read_ready(cx).map_ok(|()| true),
            })
            .await?
        };
        if is_readable { self.discard_input() } else { Ok(()) }
    }

    /// Writes until the socket takes no more or the feed has no more.
    fn send(&mut self) -> io::Result<Sent> {
        loop {
            while !self.unsent.is_empty() {
                match self.write_unsent() {
                    Ok(()) => {}
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Sent::Blocked),
                    Err(error) => return Err(error),
                }
            }
            let mut pieces = Pieces::default();
            match self.subscription.next(&mut pieces, Framing::Chunked, BATCH) {
                Step::Send => {
                    self.settings.metrics.deliveries.inc_by(pieces.notifications);
                    self.unsent = pieces.bytes.into();
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
        let filled =
            self.unsent.iter().zip(&mut slices).map(|(bytes, slice)| *slice = IoSlice::new(bytes)).count();
        let mut written = self.socket.try_write_vectored(&slices[..filled])?;
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
    fn end(&mut self) -> io::Result<()> {
        self.subscription.note_close(Close::Shutdown);
        self.socket.try_write(LAST_CHUNK).map(drop)
    }

    /// Its place in the live feed.
    pub(super) fn cursor(&mut self) -> &mut Cursor {
        self.subscription.cursor()
    }

    /// Takes what the peer says for as long as it says something, then has `cx` woken when there is more. An
    /// error: the peer has gone.
    pub(super) fn watch_input(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        while let Poll::Ready(readable) = self.socket.poll_read_ready(cx) {
            readable?;
            self.discard_input()?;
        }
        Ok(())
    }

    /// Sends bytes to a reader that is up to date, and notes what the socket does not take. `true`: it took all.
    pub(super) fn send_now(&mut self, bytes: &Bytes) -> io::Result<bool> {
        let sent = match SockRef::from(&self.socket).send(bytes) {
            Ok(sent) => sent,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
            Err(error) => return Err(error),
        };
        if sent < bytes.len() {
            self.unsent.push_back(bytes.slice(sent..));
        }
        Ok(self.unsent.is_empty())
    }
}
