//! More than the hub can send: how long a newcomer waits for its first live event then, and what streams and lists
//! that nobody reads cost.

use std::{
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use memchr::memmem;
use mio::{Events, Interest, Poll, Token};
use socket2::{Domain, Socket, Type};

use crate::{
    closed_loop,
    process::Process,
    servers::{Installed, Setup},
    tally::{Times, nanoseconds, times},
};

/// How many streams are open, and over how many connections is posted without a pause.
pub(crate) const LOADS: [(usize, usize); 2] = [(2_000, 64), (8_000, 32)];

/// For how long newcomers come.
const WINDOW: Duration = Duration::from_secs(8);

/// Before that, the streams fall behind.
const WARM_UP: Duration = Duration::from_secs(3);

/// The longest a newcomer waits.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many connections read nothing, and how much they ask for.
pub(crate) const UNREAD: usize = 2_000;
const UNREAD_PATHS: [&str; 2] = ["/events?limit=999", "/api/notifications?limit=999"];

/// What newcomers met.
#[derive(Clone, Debug)]
pub(crate) struct Newcomers {
    pub(crate) streams: usize,
    pub(crate) publishers: usize,
    /// From connecting to the first notification that is sent live.
    pub(crate) first_event: Times,
    /// The most threads the hub had.
    pub(crate) threads: usize,
}

/// What unread answers cost.
#[derive(Clone, Debug)]
pub(crate) struct Unread {
    pub(crate) path: &'static str,
    /// By how many bytes the hub's memory grew.
    pub(crate) grown: u64,
    /// The slowest answer to somebody else meanwhile.
    pub(crate) slowest: Duration,
}

/// Measures the hub.
pub(crate) fn run(hub: &Installed) -> io::Result<(Vec<Newcomers>, Vec<Unread>)> {
    let mut newcomers = Vec::new();
    for (streams, publishers) in LOADS {
        let result = newcomers_under(hub, streams, publishers)?;
        println!(
            "  {streams} streams, {publishers} publishers: first live event p50 {:.0} ms, p99 {:.0} ms; {} threads",
            super::ms(result.first_event.value_at_quantile(0.5)),
            super::ms(result.first_event.value_at_quantile(0.99)),
            result.threads
        );
        newcomers.push(result);
    }
    let mut unread = Vec::new();
    for path in UNREAD_PATHS {
        let result = unread_answers(hub, path)?;
        println!("  {UNREAD} unread {path}: {} KiB more", result.grown >> 10);
        unread.push(result);
    }
    Ok((newcomers, unread))
}

fn newcomers_under(hub: &Installed, streams: usize, publishers: usize) -> io::Result<Newcomers> {
    let server = hub.start(&Setup::default())?;
    let is_over = Arc::<AtomicBool>::default();
    let mut open = Vec::new();
    for _ in 0..streams {
        open.push(subscribe(server.address, "/events?limit=0")?);
    }
    let reading = thread::spawn({
        let is_over = Arc::clone(&is_over);
        move || discard(open, &is_over)
    });
    let request = server.kind.posting().request(server.address, 1);
    let publishing = thread::spawn({
        let address = server.address;
        move || closed_loop::run(address, &request, publishers, WARM_UP + WINDOW)
    });
    thread::sleep(WARM_UP);
    let mut first_event = times();
    let mut threads = 0;
    let began = Instant::now();
    while began.elapsed() < WINDOW {
        let came = Instant::now();
        wait_for_live_event(subscribe(server.address, "/events?limit=1")?)?;
        first_event.saturating_record(nanoseconds(came.elapsed()));
        threads = threads.max(server.process.threads());
        thread::sleep(Duration::from_millis(20));
    }
    publishing.join().map_err(|_| io::Error::other("the publishers failed"))??;
    is_over.store(true, Relaxed);
    reading.join().map_err(|_| io::Error::other("the readers failed"))??;
    Ok(Newcomers { streams, publishers, first_event, threads })
}

fn subscribe(address: SocketAddr, path: &str) -> io::Result<TcpStream> {
    let mut socket = TcpStream::connect(address)?;
    write!(socket, "GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n")?;
    Ok(socket)
}

fn wait_for_live_event(mut socket: TcpStream) -> io::Result<()> {
    socket.set_read_timeout(Some(PATIENCE))?;
    let mut received = Vec::new();
    let mut buffer = vec![0; 64 << 10];
    while memmem::find(&received, b"event: notification").is_none() {
        match socket.read(&mut buffer) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(length) => received.extend_from_slice(&buffer[..length]),
            // As long as it was waited for: it counts so.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Reads whatever comes and throws it away.
fn discard(sockets: Vec<TcpStream>, is_over: &AtomicBool) -> io::Result<()> {
    let mut poll = Poll::new()?;
    let mut open = Vec::new();
    for (index, socket) in sockets.into_iter().enumerate() {
        socket.set_nonblocking(true)?;
        let mut socket = mio::net::TcpStream::from_std(socket);
        poll.registry().register(&mut socket, Token(index), Interest::READABLE)?;
        open.push(socket);
    }
    let mut events = Events::with_capacity(1024);
    let mut buffer = vec![0; 256 << 10];
    while !is_over.load(Relaxed) {
        poll.poll(&mut events, Some(Duration::from_millis(100)))?;
        for event in &events {
            // One that was cut because it fell behind is not what is measured.
            while matches!(open[event.token().0].read(&mut buffer), Ok(1..)) {}
        }
    }
    Ok(())
}

fn unread_answers(hub: &Installed, path: &'static str) -> io::Result<Unread> {
    let server = hub.start(&Setup::default())?;
    let body = format!("{{\"message\":\"{}\"}}", "x".repeat(4090));
    let request = format!(
        "POST /api/notifications HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        server.address,
        body.len()
    );
    let mut stored = 0;
    while stored < 1_000 {
        stored += closed_loop::run(server.address, request.as_bytes(), 8, Duration::from_millis(200))?.count;
    }
    let before = server.process.memory().rss;
    let mut slowest = Duration::ZERO;
    let mut open = Vec::new();
    for index in 0..UNREAD {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        // So that little of it waits in the kernel.
        socket.set_recv_buffer_size(2048)?;
        socket.connect(&server.address.into())?;
        let mut socket = TcpStream::from(socket);
        write!(socket, "GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", server.address)?;
        open.push(socket);
        if index % 100 == 0 {
            slowest = slowest.max(answer_time(server.address)?);
        }
    }
    let peak = highest_memory(&server.process, Duration::from_secs(2));
    drop(open);
    Ok(Unread { path, grown: peak.saturating_sub(before), slowest })
}

fn answer_time(address: SocketAddr) -> io::Result<Duration> {
    let asked = Instant::now();
    let mut socket = TcpStream::connect(address)?;
    write!(socket, "GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    socket.read_to_end(&mut Vec::new())?;
    Ok(asked.elapsed())
}

fn highest_memory(process: &Process, within: Duration) -> u64 {
    let began = Instant::now();
    let mut highest = 0;
    while began.elapsed() < within {
        highest = highest.max(process.memory().rss);
        thread::sleep(Duration::from_millis(50));
    }
    highest
}
