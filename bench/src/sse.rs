//! Reads an HTTP/1.1 response that is an event stream, byte by byte as they come: head, chunks (RFC 9112,
//! section 7.1) and lines. It understands as much of it as counting needs, of any server's stream, and holds
//! no memory while it waits for the next event.

use std::borrow::Cow;

use memchr::{memchr, memmem};

use crate::message;

/// The longest line that is kept until its end arrives.
const MAX_LINE_BYTES: usize = 1 << 20;

/// Is told what a stream holds.
pub(crate) trait Observer {
    /// Message `number` has arrived.
    fn message(&mut self, number: u32);
    /// A sign of life has come: an event called `heartbeat` or `ping`, or a comment.
    fn heartbeat(&mut self) {}
    /// The stream's last event id is now this one.
    fn last_event_id(&mut self, _id: &[u8]) {}
    /// The server asks to wait so long before coming back.
    fn retry_ms(&mut self, _delay_ms: u32) {}
}

/// Why a response is no event stream, or no more of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Malformed {
    /// The status is not 200.
    Status,
    /// A chunk or a line is not what it should be.
    Body,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Head,
    ChunkSize,
    Chunk {
        left: u32,
    },
    ChunkEnd,
    /// A body without chunks: it goes on until the connection ends.
    Plain,
    End,
}

/// The position in one response.
#[derive(Debug)]
pub(crate) struct EventReader {
    /// The part of a head, a chunk size or a line whose end has not come yet.
    head_rest: Vec<u8>,
    line_rest: Vec<u8>,
    state: State,
    /// The current event repeats what is stored (`init`): not counted.
    is_snapshot: bool,
}

impl EventReader {
    pub(crate) const fn new() -> Self {
        EventReader { head_rest: Vec::new(), line_rest: Vec::new(), state: State::Head, is_snapshot: false }
    }

    /// Whether the head has come and its status is 200.
    pub(crate) fn is_open(&self) -> bool {
        self.state != State::Head
    }

    /// Takes the next bytes of the connection.
    pub(crate) fn read(&mut self, mut bytes: &[u8], observer: &mut impl Observer) -> Result<(), Malformed> {
        while !bytes.is_empty() {
            match self.state {
                State::Head => {
                    let Some(head) = take_until(&mut self.head_rest, &mut bytes, b"\r\n\r\n") else { break };
                    self.state = after_head(&head)?;
                }
                State::ChunkSize => {
                    let Some(line) = take_until(&mut self.head_rest, &mut bytes, b"\r\n") else { break };
                    let size = chunk_size(&line).ok_or(Malformed::Body)?;
                    self.state = if size == 0 { State::End } else { State::Chunk { left: size } };
                }
                State::Chunk { left } => {
                    let length = bytes.len().min(left as usize);
                    let (data, rest) = bytes.split_at(length);
                    self.data(data, observer)?;
                    bytes = rest;
                    let left = left - u32::try_from(length).map_err(|_| Malformed::Body)?;
                    self.state = if left == 0 { State::ChunkEnd } else { State::Chunk { left } };
                }
                State::ChunkEnd => {
                    let Some(line) = take_until(&mut self.head_rest, &mut bytes, b"\r\n") else { break };
                    if *line != *b"\r\n" {
                        return Err(Malformed::Body);
                    }
                    self.state = State::ChunkSize;
                }
                State::Plain => {
                    self.data(bytes, observer)?;
                    break;
                }
                State::End => break,
            }
        }
        Ok(())
    }

    fn data(&mut self, mut data: &[u8], observer: &mut impl Observer) -> Result<(), Malformed> {
        while let Some(end) = memchr(b'\n', data) {
            let (line, rest) = (&data[..end], &data[end + 1..]);
            data = rest;
            if self.line_rest.is_empty() {
                self.line(line, observer);
            } else {
                let mut whole = std::mem::take(&mut self.line_rest);
                whole.extend_from_slice(line);
                self.line(&whole, observer);
            }
        }
        if self.line_rest.len() + data.len() > MAX_LINE_BYTES {
            return Err(Malformed::Body);
        }
        self.line_rest.extend_from_slice(data);
        Ok(())
    }

    fn line(&mut self, line: &[u8], observer: &mut impl Observer) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            self.is_snapshot = false;
        } else if let Some(data) = line.strip_prefix(b"data:") {
            if let Some(number) = message::number_in(data).filter(|_| !self.is_snapshot) {
                observer.message(number);
            }
        } else if let Some(id) = line.strip_prefix(b"id:") {
            observer.last_event_id(id.trim_ascii());
        } else if let Some(event) = line.strip_prefix(b"event:") {
            let event = event.trim_ascii();
            self.is_snapshot = event == b"init";
            if matches!(event, b"heartbeat" | b"ping") {
                observer.heartbeat();
            }
        } else if line.starts_with(b":") {
            observer.heartbeat();
        } else if let Some(delay) = line.strip_prefix(b"retry:").and_then(|text| parse(text.trim_ascii())) {
            observer.retry_ms(delay);
        }
    }
}

/// What has come up to and including `end`, once that has come; what has come so far is kept in `rest`.
fn take_until<'a>(rest: &mut Vec<u8>, bytes: &mut &'a [u8], end: &[u8]) -> Option<Cow<'a, [u8]>> {
    if rest.is_empty()
        && let Some(at) = memmem::find(bytes, end)
    {
        let (taken, left) = bytes.split_at(at + end.len());
        *bytes = left;
        return Some(Cow::Borrowed(taken));
    }
    let known = rest.len();
    rest.extend_from_slice(bytes);
    // The end may have begun in what came before.
    let search_from = known.saturating_sub(end.len() - 1);
    let found = memmem::find(&rest[search_from..], end).map(|at| search_from + at + end.len());
    let Some(length) = found else {
        *bytes = &[];
        return None;
    };
    *bytes = &bytes[length - known..];
    let mut taken = std::mem::take(rest);
    taken.truncate(length);
    Some(Cow::Owned(taken))
}

fn after_head(head: &[u8]) -> Result<State, Malformed> {
    if !head.starts_with(b"HTTP/1.1 200") {
        return Err(Malformed::Status);
    }
    let head = head.to_ascii_lowercase();
    let is_chunked = memmem::find(&head, b"\r\ntransfer-encoding: chunked\r\n").is_some();
    Ok(if is_chunked { State::ChunkSize } else { State::Plain })
}

fn chunk_size(line: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(line).ok()?.trim_end();
    u32::from_str_radix(text.split(';').next()?, 16).ok()
}

fn parse(text: &[u8]) -> Option<u32> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Seen {
        messages: Vec<u32>,
        last_event_id: Vec<u8>,
        retry_ms: u32,
    }

    impl Observer for Seen {
        fn message(&mut self, number: u32) {
            self.messages.push(number);
        }
        fn last_event_id(&mut self, id: &[u8]) {
            self.last_event_id = id.to_vec();
        }
        fn retry_ms(&mut self, delay_ms: u32) {
            self.retry_ms = delay_ms;
        }
    }

    fn response(events: &[&str], is_chunked: bool) -> Vec<u8> {
        let encoding = if is_chunked { "Transfer-Encoding: chunked\r\n" } else { "" };
        let mut response = format!("HTTP/1.1 200 OK\r\n{encoding}X: y\r\n\r\n").into_bytes();
        for event in events {
            let event =
                if is_chunked { format!("{:x}\r\n{event}\r\n", event.len()) } else { (*event).into() };
            response.extend_from_slice(event.as_bytes());
        }
        response
    }

    #[test]
    fn messages_are_counted_however_the_bytes_are_cut() {
        let init = format!("event: init\ndata: [{}]\n\n", message::notification(1));
        let second = format!("id: a-2\ndata: {}\n\n", message::notification(2));
        let third = format!("id: a-3\r\ndata: {}\r\n\r\n", message::notification(3));
        for is_chunked in [false, true] {
            let bytes =
                response(&["retry: 1500\nevent: hello\ndata: {}\n\n", &init, &second, &third], is_chunked);
            for cut in 1..bytes.len() {
                let mut reader = EventReader::new();
                let mut seen = Seen::default();
                for part in bytes.chunks(cut) {
                    assert_eq!(reader.read(part, &mut seen), Ok(()));
                }
                assert_eq!((seen.messages, seen.retry_ms), (vec![2, 3], 1500), "cut every {cut} bytes");
                assert_eq!(seen.last_event_id, b"a-3");
                assert!(reader.is_open() && reader.head_rest.is_empty() && reader.line_rest.capacity() == 0);
            }
        }
    }

    #[test]
    fn what_is_no_stream_is_refused() {
        let mut reader = EventReader::new();
        let read = reader.read(b"HTTP/1.1 503 Service Unavailable\r\n\r\n", &mut Seen::default());
        assert_eq!(read, Err(Malformed::Status));
    }
}
