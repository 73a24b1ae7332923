//! Clients by others as processes that print what they receive. They need Python and Node packages, which `make
//! test-rust` installs.

use std::{path::Path, process::Stdio};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

use crate::within;

/// What such a client is written with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Library {
    /// npm's `eventsource`.
    Eventsource,
    /// PyPI's `httpx-sse`.
    HttpxSse,
}

/// A program that prints what it receives.
pub struct ThirdParty {
    lines: Lines<BufReader<ChildStdout>>,
    _process: Child,
}

impl ThirdParty {
    /// Starts one that reads the event stream at this address.
    pub fn start(library: Library, url: &str) -> Self {
        let python = || std::env::var("TEST_PYTHON").unwrap_or_else(|_| "python3".into());
        let (interpreter, script) = match library {
            Library::Eventsource => ("node".into(), "read_with_eventsource.mjs"),
            Library::HttpxSse => (python(), "read_with_httpx_sse.py"),
        };
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients");
        let mut process = Command::new(&interpreter)
            .arg(directory.join(script))
            .arg(url)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| {
                panic!("{interpreter}: {error}; run `make test-rust`, which installs what it needs")
            });
        let stdout = process.stdout.take().expect("it is a pipe");
        ThirdParty { lines: BufReader::new(stdout).lines(), _process: process }
    }

    /// The next event: its name, the last event id, and its data. `None`: the program has ended.
    pub async fn next(&mut self) -> Option<Value> {
        let line = self.lines.next_line().await.ok()??;
        Some(serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}")))
    }

    /// The next one must be this event; its data is returned.
    pub async fn expect(&mut self, name: &str) -> Value {
        let event = within("the client prints an event", self.next()).await;
        let mut event = event.expect("the client goes on");
        assert_eq!(event["event"], name, "{event}");
        event["data"].take()
    }

    /// The next one must be a notification with this message.
    pub async fn expect_message(&mut self, message: &str) {
        assert_eq!(self.expect("notification").await["message"], message);
    }
}
