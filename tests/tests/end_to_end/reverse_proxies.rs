//! The hub behind nginx, Caddy and HAProxy, with the configurations of `deploy/`: encrypted, under a path, with a
//! password. Each test runs once for each of them.

use std::{
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};

use notifyhub_sdk::{Client, Event, Subscribe as _, SubscribeError};
use notifyhub_tests::{
    eventually,
    http::{metric, post},
    push,
    reader::{Reader, publish},
    reverse_proxy::{Kind, LOGIN, ReverseProxy},
    server::TestServer,
    tls::{Http2, read_until},
    within,
};

macro_rules! behind_each_proxy {
    ($($test:ident),* $(,)?) => {
        behind_each_proxy!(@ nginx Nginx $($test)*);
        behind_each_proxy!(@ caddy Caddy $($test)*);
        behind_each_proxy!(@ haproxy HaProxy $($test)*);
    };
    (@ $module:ident $kind:ident $($test:ident)*) => {
        mod $module {
            use notifyhub_tests::reverse_proxy::Kind;

            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    super::$test(Kind::$kind).await;
                }
            )*
        }
    };
}

behind_each_proxy!(
    events_are_not_held_back,
    a_location_leads_to_what_was_posted,
    heartbeats_keep_a_stream_open_that_says_nothing_else,
    whoever_comes_back_has_missed_nothing,
    a_hub_that_restarts_is_waited_for,
    the_hub_knows_whom_the_proxy_speaks_for,
    the_name_that_is_asked_for_reaches_the_hub,
    without_the_password_nothing_is_had,
);

/// How much later a median event may be than without the proxy. HAProxy without `http-no-delay` takes 200 ms.
const HELD_BACK: Duration = Duration::from_millis(100);

async fn events_are_not_held_back(kind: Kind) {
    let server = TestServer::start(&[]);
    let proxy = ReverseProxy::start(kind, server.socket_address());
    let direct = server.client();
    let mut reader = Reader::start(&direct).await;
    let mut behind = Reader::start(&proxy.client()).await;
    // As browsers have it: over HTTP/2.
    let client = Http2::connect_to(proxy.socket_address(), &proxy.certificate(), 1 << 20).await;
    let request = http::Request::get("https://localhost/hub/events").header("authorization", basic(LOGIN));
    let stream = client.send(request.body(()).unwrap(), "").await.unwrap();
    assert_eq!(stream.status(), 200);
    let mut stream = stream.into_body();
    read_until(&mut stream, "event: init").await.unwrap();

    let (mut later, mut later_over_http2) = (Vec::new(), Vec::new());
    for n in 0..21 {
        let message = format!("Message {n}.");
        let at_reader = async {
            assert_eq!(reader.message().await, message);
            Instant::now()
        };
        let at_behind = async {
            assert_eq!(behind.message().await, message);
            Instant::now()
        };
        let over_http2 = async {
            read_until(&mut stream, &message).await.unwrap();
            Instant::now()
        };
        let (_, first, second, third) =
            tokio::join!(publish(&direct, &message), at_reader, at_behind, over_http2);
        later.push(second.saturating_duration_since(first));
        later_over_http2.push(third.saturating_duration_since(first));
    }
    assert_not_held_back(later);
    assert_not_held_back(later_over_http2);
}

fn assert_not_held_back(mut later: Vec<Duration>) {
    later.sort_unstable();
    let median = later[later.len() / 2];
    assert!(median < HELD_BACK, "{later:?}");
}

/// HAProxy gathers what it sends, but not where it encrypts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_are_not_held_back_where_haproxy_does_not_encrypt() {
    let server = TestServer::start(&[]);
    let proxy = ReverseProxy::start_unencrypted_haproxy(server.socket_address());
    let direct = server.client();
    let mut reader = Reader::start(&direct).await;
    let mut behind = Reader::start(&proxy.client()).await;
    let mut later = Vec::new();
    for n in 0..21 {
        let at_reader = async {
            reader.message().await;
            Instant::now()
        };
        let at_behind = async {
            behind.message().await;
            Instant::now()
        };
        let message = n.to_string();
        let (_, first, second) = tokio::join!(publish(&direct, &message), at_reader, at_behind);
        later.push(second.saturating_duration_since(first));
    }
    assert_not_held_back(later);
}

fn basic((user, password): (&str, &str)) -> String {
    // The one login that is tested: `desk:secret` in base64.
    assert_eq!((user, password), LOGIN);
    "Basic ZGVzazpzZWNyZXQ=".to_owned()
}

async fn a_location_leads_to_what_was_posted(kind: Kind) {
    let server = TestServer::start(&[]);
    let proxy = ReverseProxy::start(kind, server.socket_address());
    let http = proxy.http_client_from([127, 0, 0, 1].into());
    let get = async |url: reqwest::Url| {
        http.get(url).basic_auth(LOGIN.0, Some(LOGIN.1)).send().await.expect("an answer")
    };
    let posted = http
        .post(format!("{}/api/notifications", proxy.plain_address()))
        .basic_auth(LOGIN.0, Some(LOGIN.1))
        .header("Content-Type", "application/json")
        .body(r#"{"message":"Hello"}"#)
        .send()
        .await
        .unwrap();
    assert_eq!(posted.status(), 201);
    let location = posted.headers()["location"].to_str().unwrap();
    let followed = get(posted.url().join(location).unwrap()).await;
    assert_eq!(followed.status(), 200, "{location}");
    assert_eq!(followed.bytes().await.unwrap(), posted.bytes().await.unwrap());
    // The page uses relative addresses: it needs the slash.
    let page = get(proxy.plain_address().parse().unwrap()).await;
    assert!(page.url().path().ends_with("/hub/"), "{page:?}");
    for path in ["openapi.json", "docs"] {
        assert_eq!(get(page.url().join(path).unwrap()).await.status(), 200, "{path}");
    }
}

/// In these tests an answer may be silent for this long, where the proxy has such a limit; 60 s in the files.
const PROXY_TIMEOUT: &str = "3s";

async fn heartbeats_keep_a_stream_open_that_says_nothing_else(kind: Kind) {
    let server = TestServer::start(&["--heartbeat", "1s"]);
    let proxy = ReverseProxy::start_with_timeout(kind, server.socket_address(), PROXY_TIMEOUT);
    let mut reader = Reader::start(&proxy.client()).await;
    // Twice as long as the limit, and more.
    for n in 0..7 {
        let event = reader.event().await;
        assert!(matches!(event, Event::Heartbeat(_)), "{n} heartbeats, then {event:?}");
    }
    publish(&server.client(), "after a while").await;
    assert_eq!(reader.message().await, "after a while");
    if kind == Kind::Caddy {
        return;
    }
    // That limit holds: a stream with no heartbeats is cut.
    let silent = TestServer::start(&["--heartbeat", "1h"]);
    let proxy = ReverseProxy::start_with_timeout(kind, silent.socket_address(), PROXY_TIMEOUT);
    let mut reader = Reader::start(&proxy.client()).await;
    assert!(reader.hello().await.resumed, "it came back");
}

async fn whoever_comes_back_has_missed_nothing(kind: Kind) {
    let server = TestServer::start(&[]);
    let mut proxy = ReverseProxy::start(kind, server.socket_address());
    let direct = server.client();
    let mut reader = Reader::start(&proxy.client()).await;
    let mut n = 0;
    for _ in 0..2 {
        publish(&direct, &n.to_string()).await;
        assert_eq!(reader.message().await, n.to_string());
        proxy.kill();
        for missed in n + 1..=n + 5 {
            publish(&direct, &missed.to_string()).await;
        }
        proxy.start_again();
        let expected: Vec<_> = (n + 1..=n + 5).map(|n| n.to_string()).collect();
        assert_eq!(reader.messages(5).await, expected);
        n += 6;
    }
}

async fn a_hub_that_restarts_is_waited_for(kind: Kind) {
    let mut server = TestServer::start(&[]);
    let proxy = ReverseProxy::start(kind, server.socket_address());
    let mut reader = Reader::start(&proxy.client()).await;
    publish(&proxy.client(), "before").await;
    assert_eq!(reader.message().await, "before");
    server.stop();
    // Meanwhile the proxy answers by itself.
    let away = proxy.client().healthz().send().await.unwrap_err();
    assert!(away.status().is_some_and(|status| status.is_server_error()), "{away}");
    let (url, certificate) = (proxy.hub_address(), proxy.certificate());
    let posting = tokio::spawn(async move {
        let certificate = certificate.to_str().unwrap();
        push::push(&["--url", &url, "--ca-cert", certificate, "--timeout", "25s", "meanwhile"]).await
    });
    server.start_again(&[]);
    let pushed = posting.await.unwrap();
    assert_eq!(pushed.code, 0, "{}", pushed.stderr);
    assert_eq!(reader.message().await, "meanwhile");
    publish(&server.client(), "after").await;
    assert_eq!(reader.message().await, "after", "and it was posted once");
}

async fn the_hub_knows_whom_the_proxy_speaks_for(kind: Kind) {
    let server = TestServer::start(&["--trusted-proxy", "127.0.0.1", "--publish-rate", "2/h"]);
    let proxy = ReverseProxy::start(kind, server.socket_address());
    let post = async |from: IpAddr| {
        let request = proxy
            .http_client_from(from)
            .post(format!("{}/api/notifications", proxy.hub_address()))
            .header("Content-Type", "application/json")
            // Whatever a client invents, the proxy's word is the last one.
            .header("X-Forwarded-For", "192.0.2.1")
            .body(r#"{"message":"Hello"}"#);
        request.send().await.unwrap().status().as_u16()
    };
    let (one, other) = ([127, 0, 0, 2].into(), [127, 0, 0, 3].into());
    assert_eq!([post(one).await, post(one).await, post(one).await], [201, 201, 429]);
    assert_eq!([post(other).await, post(other).await, post(other).await], [201, 201, 429]);
}

async fn the_name_that_is_asked_for_reaches_the_hub(kind: Kind) {
    let asked = async |hub: SocketAddr| {
        let proxy = ReverseProxy::start(kind, hub);
        let request = proxy
            .http_client_from([127, 0, 0, 1].into())
            .post(format!("{}/api/notifications", proxy.hub_address()))
            .header("Content-Type", "application/json")
            .header("Host", "hub.example.com")
            // A page of the hub itself, in a browser that says no more than that.
            .header("Origin", "https://hub.example.com")
            .body(r#"{"message":"Hello"}"#);
        request.send().await.unwrap().status().as_u16()
    };
    let named = TestServer::start(&["--allowed-host", "hub.example.com"]);
    assert_eq!(asked(named.socket_address()).await, 201);
    let unnamed = TestServer::start(&[]);
    assert_eq!(asked(unnamed.socket_address()).await, 421);
}

async fn without_the_password_nothing_is_had(kind: Kind) {
    let server = TestServer::start(&[]);
    let proxy = ReverseProxy::start(kind, server.socket_address());
    let wrong = proxy.hub_address().replace(LOGIN.1, "wrong");
    for address in [proxy.plain_address(), wrong.clone()] {
        let client: Client = proxy.client_of(&address);
        let refused = client.status().send().await.unwrap_err();
        assert_eq!(refused.status().map(|status| status.as_u16()), Some(401), "{address}");
        let ended = Reader::of(client.subscribe()).result().await;
        let Err(SubscribeError::Refused(reason)) = ended else { panic!("{ended:?}") };
        assert!(reason.contains("a user and a password"), "{reason}");
    }
    let certificate = proxy.certificate();
    let certificate = certificate.to_str().unwrap();
    for address in [&proxy.plain_address(), &wrong] {
        let pushed = push::push(&["--url", address, "--ca-cert", certificate, "Hello"]).await;
        assert_eq!(pushed.code, 1);
        assert!(pushed.stderr.contains("https://USER:PASSWORD@"), "{}", pushed.stderr);
        assert!(!pushed.stderr.contains("wrong"), "the password is not repeated: {}", pushed.stderr);
    }
    let right = proxy.hub_address();
    let pushed = push::push(&["--url", &right, "--ca-cert", certificate, "Hello"]).await;
    assert_eq!(pushed.code, 0, "{}", pushed.stderr);
    let token = ["--url", &right, "--ca-cert", certificate, "--token", "0123456789abcdef", "Hello"];
    let pushed = push::push(&token).await;
    assert_eq!(pushed.code, 2);
    assert!(pushed.stderr.contains("same header") && !pushed.stderr.contains(LOGIN.1), "{}", pushed.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_readers_behind_one_proxy() {
    // HAProxy notices that a reader is gone when it cannot pass on the next bytes.
    let server = TestServer::start(&["--heartbeat", "1s"]);
    let proxy = ReverseProxy::start(Kind::HaProxy, server.socket_address());
    let client = proxy.client();
    let mut readers = Vec::new();
    for _ in 0..50 {
        readers.push(Reader::start(&client).await);
    }
    let direct = server.socket_address();
    assert_eq!(metric(direct, "notifyhub_streams_open").await, 50);
    assert_eq!(post(direct, "/api/notifications", r#"{"message":"to all"}"#).await.status(), 201);
    for reader in &mut readers {
        assert_eq!(within("it is there", reader.message()).await, "to all");
    }
    drop(readers);
    eventually("the hub knows that they are gone", async || {
        (metric(direct, "notifyhub_streams_open").await == 0).then_some(())
    })
    .await;
}
