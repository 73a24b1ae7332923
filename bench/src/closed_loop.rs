//! Keep-alive connections that each send the same request again as soon as it is answered: a server's rate of
//! answers. The times are those of a closed loop: a slow answer also delays the next request.

use std::{
    io::{self, Read as _, Write as _},
    net::SocketAddr,
    time::{Duration, Instant},
};

use memchr::memmem;
use mio::{Events, Interest, Poll, Token, net::TcpStream};

use crate::tally::{Times, nanoseconds, times};

const READ_BYTES: usize = 256 << 10;

/// What came of it.
#[derive(Clone, Debug)]
pub(crate) struct Answers {
    /// How many answers came.
    pub(crate) count: u64,
    /// In how long.
    pub(crate) elapsed: Duration,
    /// From sending a request to having its answer.
    pub(crate) taken: Times,
}

struct Connection {
    socket: TcpStream,
    sent_at: Instant,
    head: Vec<u8>,
    /// How much of the body is still to come, once the head has come.
    body_left: Option<usize>,
}

/// Sends `request` over `connections` connections for as long as `duration`.
pub(crate) fn run(
    address: SocketAddr,
    request: &[u8],
    connections: usize,
    duration: Duration,
) -> io::Result<Answers> {
    let mut poll = Poll::new()?;
    let mut open = Vec::new();
    let started = Instant::now();
    for index in 0..connections {
        let socket = std::net::TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        socket.set_nonblocking(true)?;
        let mut socket = TcpStream::from_std(socket);
        poll.registry().register(&mut socket, Token(index), Interest::READABLE)?;
        let mut connection = Connection { socket, sent_at: started, head: Vec::new(), body_left: None };
        connection.send(request)?;
        open.push(connection);
    }
    let mut answers = Answers { count: 0, elapsed: Duration::ZERO, taken: times() };
    let mut events = Events::with_capacity(connections);
    let mut buffer = vec![0; READ_BYTES];
    while started.elapsed() < duration {
        poll.poll(&mut events, Some(duration))?;
        for event in &events {
            let connection = &mut open[event.token().0];
            while connection.read(&mut buffer)? {
                answers.count += 1;
                answers.taken.saturating_record(nanoseconds(connection.sent_at.elapsed()));
                connection.send(request)?;
            }
        }
    }
    answers.elapsed = started.elapsed();
    Ok(answers)
}

impl Connection {
    fn send(&mut self, request: &[u8]) -> io::Result<()> {
        self.sent_at = Instant::now();
        self.head.clear();
        self.body_left = None;
        // The socket is empty: so few bytes go in one piece.
        self.socket.write_all(request)
    }

    /// Reads what there is; says whether that completes the answer.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<bool> {
        loop {
            if self.body_left == Some(0) {
                return Ok(true);
            }
            let length = match self.socket.read(buffer) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            };
            if let Some(left) = &mut self.body_left {
                *left = left.saturating_sub(length);
                continue;
            }
            self.head.extend_from_slice(&buffer[..length]);
            if let Some(end) = memmem::find(&self.head, b"\r\n\r\n") {
                let body_length = content_length(&self.head[..end])?;
                self.body_left = Some(body_length.saturating_sub(self.head.len() - end - 4));
            }
        }
    }
}

fn content_length(head: &[u8]) -> io::Result<usize> {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let (status, fields) = head.split_once("\r\n").unwrap_or((&head, ""));
    let is_not_modified = status.starts_with("http/1.1 304");
    if !status.starts_with("http/1.1 2") && !is_not_modified {
        return Err(io::Error::other(format!("the server answered {status:?}")));
    }
    let length = fields.lines().find_map(|line| line.strip_prefix("content-length:"));
    match length.and_then(|text| text.trim().parse().ok()) {
        _ if is_not_modified => Ok(0),
        Some(length) => Ok(length),
        None => Err(io::Error::other("an answer without Content-Length")),
    }
}
