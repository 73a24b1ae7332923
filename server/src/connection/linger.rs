//! The end of a connection that is not a stream.

use std::io;

use tokio::{io::AsyncWriteExt as _, net::TcpStream};

/// Ends a connection so that the last answer arrives: closing it while unread bytes wait would reset it.
pub(super) async fn linger(mut socket: TcpStream) -> io::Result<()> {
    socket.shutdown().await?;
    while read_some(&socket).await? > 0 {}
    Ok(())
}

/// Takes what the peer says off the socket, and throws it away; says how many bytes it was. The buffer is no part of
/// the future, which every connection holds.
pub(super) async fn read_some(socket: &TcpStream) -> io::Result<usize> {
    loop {
        socket.readable().await?;
        match socket.try_read(&mut [0; 4096]) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            read => return read,
        }
    }
}
