//! The listening sockets: made by us, or inherited from a supervisor that keeps them open across restarts.

use std::{
    io,
    net::{SocketAddr, ToSocketAddrs},
};

use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::net::TcpListener;

/// How many connections may wait to be accepted. The system may allow fewer (`net.core.somaxconn`).
const BACKLOG: i32 = 4096;

/// Why there is no socket to listen on.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The name is unknown.
    #[error("cannot find an address for the host {0:?}: {1}")]
    Host(String, io::Error),
    /// Someone else listens there.
    #[error("port {port} on {host} is in use; stop the program that uses it, or choose another --port", port = .0.port(), host = .0.ip())]
    InUse(SocketAddr),
    /// Ports below 1024 are for administrators.
    #[error("not allowed to listen on port {port}; choose a --port above 1023", port = .0.port())]
    NotAllowed(SocketAddr),
    /// Anything else.
    #[error("cannot listen on {0}: {1}")]
    Other(SocketAddr, io::Error),
    /// The supervisor's sockets are of no use.
    #[error("the inherited sockets (LISTEN_FDS) cannot be used: {0}")]
    Inherited(io::Error),
    /// The supervisor hands over connections, not the socket that takes them.
    #[error("the inherited sockets (LISTEN_FDS) do not listen; set Accept=no in the systemd socket")]
    NotListening,
}

/// The sockets a supervisor handed over (systemd socket activation, `sd_listen_fds(3)`), if any.
pub fn inherited() -> Result<Vec<TcpListener>, ListenError> {
    let mut handed_over = listenfd::ListenFd::from_env();
    let mut listeners = Vec::new();
    for index in 0..handed_over.len() {
        if let Some(listener) = handed_over.take_tcp_listener(index).map_err(ListenError::Inherited)? {
            if !SockRef::from(&listener).is_listener().map_err(ListenError::Inherited)? {
                return Err(ListenError::NotListening);
            }
            listener.set_nonblocking(true).map_err(ListenError::Inherited)?;
            listeners.push(TcpListener::from_std(listener).map_err(ListenError::Inherited)?);
        }
    }
    Ok(listeners)
}

/// Listens on every address of a host: `localhost` may be both 127.0.0.1 and `::1`. With port 0 all of them
/// get the same free port.
pub fn bind(host: &str, port: u16) -> Result<Vec<TcpListener>, ListenError> {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let mut addresses: Vec<SocketAddr> =
        (host, port).to_socket_addrs().map_err(|error| ListenError::Host(host.to_owned(), error))?.collect();
    addresses.dedup();
    let mut listeners = Vec::new();
    let mut port = port;
    for mut address in addresses {
        address.set_port(port);
        match listen(address) {
            Ok(listener) => {
                port = listener.local_addr().map_err(|error| ListenError::Other(address, error))?.port();
                listeners.push(listener);
            }
            // `localhost` often names an IPv6 address on machines that have none.
            Err(error) if !listeners.is_empty() && error.kind() == io::ErrorKind::AddrNotAvailable => {}
            Err(error) => {
                return Err(match error.kind() {
                    io::ErrorKind::AddrInUse => ListenError::InUse(address),
                    io::ErrorKind::PermissionDenied => ListenError::NotAllowed(address),
                    _ => ListenError::Other(address, error),
                });
            }
        }
    }
    Ok(listeners)
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A restart need not wait for the old connections' TIME_WAIT; two hubs still cannot share a port.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        // `::` takes IPv4 connections too; any other IPv6 address leaves IPv4 to its own socket.
        socket.set_only_v6(!address.ip().is_unspecified())?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}
