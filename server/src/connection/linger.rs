//! The end of a connection that is not a stream.

use std::io;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// Ends a connection so that the last answer arrives: closing it while unread bytes wait would reset it.
pub(super) async fn linger(mut socket: TcpStream) -> io::Result<()> {
    socket.shutdown().await?;
    let mut discarded = [0; 4096];
    while socket.read(&mut discarded).await? > 0 {}
    Ok(())
}
