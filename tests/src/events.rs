//! Event streams as bytes: each event is the text of its block, as the protocol's document shows it.

use std::net::SocketAddr;

use serde_json::Value;

use crate::{
    http::{End, Head, RawClient, header_lines},
    within,
};

/// An open event stream.
pub struct RawEvents {
    client: RawClient,
    /// The answer's head.
    pub head: Head,
    undivided: Vec<u8>,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// As it came, with the empty line that ends it.
    pub text: String,
}

impl Block {
    /// The value of a field.
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self.text.lines().filter_map(|line| line.split_once(": "));
        fields.find(|(found, _)| *found == name).map(|(_, value)| value)
    }

    /// The event's name.
    pub fn event(&self) -> &str {
        self.field("event").unwrap_or_else(|| panic!("an event without a name: {self:?}"))
    }

    /// The event's id.
    pub fn id(&self) -> &str {
        self.field("id").unwrap_or_else(|| panic!("an event without an id: {self:?}"))
    }

    /// The event's data.
    pub fn data(&self) -> Value {
        let data = self.field("data").unwrap_or_else(|| panic!("an event without data: {self:?}"));
        serde_json::from_str(data).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The message of a `notification`.
    pub fn message(&self) -> String {
        assert_eq!(self.event(), "notification", "{self:?}");
        self.data()["message"].as_str().expect("a notification has a message").to_owned()
    }
}

impl RawEvents {
    /// Opens a stream over HTTP/1.1; `path` is `/events` and what follows it.
    pub async fn open(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Self {
        RawEvents::open_as("HTTP/1.1", address, path, headers).await
    }

    /// Opens a stream over this version of HTTP.
    pub async fn open_as(version: &str, address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Self {
        let mut client = RawClient::connect(address).await;
        let headers = header_lines(headers);
        client.send(format!("GET {path} {version}\r\nHost: localhost\r\n{headers}\r\n")).await;
        RawEvents::over(client).await
    }

    /// The answer to a request for a stream that was sent already.
    pub async fn over(client: RawClient) -> Self {
        RawEvents::try_over(client).await.expect("an answer comes")
    }

    /// As [`RawEvents::over`]; `None` when the hub is stopping or gone.
    pub async fn try_over(mut client: RawClient) -> Option<Self> {
        let head = client.try_head().await.filter(|head| head.status != 503)?;
        assert_eq!(head.status, 200, "{head:?}");
        Some(RawEvents { client, head, undivided: Vec::new() })
    }

    /// The next event.
    pub async fn next(&mut self) -> Block {
        within("the next event comes", self.next_or_end()).await.expect("the stream goes on")
    }

    /// The next event that is no heartbeat.
    pub async fn next_but_heartbeats(&mut self) -> Block {
        loop {
            let block = self.next().await;
            if block.event() != "heartbeat" {
                return block;
            }
        }
    }

    /// The next event, or how the stream ended.
    pub async fn next_or_end(&mut self) -> Result<Block, End> {
        loop {
            if let Some(end) = self.undivided.windows(2).position(|two| two == b"\n\n") {
                let text = String::from_utf8(self.undivided.drain(..end + 2).collect()).expect("UTF-8");
                return Ok(Block { text });
            }
            match self.client.body_part().await {
                Ok(bytes) => self.undivided.extend(bytes),
                Err(_) if !self.undivided.is_empty() => return Err(End::Cut),
                Err(end) => return Err(end),
            }
        }
    }

    /// All events up to the end of the stream, and how it ended.
    pub async fn rest(&mut self) -> (Vec<Block>, End) {
        let mut blocks = Vec::new();
        loop {
            match within("the stream ends", self.next_or_end()).await {
                Ok(block) => blocks.push(block),
                Err(end) => return (blocks, end),
            }
        }
    }
}
