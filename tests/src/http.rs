//! HTTP/1 as bytes: a client that sends exactly what it is given and hides nothing of the answer.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::within;

/// One connection.
pub struct RawClient {
    socket: TcpStream,
    /// Received and not yet looked at.
    unread: Vec<u8>,
    body: BodyLength,
}

/// Status line and headers.
#[derive(Clone, Debug)]
pub struct Head {
    /// As it came, without the empty line.
    pub text: String,
    /// The status.
    pub status: u16,
}

/// An answer with its whole body.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Status line and headers.
    pub head: Head,
    /// The body, decoded.
    pub body: Vec<u8>,
}

/// How the end of a body shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BodyLength {
    Bytes(usize),
    Chunked,
    UntilClose,
}

/// How a body ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// As it should.
    Orderly,
    /// In the middle.
    Cut,
}

impl Head {
    fn parse(text: String) -> Self {
        let status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
        Head { status: status.unwrap_or_else(|| panic!("no status: {text}")), text }
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.text.lines().skip(1).filter_map(|line| line.split_once(':'));
        headers.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }
}

impl Answer {
    /// The status.
    pub fn status(&self) -> u16 {
        self.head.status
    }

    /// The body as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl RawClient {
    /// Connects.
    pub async fn connect(address: SocketAddr) -> Self {
        RawClient::over(
            within("the server takes a connection", TcpStream::connect(address)).await.expect("connected"),
        )
    }

    /// Speaks over this connection.
    pub fn over(socket: TcpStream) -> Self {
        RawClient { socket, unread: Vec::new(), body: BodyLength::Bytes(0) }
    }

    /// Sends exactly these bytes.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        within("the bytes are sent", self.socket.write_all(bytes.as_ref())).await.expect("sent");
    }

    /// As [`RawClient::send`], where the other side may be gone.
    pub async fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> std::io::Result<()> {
        self.socket.write_all(bytes.as_ref()).await
    }

    /// Sends a request with a body of known length.
    pub async fn request(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) {
        self.try_request(method, path, headers, body).await.expect("sent");
    }

    /// As [`RawClient::request`], where the server may be gone.
    pub async fn try_request(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> std::io::Result<()> {
        let lines = header_lines(headers);
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n{lines}",
            body.len()
        );
        let bytes = [head.as_bytes(), b"\r\n", body].concat();
        within("the request is sent", self.socket.write_all(&bytes)).await
    }

    /// The answer to a HEAD request.
    pub async fn head_alone(&mut self) -> Head {
        let head = self.head().await;
        self.body = BodyLength::Bytes(0);
        head
    }

    /// The next answer's head; what follows is its body.
    pub async fn head(&mut self) -> Head {
        self.try_head().await.expect("an answer comes")
    }

    /// As [`RawClient::head`]; `None` when the connection ends instead.
    pub async fn try_head(&mut self) -> Option<Head> {
        let end = loop {
            if let Some(end) = find(&self.unread, b"\r\n\r\n") {
                break end;
            }
            if !self.receive().await {
                return None;
            }
        };
        let text =
            String::from_utf8(self.unread.drain(..end + 4).take(end).collect()).expect("a head is text");
        let head = Head::parse(text);
        self.body = match (head.header("content-length"), head.header("transfer-encoding")) {
            (_, Some(_)) => BodyLength::Chunked,
            (Some(length), None) => BodyLength::Bytes(length.parse().expect("a number")),
            (None, None) if matches!(head.status, 204 | 304) => BodyLength::Bytes(0),
            (None, None) => BodyLength::UntilClose,
        };
        Some(head)
    }

    /// On a server's side: a request's line and headers.
    pub(crate) async fn request_head(&mut self) -> String {
        loop {
            if let Some(end) = find(&self.unread, b"\r\n\r\n") {
                return String::from_utf8_lossy(&self.unread[..end]).into_owned();
            }
            assert!(self.receive().await, "a request comes");
        }
    }

    /// The next answer with its whole body.
    pub async fn answer(&mut self) -> Answer {
        let head = self.head().await;
        let mut body = Vec::new();
        loop {
            match self.body_part().await {
                Ok(part) => body.extend(part),
                Err(End::Orderly) => return Answer { head, body },
                Err(End::Cut) => panic!("the body is cut: {head:?}"),
            }
        }
    }

    /// The next bytes of the body, decoded: of a chunked body, one whole chunk.
    pub async fn body_part(&mut self) -> Result<Vec<u8>, End> {
        match self.body {
            BodyLength::Bytes(0) => Err(End::Orderly),
            BodyLength::Bytes(left) => {
                if self.unread.is_empty() && !self.receive().await {
                    return Err(End::Cut);
                }
                let part: Vec<u8> = self.unread.drain(..left.min(self.unread.len())).collect();
                self.body = BodyLength::Bytes(left - part.len());
                Ok(part)
            }
            BodyLength::UntilClose => {
                if self.unread.is_empty() && !self.receive().await {
                    return Err(End::Orderly);
                }
                Ok(std::mem::take(&mut self.unread))
            }
            BodyLength::Chunked => self.chunk().await,
        }
    }

    /// Whether the server has closed the connection; anything it sends first is thrown away.
    pub async fn is_closed_by_server(&mut self) {
        within("the server closes the connection", async { while self.receive_or_end().await {} }).await;
    }

    /// The socket itself; what was read ahead is lost.
    pub fn into_socket(self) -> TcpStream {
        self.socket
    }

    async fn chunk(&mut self) -> Result<Vec<u8>, End> {
        loop {
            if let Some(line_end) = find(&self.unread, b"\r\n") {
                let size = std::str::from_utf8(&self.unread[..line_end]).expect("a chunk's size is text");
                let size =
                    usize::from_str_radix(size, 16).unwrap_or_else(|_| panic!("no chunk size: {size:?}"));
                let start = line_end + 2;
                if self.unread.len() >= start + size + 2 {
                    assert_eq!(
                        &self.unread[start + size..start + size + 2],
                        b"\r\n",
                        "a chunk ends with CR LF"
                    );
                    let chunk = self.unread.drain(..start + size + 2).skip(start).take(size).collect();
                    if size == 0 {
                        self.body = BodyLength::Bytes(0);
                        return Err(End::Orderly);
                    }
                    return Ok(chunk);
                }
            }
            if !self.receive_or_end().await {
                return Err(End::Cut);
            }
        }
    }

    async fn receive(&mut self) -> bool {
        within("the server sends something", self.receive_or_end()).await
    }

    /// Adds what comes to `unread`; false at the end of the connection, however it comes.
    async fn receive_or_end(&mut self) -> bool {
        matches!(self.socket.read_buf(&mut self.unread).await, Ok(1..))
    }
}

/// One request on a connection of its own.
pub async fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: impl AsRef<[u8]>,
) -> Answer {
    let mut client = RawClient::connect(address).await;
    let headers = [headers, &[("Connection", "close")]].concat();
    client.request(method, path, &headers, body.as_ref()).await;
    client.answer().await
}

/// GET on a connection of its own.
pub async fn get(address: SocketAddr, path: &str) -> Answer {
    request(address, "GET", path, &[], "").await
}

/// POST of JSON on a connection of its own.
pub async fn post(address: SocketAddr, path: &str, body: impl AsRef<[u8]>) -> Answer {
    request(address, "POST", path, &[("Content-Type", "application/json")], body).await
}

/// What a hub has stored, newest first: up to a thousand.
pub async fn stored(address: SocketAddr) -> Vec<Value> {
    let Value::Array(list) = get(address, "/api/notifications?limit=1000").await.json() else {
        panic!("a list is an array")
    };
    list
}

/// The messages of what a hub has stored, newest first.
pub async fn messages(address: SocketAddr) -> Vec<String> {
    let text = |item: &Value| item["message"].as_str().expect("each has one").to_owned();
    stored(address).await.iter().map(text).collect()
}

/// The value of one of the server's metrics.
pub async fn metric(address: SocketAddr, name: &str) -> u64 {
    let metrics = get(address, "/metrics").await;
    let value = metrics.text().lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("no {name}: {}", metrics.text()))
}

/// How many event streams the server has open.
pub async fn open_streams(address: SocketAddr) -> u64 {
    get(address, "/api/status").await.json()["connections"].as_u64().expect("a number")
}

/// Headers as lines of a request's head.
pub(crate) fn header_lines(headers: &[(&str, &str)]) -> String {
    headers.iter().flat_map(|(name, value)| [*name, ": ", *value, "\r\n"]).collect()
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}
