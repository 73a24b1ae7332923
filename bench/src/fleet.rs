//! Many event streams, read by a few threads. Each stream takes about a hundred bytes of this process, so that
//! what is measured is the server. Every stream's messages are checked one by one: lost, doubled and out of
//! order are counted exactly.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, BinaryHeap},
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering::Relaxed},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use mio::{Events, Interest, Poll, Token, net::TcpStream};
use socket2::{Domain, SockRef, Socket, Type};

use crate::{
    sse::{EventReader, Observer},
    tally::{Tally, Times, nanoseconds, times},
};

/// From how many loopback addresses the streams come: each has its own 28,000 ports.
const SOURCE_ADDRESSES: usize = 64;

/// How long a thread sleeps at most before it looks whether to stop.
const NAP: Duration = Duration::from_millis(50);

/// How much is read at a time.
const READ_BYTES: usize = 64 << 10;

/// What streams to open, and how.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// The server.
    pub(crate) address: SocketAddr,
    /// What is asked for: a path with its query.
    pub(crate) path: String,
    /// How many streams.
    pub(crate) streams: usize,
    /// Read by how many threads.
    pub(crate) threads: usize,
    /// The most streams that a thread opens at the same time.
    pub(crate) opening_at_once: usize,
    /// Come back, with the last event id and after the delay the server asked for, when a stream ends.
    pub(crate) resumes: bool,
}

/// See the module.
pub(crate) struct Fleet {
    tally: Arc<Tally>,
    stop: Arc<AtomicBool>,
    /// How many messages each stream should have had; known at the end.
    published: Arc<AtomicU32>,
    threads: Vec<JoinHandle<io::Result<Report>>>,
}

/// What a fleet has seen.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    /// From the instant a message was scheduled for to reading it, of each timed message and stream.
    pub(crate) latency: Times,
    /// From connecting to the response's head, of each stream.
    pub(crate) opening: Times,
    /// From the end of a stream to having it open again.
    pub(crate) away: Times,
    /// Messages that came.
    pub(crate) delivered: u64,
    /// Messages that never came to a stream.
    pub(crate) lost: u64,
    /// Messages that came to a stream once too often.
    pub(crate) doubled: u64,
    /// Messages that came to a stream after a later one.
    pub(crate) out_of_order: u64,
}

impl Report {
    /// Nothing seen yet.
    pub(crate) fn new() -> Self {
        Report {
            latency: times(),
            opening: times(),
            away: times(),
            delivered: 0,
            lost: 0,
            doubled: 0,
            out_of_order: 0,
        }
    }

    /// Adds what others have seen.
    pub(crate) fn add(&mut self, other: &Report) {
        for (mine, others) in [
            (&mut self.latency, &other.latency),
            (&mut self.opening, &other.opening),
            (&mut self.away, &other.away),
        ] {
            mine.add(others).expect("all histograms have the same bounds");
        }
        self.delivered += other.delivered;
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.out_of_order += other.out_of_order;
    }

    /// Whether every message came to every stream, once and in order.
    pub(crate) fn is_exact(&self) -> bool {
        self.lost + self.doubled + self.out_of_order == 0
    }
}

impl Fleet {
    /// Begins to open the streams; see [`Tally::open`] for how far that has come.
    pub(crate) fn open(plan: &Plan, tally: &Arc<Tally>) -> io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let published = Arc::new(AtomicU32::new(0));
        let threads = (0..plan.threads)
            .map(|thread| {
                let indices = (thread..plan.streams).step_by(plan.threads);
                let readers = Readers {
                    poll: Poll::new()?,
                    streams: indices.map(Stream::new).collect(),
                    returns: BinaryHeap::new(),
                    plan: plan.clone(),
                    tally: Arc::clone(tally),
                    stop: Arc::clone(&stop),
                    published: Arc::clone(&published),
                    opening: 0,
                    report: Report::new(),
                };
                std::thread::Builder::new().name("readers".into()).spawn(move || readers.run())
            })
            .collect::<io::Result<_>>()?;
        Ok(Fleet { tally: Arc::clone(tally), stop, published, threads })
    }

    /// Opens the streams and waits until all are open.
    pub(crate) fn open_all(plan: &Plan, tally: &Arc<Tally>, limit: Duration) -> io::Result<Self> {
        let fleet = Fleet::open(plan, tally)?;
        tally
            .wait_until(limit, |tally| tally.open.load(Relaxed) + tally.failed.load(Relaxed) >= plan.streams);
        if tally.open.load(Relaxed) == plan.streams {
            return Ok(fleet);
        }
        let (open, failed) = (tally.open.load(Relaxed), tally.failed.load(Relaxed));
        let message = format!("only {open} of {} streams opened in {limit:?}; {failed} failed", plan.streams);
        Err(io::Error::other(message))
    }

    /// Waits until message `number` is with every stream; says whether it is.
    pub(crate) fn wait_for(&self, number: u32, streams: usize, limit: Duration) -> bool {
        self.tally.wait_until(limit, |tally| tally.count(number) >= streams)
    }

    /// Ends the streams. Each should have had the messages 1 to `published`.
    pub(crate) fn close(mut self, published: u32) -> io::Result<Report> {
        self.published.store(published, Relaxed);
        self.stop.store(true, Relaxed);
        let mut report = Report::new();
        for thread in self.threads.drain(..) {
            report.add(&thread.join().map_err(|_| io::Error::other("a reading thread panicked"))??);
        }
        Ok(report)
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// One event stream.
struct Stream {
    index: usize,
    socket: Option<TcpStream>,
    reader: EventReader,
    request_is_sent: bool,
    /// The last connecting began, or the last stream ended, here.
    since: Instant,
    /// The messages it has had; the next one should be one more.
    seen: Sequence,
    /// Kept only by streams that resume.
    last_event_id: Option<Box<[u8]>>,
    retry_ms: u32,
    was_open: bool,
}

/// Which messages a stream has had.
#[derive(Debug, Default)]
struct Sequence {
    newest: u32,
    /// Those before `newest` that have not come.
    missing: BTreeSet<u32>,
}

/// How a message stands to those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Next,
    Late,
    Again,
}

impl Sequence {
    fn take(&mut self, number: u32) -> Place {
        if number > self.newest {
            if number > self.newest + 1 {
                self.missing.extend(self.newest + 1..number);
            }
            self.newest = number;
            Place::Next
        } else if self.missing.remove(&number) {
            Place::Late
        } else {
            Place::Again
        }
    }

    fn lost(&self, published: u32) -> u64 {
        u64::from(published.saturating_sub(self.newest)) + self.missing.len() as u64
    }
}

impl Stream {
    fn new(index: usize) -> Self {
        Stream {
            index,
            socket: None,
            reader: EventReader::new(),
            request_is_sent: false,
            since: Instant::now(),
            seen: Sequence::default(),
            last_event_id: None,
            retry_ms: 0,
            was_open: false,
        }
    }

    fn request(&self, plan: &Plan) -> Vec<u8> {
        let mut request =
            format!("GET {} HTTP/1.1\r\nHost: {}\r\nAccept: text/event-stream\r\n", plan.path, plan.address)
                .into_bytes();
        if let Some(id) = &self.last_event_id {
            request.extend_from_slice(&[b"Last-Event-ID: ", id.as_ref(), b"\r\n"].concat());
        }
        request.extend_from_slice(b"\r\n");
        request
    }
}

/// One thread's share of the streams.
struct Readers {
    poll: Poll,
    streams: Vec<Stream>,
    /// Streams that come back later.
    returns: BinaryHeap<Reverse<(Instant, usize)>>,
    plan: Plan,
    tally: Arc<Tally>,
    stop: Arc<AtomicBool>,
    published: Arc<AtomicU32>,
    /// How many streams wait for their response's head.
    opening: usize,
    report: Report,
}

impl Readers {
    fn run(mut self) -> io::Result<Report> {
        let mut events = Events::with_capacity(1024);
        let mut buffer = vec![0; READ_BYTES];
        let mut unopened = 0;
        while !self.stop.load(Relaxed) {
            while unopened < self.streams.len() && self.opening < self.plan.opening_at_once {
                self.connect(unopened)?;
                unopened += 1;
            }
            while let Some(Reverse((due, index))) = self.returns.peek().copied()
                && due <= Instant::now()
            {
                self.returns.pop();
                self.connect(index)?;
            }
            match self.poll.poll(&mut events, Some(self.nap())) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                polled => polled?,
            }
            for event in &events {
                let index = event.token().0;
                if !self.serve(index, event.is_read_closed(), &mut buffer) {
                    self.ended(index);
                }
            }
        }
        let published = self.published.load(Relaxed);
        self.report.lost = self.streams.iter().map(|stream| stream.seen.lost(published)).sum();
        for socket in self.streams.iter().filter_map(|stream| stream.socket.as_ref()) {
            // A reset: ten thousand connections in TIME_WAIT would slow the next run down.
            SockRef::from(socket).set_linger(Some(Duration::ZERO))?;
        }
        Ok(self.report)
    }

    fn nap(&self) -> Duration {
        let next = self.returns.peek().map(|Reverse((due, _))| due.saturating_duration_since(Instant::now()));
        next.map_or(NAP, |next| next.min(NAP))
    }

    fn connect(&mut self, index: usize) -> io::Result<()> {
        self.opening += 1;
        let stream = &mut self.streams[index];
        if !stream.was_open {
            stream.since = Instant::now();
        }
        stream.reader = EventReader::new();
        stream.request_is_sent = false;
        let mut socket = connect(self.plan.address, source_address(stream.index))?;
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut socket, Token(index), interest)?;
        stream.socket = Some(socket);
        Ok(())
    }

    /// Does what can be done for a stream; says whether it goes on.
    fn serve(&mut self, index: usize, must_read_on: bool, buffer: &mut [u8]) -> bool {
        let stream = &mut self.streams[index];
        let Some(socket) = &mut stream.socket else { return true };
        if !stream.request_is_sent {
            if matches!(socket.take_error(), Ok(Some(_)) | Err(_)) {
                return false;
            }
            if socket.peer_addr().is_err() {
                return true;
            }
            let request = stream.request(&self.plan);
            let Some(socket) = &mut stream.socket else { return true };
            // An empty socket takes so few bytes in one piece.
            if socket.write(&request).is_err() {
                return false;
            }
            stream.request_is_sent = true;
        }
        loop {
            let Some(socket) = &mut self.streams[index].socket else { return true };
            match socket.read(buffer) {
                Ok(0) => return false,
                Ok(length) => {
                    if !self.take(index, &buffer[..length]) {
                        return false;
                    }
                    // Less than asked for: there is no more, and what comes later is told of anew.
                    if length < buffer.len() && !must_read_on {
                        return true;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return true,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return false,
            }
        }
    }

    /// Takes what a stream has sent; says whether it is still a stream.
    fn take(&mut self, index: usize, bytes: &[u8]) -> bool {
        let now = Instant::now();
        let Stream { reader, seen, last_event_id, retry_ms, .. } = &mut self.streams[index];
        let was_open = reader.is_open();
        let mut observer = StreamObserver {
            now,
            tally: &self.tally,
            report: &mut self.report,
            seen,
            last_event_id: self.plan.resumes.then_some(last_event_id),
            retry_ms,
        };
        let is_well = reader.read(bytes, &mut observer).is_ok();
        if !was_open && reader.is_open() {
            self.opened(index, now);
        }
        is_well
    }

    fn opened(&mut self, index: usize, now: Instant) {
        let stream = &mut self.streams[index];
        let taken = nanoseconds(now - stream.since);
        let histogram = if stream.was_open { &mut self.report.away } else { &mut self.report.opening };
        histogram.saturating_record(taken);
        stream.was_open = true;
        self.opening -= 1;
        self.tally.open.fetch_add(1, Relaxed);
    }

    fn ended(&mut self, index: usize) {
        let stream = &mut self.streams[index];
        stream.socket = None;
        if stream.reader.is_open() {
            self.tally.open.fetch_sub(1, Relaxed);
            self.tally.ended.fetch_add(1, Relaxed);
            stream.since = Instant::now();
        } else {
            self.opening -= 1;
            self.tally.failed.fetch_add(1, Relaxed);
        }
        if self.plan.resumes {
            let delay = Duration::from_millis(u64::from(stream.retry_ms.max(100)));
            self.returns.push(Reverse((Instant::now() + delay, index)));
        }
    }
}

struct StreamObserver<'a> {
    now: Instant,
    tally: &'a Tally,
    report: &'a mut Report,
    seen: &'a mut Sequence,
    last_event_id: Option<&'a mut Option<Box<[u8]>>>,
    retry_ms: &'a mut u32,
}

impl Observer for StreamObserver<'_> {
    fn message(&mut self, number: u32) {
        match self.seen.take(number) {
            Place::Next => {}
            Place::Late => self.report.out_of_order += 1,
            Place::Again => {
                self.report.doubled += 1;
                return;
            }
        }
        self.report.delivered += 1;
        if let Some(latency_ns) = self.tally.arrived(number, self.now) {
            self.report.latency.saturating_record(latency_ns);
        }
    }

    fn heartbeat(&mut self) {
        self.tally.heartbeat();
    }

    fn last_event_id(&mut self, id: &[u8]) {
        if let Some(last_event_id) = &mut self.last_event_id {
            **last_event_id = Some(id.into());
        }
    }

    fn retry_ms(&mut self, delay_ms: u32) {
        *self.retry_ms = delay_ms;
    }
}

fn source_address(index: usize) -> Ipv4Addr {
    let last = u8::try_from(index % SOURCE_ADDRESSES).expect("there are fewer than 256 source addresses");
    Ipv4Addr::new(127, 0, 1, 1 + last)
}

fn connect(address: SocketAddr, from: Ipv4Addr) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.bind(&SocketAddr::from((from, 0)).into())?;
    match socket.connect(&address.into()) {
        Err(error) if error.raw_os_error() != Some(rustix::io::Errno::INPROGRESS.raw_os_error()) => {
            Err(error)
        }
        _ => Ok(TcpStream::from_std(socket.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lost_doubled_and_late_messages_are_told_apart() {
        let mut seen = Sequence::default();
        assert_eq!([1, 2, 4].map(|number| seen.take(number)), [Place::Next; 3]);
        assert_eq!(seen.lost(5), 2);
        assert_eq!(seen.take(3), Place::Late);
        assert_eq!(seen.take(3), Place::Again);
        assert_eq!(seen.take(4), Place::Again);
        assert_eq!(seen.lost(5), 1);
        assert_eq!(seen.take(5), Place::Next);
        assert_eq!(seen.lost(5), 0);
    }
}
