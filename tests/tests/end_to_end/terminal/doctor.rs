//! `notifyhub doctor`: each thing that can be wrong is told by its name, with what to do about it.

use std::net::SocketAddr;

use notifyhub_tests::{
    command_line::{User, finish},
    http,
    proxy::Proxy,
    push::Pushed,
    reverse_proxy::{Kind, LOGIN, ReverseProxy},
    server::{TestServer, free_port},
    tls::own_certificate,
};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

async fn doctor(user: &User, arguments: &[&str]) -> Pushed {
    user.run(&[&["doctor"], arguments].concat()).await
}

/// What it says of each thing: its mark and what was found.
fn findings(pushed: &Pushed) -> Vec<(&str, &str)> {
    let lines = pushed.stdout.lines().skip(1).filter(|line| !line.starts_with(' '));
    lines.map(|line| line.split_once(": ").unwrap_or_else(|| panic!("{line}"))).collect()
}

fn found<'a>(pushed: &'a Pushed, check: &str) -> &'a str {
    let of_check = findings(pushed).into_iter().find(|(found, _)| *found == check);
    of_check.unwrap_or_else(|| panic!("nothing of {check:?}: {pushed:?}")).1
}

#[tokio::test]
async fn all_is_well_with_a_hub() {
    let (server, user) = (TestServer::start(&["--heartbeat", "1s"]), User::new());
    let url = server.address();
    let well = doctor(&user, &["--url", &url]).await;
    assert_eq!((well.code, &*well.stderr), (0, ""), "{well:?}");
    let checks: Vec<_> = findings(&well).iter().map(|(check, _)| *check).collect();
    assert_eq!(
        checks,
        [
            "✓ name",
            "✓ connection",
            "✓ hub",
            "✓ clock",
            "✓ token",
            "✓ round trip",
            "✓ stream",
            "✓ heartbeat",
            "✓ spool"
        ]
    );
    assert_eq!(found(&well, "✓ hub"), concat!("version ", env!("CARGO_PKG_VERSION")));
    assert_eq!(found(&well, "✓ heartbeat"), "it comes every 1s");
    let stored = http::get(server.socket_address(), "/api/notifications").await.json();
    assert_eq!(stored, serde_json::json!([]), "nothing is posted");

    let json = doctor(&user, &["--url", &url, "--json", "--quick"]).await;
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!((&json["hub"], &json["ok"]), (&Value::from(url), &Value::from(true)));
    assert!(json["checks"].as_array().unwrap().iter().all(|check| check["result"] == "ok"), "{json}");
}

/// Something else that speaks HTTP.
async fn another_server() -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let _ = client.read(&mut [0; 4096]).await;
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";
            let _ = client.write_all(answer).await;
        }
    });
    address
}

#[tokio::test]
async fn what_cannot_be_reached_is_told_by_where_it_ends() {
    let user = User::new();
    let nowhere = doctor(&user, &["--url", "http://no-such-host.invalid:9080"]).await;
    assert_eq!(nowhere.code, 1);
    assert!(found(&nowhere, "✗ name").starts_with("no-such-host.invalid cannot be found"), "{nowhere:?}");

    let port = free_port("127.0.0.1").to_string();
    let refused = doctor(&user, &["--host", "127.0.0.1", "--port", &port]).await;
    assert_eq!(refused.code, 1);
    assert!(found(&refused, "✗ connection").contains("refused"), "{refused:?}");
    assert!(refused.stdout.contains("Is the hub running (notifyhub-server)?"), "{refused:?}");

    let other = doctor(&user, &["--url", &format!("http://{}", another_server().await)]).await;
    assert_eq!(other.code, 1);
    assert!(found(&other, "✗ hub").starts_with("this is no hub"), "{other:?}");

    // TLS with what speaks none.
    let server = TestServer::start(&[]);
    let encrypted = doctor(&user, &["--url", &server.address().replace("http:", "https:")]).await;
    assert_eq!(encrypted.code, 1);
    assert!(encrypted.stdout.contains("✗ encryption: "), "{encrypted:?}");
    assert!(encrypted.stdout.contains("Does what listens there encrypt?"), "{encrypted:?}");
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_told_and_one_that_is_named_is_not() {
    let (server, user) = (TestServer::start(&["--tls-self-signed", "--heartbeat", "1s"]), User::new());
    let url = format!("https://localhost:{}", server.socket_address().port());
    let untrusted = doctor(&user, &["--url", &url]).await;
    assert_eq!(untrusted.code, 1);
    assert!(found(&untrusted, "✗ encryption").contains("certificate"), "{untrusted:?}");
    assert!(untrusted.stdout.contains("notifyhub.tls.pem"), "{untrusted:?}");
    let certificate = own_certificate(&server);
    let trusted = doctor(&user, &["--url", &url, "--ca-cert", certificate.to_str().unwrap()]).await;
    assert_eq!(trusted.code, 0, "{trusted:?}");
    assert_eq!(found(&trusted, "✓ encryption"), "the certificate is trusted");
}

#[tokio::test]
async fn a_wrong_token_is_told_without_a_post() {
    let token = "0123456789abcdef";
    let (server, user) = (TestServer::start(&["--publish-token", token]), User::new());
    let url = server.address();
    let wrong = doctor(&user, &["--quick", "--url", &url, "--token", "wrong-wrong-wrong"]).await;
    assert_eq!(wrong.code, 1);
    assert!(found(&wrong, "✗ token").contains("this one it does not take"), "{wrong:?}");
    assert!(!wrong.stdout.contains("wrong-wrong-wrong"));
    let right = doctor(&user, &["--quick", "--url", &url, "--token", token]).await;
    assert_eq!(right.code, 0, "{right:?}");
    assert_eq!(found(&right, "✓ token"), "this machine may post");
}

#[tokio::test]
async fn a_proxy_that_holds_the_stream_back_is_told() {
    let (server, user) = (TestServer::start(&["--heartbeat", "1s"]), User::new());
    let (login, password) = LOGIN;
    for (buffers, code) in [(false, 0), (true, 1)] {
        let proxy = if buffers {
            ReverseProxy::start_buffering_nginx(server.socket_address())
        } else {
            ReverseProxy::start(Kind::Nginx, server.socket_address())
        };
        let url = proxy.hub_address();
        let certificate = proxy.certificate();
        let looked = doctor(&user, &["--url", &url, "--ca-cert", certificate.to_str().unwrap()]).await;
        assert_eq!(looked.code, code, "{looked:?}");
        assert!(!looked.stdout.contains(password), "{looked:?}");
        if buffers {
            assert!(looked.stdout.contains("✗ stream: "), "{looked:?}");
            assert!(looked.stdout.contains("proxy_buffering off"), "{looked:?}");
        } else {
            assert_eq!(found(&looked, "✓ heartbeat"), "it comes every 1s");
        }
    }
    let proxy = ReverseProxy::start(Kind::Nginx, server.socket_address());
    let certificate = proxy.certificate();
    let plain = proxy.plain_address();
    let locked = doctor(&user, &["--url", &plain, "--ca-cert", certificate.to_str().unwrap()]).await;
    assert_eq!(locked.code, 1);
    assert!(locked.stdout.contains("a user and a password are asked for"), "{login}: {locked:?}");
}

#[tokio::test]
async fn a_heartbeat_that_does_not_come_is_told() {
    let (server, user) = (TestServer::start(&["--heartbeat", "1s"]), User::new());
    let proxy = Proxy::to(server.socket_address()).await;
    let url = proxy.address();
    let mut command = user.command(&["doctor", "--url", &url]);
    let child = command.spawn().unwrap();
    // From the first bytes of the stream on, nothing comes through any more.
    notifyhub_tests::eventually("the stream is open", async || {
        (http::open_streams(server.socket_address()).await == 1).then_some(())
    })
    .await;
    proxy.silence();
    let silent: Pushed = notifyhub_tests::within("it ends", child.wait_with_output()).await.unwrap().into();
    assert_eq!(silent.code, 1, "{silent:?}");
    assert!(
        silent.stdout.contains("✗ heartbeat: none came") || silent.stdout.contains("✗ stream: "),
        "{silent:?}"
    );
}

/// Passes requests on to a hub, and its answers back with another date.
async fn with_another_date(server: SocketAddr, date: &'static str) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let hub = tokio::net::TcpStream::connect(server).await.unwrap();
            let (mut from_client, mut to_client) = client.into_split();
            let (mut from_hub, mut to_hub) = hub.into_split();
            tokio::spawn(async move { tokio::io::copy(&mut from_client, &mut to_hub).await });
            tokio::spawn(async move {
                let mut bytes = vec![0; 64 << 10];
                while let Ok(count @ 1..) = from_hub.read(&mut bytes).await {
                    let mut text = String::from_utf8_lossy(&bytes[..count]).into_owned();
                    if let Some(start) = text.find("date: ") {
                        let end = start + text[start..].find("\r\n").unwrap();
                        text.replace_range(start..end, date);
                    }
                    if to_client.write_all(text.as_bytes()).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
    address
}

#[tokio::test]
async fn a_clock_that_is_wrong_is_told() {
    let (server, user) = (TestServer::start(&[]), User::new());
    for (date, side) in [
        ("date: Thu, 01 Jan 2099 00:00:00 GMT", "behind the hub's"),
        ("date: Thu, 01 Jan 2015 00:00:00 GMT", "ahead of the hub's"),
    ] {
        let address = with_another_date(server.socket_address(), date).await;
        let skewed = doctor(&user, &["--quick", "--url", &format!("http://{address}")]).await;
        assert!(found(&skewed, "! clock").ends_with(side), "{skewed:?}");
        assert_eq!(skewed.code, 0, "it works all the same");
    }
}

#[tokio::test]
async fn what_waits_to_be_sent_is_told() {
    let (mut server, user) = (TestServer::start(&[]), User::new());
    let url = server.address();
    server.stop();
    let kept =
        finish(&mut user.command(&["push", "--spool", "--timeout", "100ms", "--url", &url, "kept"])).await;
    assert_eq!(kept.code, 0, "{kept:?}");
    server.start_again(&[]);
    let waiting = doctor(&user, &["--quick", "--url", &url]).await;
    assert_eq!(found(&waiting, "! spool"), "1 delivery waits to be sent");
    assert_eq!(waiting.code, 0);
}
