//! HTTP/2 over TLS, frame by frame.

use notifyhub_tests::{
    server::TestServer,
    tls::{Http2, connect, own_certificate, read_until},
    within,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::leaves_nothing_behind;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Types of frames (RFC 9113, section 6).
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const PRIORITY: u8 = 2;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// `GET https://localhost/healthz` in HPACK (RFC 7541), without its tables.
fn head() -> Vec<u8> {
    let mut head = vec![0x82, 0x87];
    for (index, value) in [(0x04, "/healthz"), (0x01, "localhost")] {
        head.extend([index, u8::try_from(value.len()).unwrap()]);
        head.extend(value.as_bytes());
    }
    head
}

/// What comes of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The hub ends the connection.
    Closed,
    /// It goes on, and answers a request.
    Served,
}

fn rows() -> Vec<(&'static str, Vec<u8>, End)> {
    let begun = [PREFACE, &frame(SETTINGS, 0, 0, &[])].concat();
    let after = |frames: Vec<u8>| [begun.clone(), frames].concat();
    let odd = |n: u32| 2 * n + 1;
    let reset = |n| {
        [
            frame(HEADERS, END_HEADERS | END_STREAM, odd(n), &head()),
            frame(RST_STREAM, 0, odd(n), &[0, 0, 0, 8]),
        ]
        .concat()
    };
    let bomb = [&head()[..], &[0x40, 1, b'x', 0x7f, 0x81, 0x1e], &vec![b'x'; 4000]].concat();
    vec![
        ("no preface", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(), End::Closed),
        ("a ping before the settings", [PREFACE, &frame(PING, 0, 0, &[0; 8])].concat(), End::Served),
        (
            "a frame of 16 MB",
            after([&[0xff, 0xff, 0xff, DATA, 0, 0, 0, 0, 1][..], &[0; 1024]].concat()),
            End::Closed,
        ),
        ("data on no stream", after(frame(DATA, 0, 0, b"x")), End::Closed),
        ("data on a stream that was not opened", after(frame(DATA, 0, 5, b"x")), End::Closed),
        ("an even stream", after(frame(HEADERS, END_HEADERS, 2, &head())), End::Closed),
        ("headers that are none", after(frame(HEADERS, END_HEADERS, 1, &[0xff; 64])), End::Closed),
        (
            "something between the parts of a head",
            after([frame(HEADERS, 0, 1, &head()), frame(PING, 0, 0, &[0; 8])].concat()),
            End::Closed,
        ),
        (
            "a head without end",
            after(
                [frame(HEADERS, 0, 1, &head()), frame(CONTINUATION, 0, 1, &[0; 16_384]).repeat(200)].concat(),
            ),
            End::Closed,
        ),
        (
            "empty parts of a head without end",
            after([frame(HEADERS, 0, 1, &head()), frame(CONTINUATION, 0, 1, &[]).repeat(20_000)].concat()),
            End::Closed,
        ),
        (
            "a window beyond all",
            after(frame(WINDOW_UPDATE, 0, 0, &[0x7f, 0xff, 0xff, 0xff]).repeat(2)),
            End::Closed,
        ),
        ("a window that grows by nothing", after(frame(WINDOW_UPDATE, 0, 0, &[0; 4])), End::Closed),
        (
            "settings that are none",
            after(frame(SETTINGS, 0, 0, &[0, 4, 0xff, 0xff, 0xff, 0xff])),
            End::Closed,
        ),
        ("settings cut short", after(frame(SETTINGS, 0, 0, &[0; 5])), End::Closed),
        ("100,000 settings", after(frame(SETTINGS, 0, 0, &[]).repeat(100_000)), End::Served),
        ("100,000 pings", after(frame(PING, 0, 0, &[0; 8]).repeat(100_000)), End::Served),
        ("100,000 priorities", after(frame(PRIORITY, 0, 1, &[0, 0, 0, 0, 1]).repeat(100_000)), End::Served),
        ("10,000 requests that are taken back", after((0..10_000).flat_map(reset).collect()), End::Closed),
        (
            "1,000 requests at once",
            after((0..1000).flat_map(|n| frame(HEADERS, END_HEADERS, odd(n), &head())).collect()),
            End::Served,
        ),
        (
            "a head that unpacks to more",
            after(frame(HEADERS, END_HEADERS | END_STREAM, 1, &bomb)),
            End::Closed,
        ),
    ]
}

/// Sends a row while reading whatever comes; whether the hub then still answers on the connection.
async fn end_of(server: &TestServer, sent: &[u8]) -> End {
    let stream = connect(server, &own_certificate(server), "h2").await.unwrap();
    let (mut reader, mut writer) = tokio::io::split(stream);
    let sending = async {
        let _ = writer.write_all(sent).await;
        // Far above what the row has opened, and with a word of its own.
        let request = frame(HEADERS, END_HEADERS | END_STREAM, 99_999, &head());
        let _ = writer.write_all(&[request, frame(PING, 0, 0, b"the last")].concat()).await;
        let _ = writer.flush().await;
    };
    let receiving = async {
        let (mut received, mut bytes) = (Vec::new(), vec![0; 4096]);
        loop {
            match reader.read(&mut bytes).await {
                Ok(count @ 1..) => received.extend_from_slice(&bytes[..count]),
                _ => return End::Closed,
            }
            if received.windows(8).any(|window| window == b"the last") {
                return End::Served;
            }
            let excess = received.len().saturating_sub(16);
            received.drain(..excess);
        }
    };
    within("it is served or closed", async { tokio::join!(sending, receiving).1 }).await
}

async fn serves(server: &TestServer, row: &str) {
    let client = Http2::connect(server, 1 << 20).await;
    assert_eq!(client.request("GET", "/healthz", "").await.status(), 200, "{row}");
    let mut list = client.request("GET", "/api/notifications", "").await;
    assert_eq!(read_until(list.body_mut(), "]").await.unwrap(), "[]", "{row}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_hostile_frame_is_refused_or_bounded_and_leaves_nothing_behind() {
    let server = TestServer::start(&["--tls-self-signed"]);
    leaves_nothing_behind(&server, async || {
        let mut wrong = Vec::new();
        for (name, sent, expected) in rows() {
            let seen = end_of(&server, &sent).await;
            if seen != expected {
                wrong.push(format!("{name}: {seen:?} instead of {expected:?}"));
            }
            serves(&server, name).await;
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    })
    .await;
}

/// A window that never opens holds neither a stream nor what is to be sent on it.
#[tokio::test]
async fn a_reader_whose_window_never_opens_loses_its_streams() {
    let server = TestServer::start(&["--tls-self-signed", "--stall-timeout", "1s"]);
    let closed = Http2::connect(&server, 0).await;
    let other = Http2::connect(&server, 1 << 20).await;
    let mut ends = Vec::new();
    for path in ["/events", "/api/status", "/openapi.json"] {
        let mut answer = closed.request("GET", path, "").await;
        assert_eq!(answer.status(), 200, "{path}");
        ends.push(async move { within("it is reset", answer.body_mut().data()).await });
    }
    for end in ends {
        assert!(matches!(end.await, Some(Err(error)) if error.is_reset()));
    }
    assert_eq!(other.request("GET", "/healthz", "").await.status(), 200);
}
