//! The socket as hyper sees it. It follows the turns of the conversation, for two things that hyper does not
//! tell: when a response head has been written, so that the socket can leave; and when hyper itself answers a
//! request it cannot read, so that this answer has the one error body too.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard},
    task::{Context, Poll, ready},
};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::ending::Ending;
use crate::{error_body, feed::Subscription};

/// Whose turn it is.
pub(super) enum Turn {
    /// The peer's, for its first request.
    First,
    /// The peer's: nothing was asked, or everything was answered.
    Peer,
    /// The service has a request.
    Service,
    /// The service has answered, and hyper is taking the answer's body piece by piece.
    Writing,
    /// hyper has the whole answer, and is writing the rest of it.
    Written,
    /// The answer is an event stream under hyper: it is written for as long as the connection lives.
    Streaming,
    /// The answer is an event stream that leaves with the socket; hyper is writing its head.
    Leaving(Subscription),
    /// That head is written.
    Left(Subscription),
}

/// What the service, the socket and the connection know of each other.
#[derive(Clone)]
pub(super) struct Conversation {
    turn: Arc<Mutex<Turn>>,
    /// Why an event stream under hyper ends.
    pub(super) ending: Ending,
}

impl Conversation {
    pub(super) fn new() -> Self {
        Conversation { turn: Arc::new(Mutex::new(Turn::First)), ending: Ending::default() }
    }

    /// Whether there was a request.
    pub(super) fn has_begun(&self) -> bool {
        !matches!(*self.turn(), Turn::First)
    }

    /// The service has a request.
    pub(super) fn asked(&self) {
        *self.turn() = Turn::Service;
    }

    /// The service has answered it: `Writing`, `Streaming` or `Leaving`.
    pub(super) fn answered(&self, turn: Turn) {
        *self.turn() = turn;
    }

    /// hyper has taken the whole body of the answer.
    fn body_ended(&self) {
        let mut turn = self.turn();
        if matches!(*turn, Turn::Writing) {
            *turn = Turn::Written;
        }
    }

    /// The subscription to go on with, once hyper has written its response head.
    pub(super) fn departure(&self) -> Option<Subscription> {
        let mut turn = self.turn();
        match std::mem::replace(&mut *turn, Turn::Peer) {
            Turn::Left(subscription) => Some(subscription),
            other => {
                *turn = other;
                None
            }
        }
    }

    /// hyper flushes the socket only when its own buffer is empty, and between taking an answer and encoding
    /// its head it does not flush.
    fn flushed(&self) {
        let mut turn = self.turn();
        *turn = match std::mem::replace(&mut *turn, Turn::Peer) {
            Turn::Written => Turn::Peer,
            Turn::Leaving(subscription) => Turn::Left(subscription),
            other => other,
        };
    }

    fn is_peers_turn(&self) -> bool {
        matches!(*self.turn(), Turn::First | Turn::Peer)
    }

    fn turn(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock().expect("no code panics while it holds the turn")
    }
}

/// Goes with the body of an answer: hyper drops it as soon as it has taken all of it. A flush before that is one between
/// two pieces.
pub(super) struct BodyEnd(pub(super) Conversation);

impl Drop for BodyEnd {
    fn drop(&mut self) {
        self.0.body_ended();
    }
}

/// See the module.
pub(super) struct Socket<T> {
    io: TokioIo<T>,
    conversation: Conversation,
}

impl<T: Unpin> Socket<T> {
    pub(super) fn new(io: T, conversation: Conversation) -> Self {
        Socket { io: TokioIo::new(io), conversation }
    }

    pub(super) fn into_inner(self) -> T {
        self.io.into_inner()
    }

    fn io(self: Pin<&mut Self>) -> Pin<&mut TokioIo<T>> {
        Pin::new(&mut self.get_mut().io)
    }

    fn noting<R>(&self, result: Poll<io::Result<R>>) -> Poll<io::Result<R>> {
        if let Poll::Ready(Err(error)) = &result {
            self.conversation.ending.note(error);
        }
        result
    }
}

impl<T: AsyncRead + Unpin> Read for Socket<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let read = self.as_mut().io().poll_read(cx, buf);
        self.noting(read)
    }
}

impl<T: AsyncWrite + Unpin> Write for Socket<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if self.conversation.is_peers_turn()
            && let Some(answer) = with_error_body(buf)
        {
            // A few hundred bytes on an idle connection: the socket takes them at once.
            ready!(self.io().poll_write(cx, &answer))?;
            return Poll::Ready(Ok(buf.len()));
        }
        let written = self.as_mut().io().poll_write(cx, buf);
        self.noting(written)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let conversation = self.conversation.clone();
        let flushed = self.io().poll_flush(cx);
        if flushed.is_ready() {
            conversation.flushed();
        }
        flushed
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io().poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.conversation.is_peers_turn() {
            let bytes = bufs.iter().map(|buf| &**buf).collect::<Vec<_>>().concat();
            return self.poll_write(cx, &bytes);
        }
        let written = self.as_mut().io().poll_write_vectored(cx, bufs);
        self.noting(written)
    }
}

/// The answer hyper gives by itself to what it cannot read, with the error body it lacks.
fn with_error_body(answer: &[u8]) -> Option<Vec<u8>> {
    let (code, message) = match answer.strip_prefix(b"HTTP/1.1 ")?.get(..3)? {
        b"400" => ("not_http", "this is no HTTP request that can be read"),
        b"414" => ("address_too_long", "the address (path and query) is too long"),
        b"431" => ("head_too_large", "the request's headers are too many or too large"),
        _ => return None,
    };
    let line = answer.split(|byte| *byte == b'\r').next()?.strip_prefix(b"HTTP/1.1 ")?;
    Some(error_body::answer(std::str::from_utf8(line).ok()?, code, message, "").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_peers_turn_when_the_whole_answer_is_written() {
        let conversation = Conversation::new();
        let is_peers_turn = || conversation.is_peers_turn();
        assert!(is_peers_turn());
        conversation.asked();
        let body = BodyEnd(conversation.clone());
        conversation.answered(Turn::Writing);
        conversation.flushed();
        assert!(!is_peers_turn(), "a piece was flushed, and there are more");
        drop(body);
        assert!(!is_peers_turn(), "the last piece is not written yet");
        conversation.flushed();
        assert!(is_peers_turn());
    }

    #[test]
    fn hypers_own_answers_get_the_error_body_and_others_are_left_alone() {
        let answer =
            with_error_body(b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\n\r\n");
        let answer = String::from_utf8(answer.expect("it is one of hyper's own")).expect("UTF-8");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        assert!(head.starts_with("HTTP/1.1 431 Request Header Fields Too Large\r\n"), "{head}");
        assert!(head.contains(&format!("content-length: {}", body.len())), "{head}");
        assert!(body.starts_with("{\"code\":\"head_too_large\""), "{body}");
        assert!(with_error_body(b"HTTP/1.1 200 OK\r\n\r\n").is_none());
    }
}
