//! The bare-socket limit: a server that does nothing but `send()` the same bytes to every socket, from a few
//! threads. No real server on the same system can need less; the load generator is checked against it first.
//!
//! It knows two requests: GET opens a stream, POST sends its body to all streams.

use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, TcpStream},
    sync::{Arc, mpsc},
    thread,
};

use socket2::{Domain, Socket, Type};

const STREAM_HEAD: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

const BACKLOG: i32 = 4096;

enum Order {
    Adopt(TcpStream),
    Send(Arc<[u8]>),
}

/// Serves until the process ends.
pub(crate) fn serve(port: u16, threads: usize) -> io::Result<()> {
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    listener.bind(&std::net::SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into())?;
    listener.listen(BACKLOG)?;
    let listener = std::net::TcpListener::from(listener);

    let senders: Vec<mpsc::Sender<Order>> = (0..threads).map(|_| start_sender()).collect();
    let mut streams = 0;
    for connection in listener.incoming() {
        let connection = connection?;
        connection.set_nodelay(true)?;
        let mut reader = BufReader::new(connection);
        let Ok(request) = read_head(&mut reader) else { continue };
        if request.is_post {
            let senders = senders.clone();
            thread::spawn(move || relay(request, reader, &senders));
        } else {
            let mut connection = reader.into_inner();
            if connection.write_all(STREAM_HEAD).is_ok() && connection.set_nonblocking(true).is_ok() {
                streams += 1;
                let _ = senders[streams % threads].send(Order::Adopt(connection));
            }
        }
    }
    Ok(())
}

/// One thread with its share of the sockets.
fn start_sender() -> mpsc::Sender<Order> {
    let (orders, incoming) = mpsc::channel();
    thread::spawn(move || {
        let mut sockets = Vec::new();
        for order in incoming {
            match order {
                Order::Adopt(socket) => sockets.push(socket),
                // A socket that is gone or takes no more is given up.
                Order::Send(bytes) => {
                    sockets
                        .retain_mut(|socket| socket.write(&bytes).is_ok_and(|length| length == bytes.len()));
                }
            }
        }
    });
    orders
}

/// Takes posts from one connection.
fn relay(
    mut request: Request,
    mut connection: BufReader<TcpStream>,
    senders: &[mpsc::Sender<Order>],
) -> io::Result<()> {
    let mut number: u64 = 0;
    loop {
        let mut body = vec![0; request.content_length];
        connection.read_exact(&mut body)?;
        number += 1;
        let mut event = format!("id: barely-{number}\nevent: notification\ndata: ").into_bytes();
        event.extend_from_slice(&body);
        event.extend_from_slice(b"\n\n");
        let mut chunk = format!("{:x}\r\n", event.len()).into_bytes();
        chunk.extend_from_slice(&event);
        chunk.extend_from_slice(b"\r\n");
        let chunk: Arc<[u8]> = chunk.into();
        for sender in senders {
            let _ = sender.send(Order::Send(Arc::clone(&chunk)));
        }
        connection.get_mut().write_all(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")?;
        request = read_head(&mut connection)?;
    }
}

struct Request {
    is_post: bool,
    content_length: usize,
}

fn read_head(reader: &mut BufReader<TcpStream>) -> io::Result<Request> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut request = Request { is_post: line.starts_with("POST"), content_length: 0 };
    while line != "\r\n" {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(length) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            request.content_length = length.trim().parse().map_err(io::Error::other)?;
        }
    }
    Ok(request)
}
