//! Keep-alive connections that each send the next request as soon as the last is answered: a server's rate of
//! answers. The times are those of a closed loop: a slow answer also delays the next request.

use std::{
    borrow::Cow,
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

impl Answers {
    /// None yet.
    pub(crate) fn new() -> Self {
        Answers { count: 0, elapsed: Duration::ZERO, taken: times() }
    }

    /// Answers in a second.
    pub(crate) fn per_second(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a mean of a count")]
        let count = self.count as f64;
        count / self.elapsed.as_secs_f64()
    }

    /// Adds those of another round.
    pub(crate) fn add(&mut self, other: &Answers) {
        self.count += other.count;
        self.elapsed += other.elapsed;
        self.taken.add(&other.taken).expect("all histograms have the same bounds");
    }
}

/// What is asked for.
pub(crate) trait Requests {
    /// The next request to this server, and its number; `None`: there is none any more.
    fn next(&mut self, address: SocketAddr) -> Option<(u32, Cow<'_, [u8]>)>;

    /// The request with this number was answered with success.
    fn answered(&mut self, _number: u32) {}
}

/// The same request again and again.
impl Requests for &[u8] {
    fn next(&mut self, _address: SocketAddr) -> Option<(u32, Cow<'_, [u8]>)> {
        Some((0, Cow::Borrowed(self)))
    }
}

struct Connection {
    address: SocketAddr,
    socket: TcpStream,
    /// Of the request that waits for its answer.
    number: u32,
    sent_at: Instant,
    head: Vec<u8>,
    /// How much of the body is still to come, once the head has come.
    body_left: Option<usize>,
}

/// Sends the same request over `connections` connections for as long as `duration`.
pub(crate) fn run(
    address: SocketAddr,
    request: &[u8],
    connections: usize,
    duration: Duration,
) -> io::Result<Answers> {
    let mut request = request;
    run_all(&[address], &mut request, connections, duration)
}

/// Sends requests over `connections` connections, spread over the servers, for as long as `duration`, or until there
/// are no more and all are answered.
pub(crate) fn run_all(
    addresses: &[SocketAddr],
    requests: &mut impl Requests,
    connections: usize,
    duration: Duration,
) -> io::Result<Answers> {
    let mut poll = Poll::new()?;
    let mut open = Vec::new();
    let mut waiting = 0;
    let started = Instant::now();
    for (index, &address) in addresses.iter().cycle().take(connections).enumerate() {
        let socket = std::net::TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        socket.set_nonblocking(true)?;
        let mut socket = TcpStream::from_std(socket);
        poll.registry().register(&mut socket, Token(index), Interest::READABLE)?;
        let (head, body_left) = (Vec::new(), None);
        let mut connection = Connection { address, socket, number: 0, sent_at: started, head, body_left };
        waiting += usize::from(connection.send_next(requests)?);
        open.push(connection);
    }
    let mut answers = Answers::new();
    let mut events = Events::with_capacity(connections);
    let mut buffer = vec![0; READ_BYTES];
    while waiting > 0 && started.elapsed() < duration {
        poll.poll(&mut events, Some(duration))?;
        for event in &events {
            let connection = &mut open[event.token().0];
            while connection.read(&mut buffer)? {
                answers.count += 1;
                answers.taken.saturating_record(nanoseconds(connection.sent_at.elapsed()));
                requests.answered(connection.number);
                if !connection.send_next(requests)? {
                    waiting -= 1;
                    break;
                }
            }
        }
    }
    answers.elapsed = started.elapsed();
    Ok(answers)
}

impl Connection {
    /// Sends the next request; `false`: there is none.
    fn send_next(&mut self, requests: &mut impl Requests) -> io::Result<bool> {
        let Some((number, request)) = requests.next(self.address) else { return Ok(false) };
        self.number = number;
        self.sent_at = Instant::now();
        self.head.clear();
        self.body_left = None;
        // The socket is empty: so few bytes go in one piece.
        self.socket.write_all(&request)?;
        Ok(true)
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
