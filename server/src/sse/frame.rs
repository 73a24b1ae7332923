//! Events as they go over the wire. A frame is encoded once and then shared, as reference-counted bytes, by
//! every subscriber it is sent to. No I/O here, and no knowledge of who reads.

use std::io::Write as _;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    event_id::EventId,
    notification::EncodedNotification,
    sse::event::{Cleared, Deleted, Heartbeat, Hello, Read},
};

/// The last chunk of a chunked body (RFC 9112, section 7.1): the stream's orderly end.
pub const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// How the bytes of events are delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Each event is one chunk of an HTTP/1.1 body (RFC 9112, section 7.1).
    Chunked,
    /// The events alone, as in the WHATWG HTML standard, section 9.2.
    Plain,
}

impl Framing {
    /// The bytes of a frame.
    pub fn of(self, frame: &Frame) -> Bytes {
        match self {
            Framing::Chunked => frame.chunk().clone(),
            Framing::Plain => frame.event(),
        }
    }

    /// What comes before and after the data of an `init` event with this id, whose data is `data_len` bytes long.
    pub fn around_init(self, id: EventId, data_len: usize) -> (Bytes, Bytes) {
        let start = format!("id: {id}\nevent: init\ndata: ");
        match self {
            Framing::Chunked => {
                let length = start.len() + data_len + "\n\n".len();
                (format!("{length:x}\r\n{start}").into(), Bytes::from_static(b"\n\n\r\n"))
            }
            Framing::Plain => (start.into(), Bytes::from_static(b"\n\n")),
        }
    }
}

/// One event, ready to be sent: framed as one HTTP/1.1 chunk, with its parts at hand as slices.
///
/// The event is injection-proof: its name and id are ours, and its data is one line of JSON, which has no raw
/// CR or LF (RFC 8259, section 7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    chunk: Bytes,
    event_start: usize,
    is_notification: bool,
}

impl Frame {
    /// `hello`, with the delay in milliseconds after which a client that lost the stream should come back.
    ///
    /// Both stand in one block, for some parsers drop a block that holds nothing but `retry:`.
    pub fn hello(hello: &Hello, retry_ms: u32) -> Self {
        Frame::encode(&format!("retry: {retry_ms}\nevent: hello\n"), None, &json(hello))
    }

    /// `notification`: one was published.
    pub fn notification(id: EventId, notification: &EncodedNotification) -> Self {
        let frame = Frame::encode("event: notification\n", Some(id), &notification.json());
        Frame { is_notification: true, ..frame }
    }

    /// `deleted`: one was deleted.
    pub fn deleted(id: EventId, notification_id: Uuid) -> Self {
        Frame::encode("event: deleted\n", Some(id), &json(&Deleted { id: notification_id }))
    }

    /// `cleared`: all were deleted.
    pub fn cleared(id: EventId) -> Self {
        Frame::encode("event: cleared\n", Some(id), &json(&Cleared {}))
    }

    /// `read`: the read mark has moved.
    pub fn read(id: EventId, through: Uuid) -> Self {
        Frame::encode("event: read\n", Some(id), &json(&Read { through }))
    }

    /// `heartbeat`, without an id: it is no place to resume from.
    pub fn heartbeat(now: DateTime<Utc>, stale_ms: Option<u64>) -> Self {
        Frame::encode("event: heartbeat\n", None, &json(&Heartbeat { timestamp: now, stale_ms }))
    }

    fn encode(fields: &str, id: Option<EventId>, data: &[u8]) -> Self {
        let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
        debug_assert!(!data.iter().any(|byte| matches!(byte, b'\r' | b'\n')), "data is one line");
        let event_length = id.len() + fields.len() + "data: ".len() + data.len() + "\n\n".len();

        let mut chunk = Vec::with_capacity(event_length + 16);
        write!(chunk, "{event_length:x}\r\n").expect("writing to memory does not fail");
        let event_start = chunk.len();
        chunk.extend_from_slice(id.as_bytes());
        chunk.extend_from_slice(fields.as_bytes());
        chunk.extend_from_slice(b"data: ");
        chunk.extend_from_slice(data);
        chunk.extend_from_slice(b"\n\n\r\n");
        Frame { chunk: chunk.into(), event_start, is_notification: false }
    }

    /// Whether it is a `notification`.
    pub fn is_notification(&self) -> bool {
        self.is_notification
    }

    /// The event as one chunk of a chunked HTTP/1.1 body (RFC 9112, section 7.1).
    pub fn chunk(&self) -> &Bytes {
        &self.chunk
    }

    /// The event alone, as in the WHATWG HTML standard, section 9.2.
    pub fn event(&self) -> Bytes {
        self.chunk.slice(self.event_start..self.chunk.len() - "\r\n".len())
    }
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("strings and numbers always encode")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        event_id::{Epoch, Seq},
        sse::event::Reason,
    };

    fn id(seq: u64) -> EventId {
        EventId { epoch: "k3f9a2".parse::<Epoch>().expect("valid"), seq: Seq::new(seq) }
    }

    #[test]
    fn hello_has_the_retry_in_its_own_block_and_no_id() {
        let hello = Hello {
            resumed: false,
            reason: Reason::Fresh,
            missed: 0,
            latest_id: id(7).to_string(),
            read_through: Some(Uuid::nil()),
            now: Some(DateTime::UNIX_EPOCH),
            stale_ms: None,
            heartbeat_ms: 15000,
            version: "0.1.0".into(),
        };
        assert_eq!(
            Frame::hello(&hello, 2500).event(),
            "retry: 2500\nevent: hello\ndata: {\"resumed\":false,\"reason\":\"fresh\",\"missed\":0,\
             \"latest_id\":\"k3f9a2-7\",\"read_through\":\"00000000-0000-0000-0000-000000000000\",\
             \"heartbeat_ms\":15000,\"now\":\"1970-01-01T00:00:00.000Z\",\"version\":\"0.1.0\"}\n\n"
        );
    }

    #[test]
    fn each_event_has_its_exact_bytes() {
        assert_eq!(
            Frame::read(id(3), Uuid::nil()).event(),
            "id: k3f9a2-3\nevent: read\ndata: {\"through\":\"00000000-0000-0000-0000-000000000000\"}\n\n"
        );
        assert_eq!(Frame::cleared(id(4)).event(), "id: k3f9a2-4\nevent: cleared\ndata: {}\n\n");
        assert_eq!(
            Frame::deleted(id(5), Uuid::nil()).event(),
            "id: k3f9a2-5\nevent: deleted\ndata: {\"id\":\"00000000-0000-0000-0000-000000000000\"}\n\n"
        );
        assert_eq!(
            Frame::heartbeat(DateTime::UNIX_EPOCH, None).event(),
            "event: heartbeat\ndata: {\"timestamp\":\"1970-01-01T00:00:00.000Z\"}\n\n"
        );
        assert_eq!(
            Frame::heartbeat(DateTime::UNIX_EPOCH, Some(4000)).event(),
            "event: heartbeat\ndata: {\"timestamp\":\"1970-01-01T00:00:00.000Z\",\"stale_ms\":4000}\n\n"
        );
    }

    #[test]
    fn a_frame_is_one_chunk_and_shares_its_bytes_with_its_parts() {
        let frame = Frame::cleared(id(3));
        assert_eq!(frame.chunk(), "26\r\nid: k3f9a2-3\nevent: cleared\ndata: {}\n\n\r\n");
        assert_eq!(frame.event().len(), 0x26);
        assert!(frame.chunk().as_ptr_range().contains(&frame.event().as_ptr()));
        assert_eq!(Framing::Chunked.of(&frame), frame.chunk());
        assert_eq!(Framing::Plain.of(&frame), frame.event());
    }

    #[test]
    fn an_init_is_one_chunk_around_its_data() {
        let (start, end) = Framing::Chunked.around_init(id(3), 2);
        assert_eq!([&start[..], b"[]", &end].concat(), b"23\r\nid: k3f9a2-3\nevent: init\ndata: []\n\n\r\n");
        let (start, end) = Framing::Plain.around_init(id(3), 2);
        assert_eq!([&start[..], b"[]", &end].concat(), b"id: k3f9a2-3\nevent: init\ndata: []\n\n");
    }
}
