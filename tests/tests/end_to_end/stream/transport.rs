//! What surrounds the stream on its connection: versions of HTTP, pipelining, bodies, and bytes that nobody
//! asked for. Each of these once broke someone who took a socket away from an HTTP library.

use notifyhub_tests::{
    events::{Block, RawEvents},
    eventually,
    http::{End, RawClient, get, open_streams, request},
    server::TestServer,
    within,
};

use super::{delete, epoch, open, publish};

/// Hello's delay is random.
fn without_retry(mut blocks: Vec<Block>) -> Vec<String> {
    blocks.retain(|block| block.event() != "heartbeat");
    blocks
        .into_iter()
        .map(|block| block.text.lines().skip_while(|line| line.starts_with("retry: ")).collect())
        .map(without_now)
        .collect()
}

/// And so is its time.
fn without_now(block: String) -> String {
    match (block.find("\"now\""), block.find("\"version\"")) {
        (Some(start), Some(end)) if block.contains("event: hello") => {
            [&block[..start], &block[end..]].concat()
        }
        _ => block,
    }
}

/// One leaves hyper, the other stays: after decoding they must be the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn http_1_0_and_1_1_carry_the_same_bytes() {
    let mut server = TestServer::start(&["--drain", "500ms", "--max-notifications", "20"]);
    let epoch = epoch(&server).await;
    for n in 0..30 {
        publish(&server, &format!("before {n} \0\r\n🎉")).await;
    }
    let mut pairs = Vec::new();
    for query in
        [String::new(), "?limit=3".into(), format!("?last_event_id={epoch}-15"), "?lastEventId=x".into()]
    {
        let path = format!("/events{query}");
        let mut pair = Vec::new();
        for version in ["HTTP/1.0", "HTTP/1.1"] {
            let events = RawEvents::open_as(version, server.socket_address(), &path, &[]).await;
            let is_chunked = events.head.header("transfer-encoding").is_some();
            assert_eq!(is_chunked, version == "HTTP/1.1", "{:?}", events.head);
            pair.push(tokio::spawn(async move {
                let mut events = events;
                events.rest().await
            }));
        }
        pairs.push((path, pair));
    }
    for n in 0..100 {
        let stored: serde_json::Value =
            serde_json::from_str(&publish(&server, &format!("live {n}")).await).unwrap();
        if n % 10 == 9 {
            delete(&server, &format!("/api/notifications/{}", stored["id"].as_str().unwrap())).await;
        }
    }
    delete(&server, "/api/notifications").await;
    publish(&server, "the last one").await;
    assert!(server.stop().success());
    for (path, pair) in pairs {
        let mut read = Vec::new();
        for task in pair {
            let (blocks, end) = task.await.unwrap();
            assert_eq!(end, End::Orderly, "{path}");
            assert_eq!(blocks.last().unwrap().message(), "the last one");
            read.push(without_retry(blocks));
        }
        assert!(read[0].len() > 100);
        assert_eq!(read[0], read[1], "{path}");
    }
}

#[tokio::test]
async fn requests_in_front_of_the_stream_are_all_answered_first() {
    let server = TestServer::start(&[]);
    let mut client = RawClient::connect(server.socket_address()).await;
    client
        .send(
            "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n\
             POST /api/notifications HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Content-Length: 15\r\n\r\n{\"message\":\"x\"}\
             GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n\
             GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n\
             GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n",
        )
        .await;
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(client.answer().await.status());
    }
    assert_eq!(statuses, [200, 201, 200, 404]);
    let mut events = RawEvents::over(client).await;
    assert_eq!(events.next().await.event(), "hello");
    assert_eq!(events.next().await.data()[0]["message"], "x");
    publish(&server, "live").await;
    assert_eq!(events.next().await.message(), "live");
}

/// The stream is the last answer on its connection: what comes after its request is neither answered nor
/// taken for anything.
#[tokio::test]
async fn bytes_behind_the_request_are_not_misread() {
    let server = TestServer::start(&[]);
    let mut client = RawClient::connect(server.socket_address()).await;
    client.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\nDELETE /api/notifications HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    let mut events = RawEvents::over(client).await;
    assert_eq!(events.next().await.event(), "hello");
    assert_eq!(events.next().await.event(), "init");
    for n in 0..3 {
        publish(&server, &n.to_string()).await;
        assert_eq!(events.next().await.message(), n.to_string());
    }
    assert_eq!(get(server.socket_address(), "/api/notifications").await.json().as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_reader_that_talks_without_end_is_cut_off() {
    let server = TestServer::start(&[]);
    let mut client = RawClient::connect(server.socket_address()).await;
    client.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert_eq!(client.head().await.status, 200);
    eventually("the stream is open", async || {
        (open_streams(server.socket_address()).await == 1).then_some(())
    })
    .await;
    let mut socket = client.into_socket();
    let talking = async {
        use tokio::io::AsyncWriteExt as _;
        while socket.write_all(&[b'x'; 4096]).await.is_ok() {}
    };
    within("the connection is closed", talking).await;
    eventually("the stream is gone", async || {
        (open_streams(server.socket_address()).await == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_body_on_the_request_is_read_and_ignored() {
    let server = TestServer::start(&[]);
    for body in [
        "Content-Length: 5\r\n\r\nhello",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "Content-Length: 0\r\n\r\n",
    ] {
        let mut client = RawClient::connect(server.socket_address()).await;
        client.send(format!("GET /events HTTP/1.1\r\nHost: localhost\r\n{body}")).await;
        let mut events = RawEvents::over(client).await;
        assert_eq!(events.next().await.event(), "hello", "{body}");
        assert_eq!(events.next().await.event(), "init", "{body}");
        let message = publish(&server, "live").await;
        assert_eq!(events.next().await.field("data"), Some(message.as_str()), "{body}");
        assert_eq!(delete(&server, "/api/notifications").await.status(), 200);
    }
    let too_much = request(server.socket_address(), "GET", "/events", &[], vec![b'x'; (64 << 10) + 1]).await;
    assert_eq!((too_much.status(), &too_much.json()["code"]), (413, &"body_too_large".into()));
}

#[tokio::test]
async fn a_request_that_arrives_byte_by_byte_opens_a_stream() {
    let server = TestServer::start(&[]);
    let mut client = RawClient::connect(server.socket_address()).await;
    for byte in
        b"GET /events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAccept-Encoding: br, gzip\r\n\r\n"
    {
        client.send([*byte]).await;
    }
    let mut events = RawEvents::over(client).await;
    assert_eq!(events.head.header("content-encoding"), None);
    assert_eq!(events.next().await.event(), "hello");
    assert_eq!(events.next().await.event(), "init");
}

#[tokio::test]
async fn head_shows_the_headers_and_opens_nothing() {
    let server = TestServer::start(&[]);
    let mut client = RawClient::connect(server.socket_address()).await;
    client
        .send("HEAD /events HTTP/1.1\r\nHost: localhost\r\n\r\nGET /api/status HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await;
    let head = client.head_alone().await;
    assert_eq!((head.status, head.header("content-type")), (200, Some("text/event-stream")));
    let status = client.answer().await;
    assert_eq!(status.json()["connections"], 0, "{status:?}");
}

#[tokio::test]
async fn other_methods_are_refused() {
    let server = TestServer::start(&[]);
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        let refused = request(server.socket_address(), method, "/events", &[], "").await;
        assert_eq!((refused.status(), refused.head.header("allow")), (405, Some("GET, HEAD")), "{method}");
        assert_eq!(refused.json()["code"], "method_not_allowed");
    }
}

/// 204 tells an EventSource not to come back (WHATWG HTML, section 9.2.2); it then polls.
#[tokio::test]
async fn streaming_can_be_switched_off() {
    let server = TestServer::start(&["--no-sse"]);
    let off = get(server.socket_address(), "/events").await;
    assert_eq!((off.status(), off.body.as_slice()), (204, &b""[..]));
    publish(&server, "polled").await;
    assert_eq!(get(server.socket_address(), "/api/notifications").await.json()[0]["message"], "polled");
    assert_eq!(get(server.socket_address(), "/api/status").await.json()["streaming"], false);
}

#[tokio::test]
async fn a_reader_that_leaves_is_forgotten() {
    // Under HTTP/1.0, where a client may close its sending side and read on, only a write finds out.
    let server = TestServer::start(&["--heartbeat", "1s"]);
    let address = server.socket_address();
    let mut streams = Vec::new();
    for version in ["HTTP/1.0", "HTTP/1.1", "HTTP/1.1"] {
        streams.push(RawEvents::open_as(version, address, "/events", &[]).await);
    }
    assert_eq!(open_streams(address).await, 3);
    while let Some(leaving) = streams.pop() {
        drop(leaving);
        let left = streams.len() as u64;
        eventually("the hub notices", async || (open_streams(address).await == left).then_some(())).await;
    }
}

/// Fifty resume at once while posts go on: each has every event from its place on, once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_resume_at_once_each_from_its_own_place() {
    let server = TestServer::start(&[]);
    let epoch = epoch(&server).await;
    for n in 1..=100 {
        publish(&server, &n.to_string()).await;
    }
    let mut reading = Vec::new();
    for place in (0..100).step_by(2) {
        let mut events = open(&server, &format!("/events?last_event_id={epoch}-{place}")).await;
        reading.push(tokio::spawn(async move {
            assert_eq!(events.next().await.data()["missed"], 100 - place);
            for n in place + 1..=120 {
                assert_eq!(events.next().await.message(), n.to_string());
            }
        }));
    }
    for n in 101..=120 {
        publish(&server, &n.to_string()).await;
    }
    for reading in reading {
        reading.await.unwrap();
    }
}
