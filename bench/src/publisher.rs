//! Publishes messages one after the other over one keep-alive connection, each at the instant it is scheduled
//! for. A slow answer delays what follows, and that delay counts: the readers' clock starts at the schedule.

use std::{
    io::{self, BufReader, Write as _},
    net::{SocketAddr, TcpStream},
    sync::Arc,
    time::Instant,
};

use crate::{
    http::{self, ANSWER_TIMEOUT},
    tally::Tally,
};

/// How a server is posted a message.
#[derive(Clone, Debug)]
pub(crate) struct Posting {
    /// The path, with its query.
    pub(crate) path: &'static str,
    /// Further header lines, each with its CR and LF.
    pub(crate) headers: &'static str,
    /// The body of message `number`.
    pub(crate) body: fn(number: u32) -> String,
}

impl Posting {
    /// The whole request.
    pub(crate) fn request(&self, address: SocketAddr, number: u32) -> Vec<u8> {
        let Posting { path, headers, .. } = self;
        let body = (self.body)(number);
        format!(
            "POST {path} HTTP/1.1\r\nHost: {address}\r\n{headers}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    }
}

/// See the module.
pub(crate) struct Publisher {
    connection: BufReader<TcpStream>,
    address: SocketAddr,
    posting: Posting,
    tally: Arc<Tally>,
    /// The newest message.
    published: u32,
}

impl Publisher {
    /// Connects; the first message will be number `published` + 1.
    pub(crate) fn connect(
        address: SocketAddr,
        posting: Posting,
        tally: &Arc<Tally>,
        published: u32,
    ) -> io::Result<Self> {
        let socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(ANSWER_TIMEOUT))?;
        let connection = BufReader::new(socket);
        Ok(Publisher { connection, address, posting, tally: Arc::clone(tally), published })
    }

    /// The newest message.
    pub(crate) fn published(&self) -> u32 {
        self.published
    }

    /// Publishes the next message now, and waits for the server's answer. Gives the message's number.
    pub(crate) fn publish(&mut self) -> io::Result<u32> {
        self.publish_at(Instant::now())
    }

    /// Publishes the next message at `instant`, or at once if that is past.
    pub(crate) fn publish_at(&mut self, instant: Instant) -> io::Result<u32> {
        let number = self.published + 1;
        let request = self.posting.request(self.address, number);
        self.tally.schedule(number, instant);
        std::thread::sleep(instant.saturating_duration_since(Instant::now()));
        self.connection.get_mut().write_all(&request)?;
        self.published = number;
        http::read_answer(&mut self.connection)?;
        Ok(number)
    }
}
