//! Clients by others, unchanged, receive everything and resume. They need Python and Node packages, which
//! `make test-rust` installs.

use std::{path::Path, process::Stdio};

use notifyhub_tests::{proxy::Proxy, reader::publish, server::TestServer, within};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

/// A program that prints what it receives.
struct ThirdParty {
    lines: Lines<BufReader<ChildStdout>>,
    _process: Child,
}

impl ThirdParty {
    fn start(interpreter: &str, script: &str, url: &str) -> Self {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients");
        let mut process = Command::new(interpreter)
            .arg(directory.join(script))
            .arg(url)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| {
                panic!("{interpreter}: {error}; run `make test-rust`, which installs what it needs")
            });
        let stdout = process.stdout.take().expect("it is a pipe");
        ThirdParty { lines: BufReader::new(stdout).lines(), _process: process }
    }

    async fn event(&mut self) -> Value {
        let line = within("the client prints an event", self.lines.next_line()).await.unwrap();
        serde_json::from_str(&line.expect("the client goes on")).unwrap()
    }

    /// The next one must be this event; its data is returned.
    async fn expect(&mut self, name: &str) -> Value {
        let mut event = self.event().await;
        assert_eq!(event["event"], name, "{event}");
        event["data"].take()
    }

    async fn expect_message(&mut self, message: &str) {
        assert_eq!(self.expect("notification").await["message"], message);
    }
}

/// Receives, is cut off and comes back, sees the hub restart and be wiped.
async fn receives_everything_once(interpreter: &str, script: &str) {
    let mut server = TestServer::start(&["--drain", "200ms"]);
    let client = server.client();
    publish(&client, "stored").await;
    let proxy = Proxy::to(server.socket_address()).await;
    let mut reader = ThirdParty::start(interpreter, script, &format!("{}/events", proxy.address()));

    assert_eq!(reader.expect("hello").await["reason"], "fresh");
    assert_eq!(reader.expect("init").await[0]["message"], "stored");
    for text in ["live", "two\nlines\r\n\r🎉 \u{2028}\0\"'", "third"] {
        publish(&client, text).await;
        reader.expect_message(text).await;
    }

    proxy.cut();
    for n in 0..20 {
        publish(&client, &format!("missed {n}")).await;
    }
    let hello = reader.expect("hello").await;
    assert_eq!((&hello["reason"], &hello["missed"]), (&"resumed".into(), &20.into()));
    for n in 0..20 {
        reader.expect_message(&format!("missed {n}")).await;
    }

    assert!(server.stop().success());
    server.start_again(&["--drain", "200ms"]);
    publish(&client, "after the restart").await;
    assert_eq!(reader.expect("hello").await["reason"], "resumed");
    reader.expect_message("after the restart").await;
    client.clear().send().await.unwrap();
    reader.expect("cleared").await;

    server.kill();
    for entry in std::fs::read_dir(server.data_directory()).unwrap() {
        std::fs::remove_file(entry.unwrap().path()).unwrap();
    }
    server.start_again(&[]);
    publish(&client, "a new log").await;
    assert_eq!(reader.expect("hello").await["reason"], "unknown");
    assert_eq!(reader.expect("init").await[0]["message"], "a new log");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn httpx_sse_receives_everything_once() {
    let python = std::env::var("TEST_PYTHON").unwrap_or_else(|_| "python3".into());
    receives_everything_once(&python, "read_with_httpx_sse.py").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eventsource_for_node_receives_everything_once() {
    receives_everything_once("node", "read_with_eventsource.mjs").await;
}
