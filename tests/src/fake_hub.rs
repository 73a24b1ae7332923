//! A server that is made up by the test: it answers each connection as it is told.

use tokio::net::TcpListener;

use crate::{http::RawClient, within};

/// Takes connections, one at a time.
pub struct FakeHub {
    listener: TcpListener,
}

impl FakeHub {
    /// Listens.
    pub async fn start() -> Self {
        FakeHub { listener: TcpListener::bind("127.0.0.1:0").await.expect("there is a free port") }
    }

    /// Where it listens, as users write it.
    pub fn address(&self) -> String {
        format!("http://{}", self.listener.local_addr().expect("it is bound"))
    }

    /// The next request, with its head read.
    pub async fn request(&self) -> Request {
        let (socket, _) = within("a client connects", self.listener.accept()).await.expect("accepted");
        let mut connection = RawClient::over(socket);
        let head = connection.request_head().await;
        Request { connection, head }
    }
}

/// A request to be answered.
pub struct Request {
    connection: RawClient,
    /// Request line and headers.
    pub head: String,
}

impl Request {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.head.lines().filter_map(|line| line.split_once(": "));
        headers.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Answers, and ends the connection.
    pub async fn answer(self, status: &str, headers: &str, body: &str) {
        self.answer_in_part(status, headers, body, body.len()).await;
    }

    /// Answers with the beginning of a body of this length, and ends the connection.
    pub async fn answer_in_part(mut self, status: &str, headers: &str, body: &str, length: usize) {
        self.connection
            .send(format!(
                "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
            ))
            .await;
    }

    /// Begins an event stream, which goes on until what is returned is dropped.
    pub async fn stream(mut self, events: &str) -> RawClient {
        self.connection
            .send(format!("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n{events}"))
            .await;
        self.connection
    }
}
