//! Sockets that outlive the process: whoever comes during a restart waits for a moment and is not refused.

use std::{
    net::{SocketAddr, TcpListener},
    os::fd::AsFd as _,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
};

use notifyhub_tests::{
    eventually,
    http::{RawClient, get},
    reader::{Reader, publish},
    server::{Launch, TestServer, run_to_end_with},
};
use tokio::net::{TcpSocket, TcpStream};

/// As systemd starts a service with a socket: LISTEN_PID is the process itself (sd_listen_fds(3)).
const ACTIVATE: [&str; 3] = ["sh", "-c", "LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\" \"$@\""];

/// Connects again and again until told to stop. Every single time it must come through, however long it takes.
struct Visitors {
    stop: Arc<AtomicBool>,
    visits: Arc<AtomicUsize>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Visitors {
    fn start(server: SocketAddr) -> Self {
        let (stop, visits) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let tasks = (0..4)
            .map(|_| {
                let (stop, visits) = (Arc::clone(&stop), Arc::clone(&visits));
                tokio::spawn(async move {
                    while !stop.load(SeqCst) {
                        let socket = TcpStream::connect(server).await.expect("nobody is refused");
                        let mut client = RawClient::over(socket);
                        client
                            .send("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                            .await;
                        assert_eq!(client.answer().await.status(), 200);
                        visits.fetch_add(1, SeqCst);
                    }
                })
            })
            .collect();
        Visitors { stop, visits, tasks }
    }

    async fn some_more(&self) {
        let before = self.visits.load(SeqCst);
        eventually("visitors come through", async || (self.visits.load(SeqCst) > before + 20).then_some(()))
            .await;
    }

    async fn end(self) {
        self.stop.store(true, SeqCst);
        for task in self.tasks {
            task.await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_socket_activation_a_restart_refuses_nobody() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let launch = Launch {
        under: &ACTIVATE,
        options: &["--drain", "300ms"],
        inherited: Some(&listener),
        ..Launch::default()
    };
    let mut server = TestServer::launch(launch);
    assert_eq!(server.socket_address(), address, "not on --port");
    let mut reader = Reader::start(&server.client()).await;
    publish(&server.client(), "before").await;
    let visitors = Visitors::start(address);
    visitors.some_more().await;
    assert!(server.stop().success());
    let between = tokio::spawn(async move { get(address, "/api/notifications").await });
    server.relaunch(launch);
    assert_eq!(between.await.unwrap().json()[0]["message"], "before");
    visitors.some_more().await;
    visitors.end().await;
    publish(&server.client(), "after").await;
    assert_eq!(reader.messages(2).await, ["before", "after"]);
}

/// A socket that nobody listens on (Accept=yes of systemd.socket(5), or a mistake) is told at once.
#[test]
fn a_socket_that_does_not_listen_is_told() {
    let bound = TcpSocket::new_v4().unwrap();
    bound.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let output = run_to_end_with(&ACTIVATE, bound.as_fd().try_clone_to_owned().unwrap());
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("do not listen"), "{said}");
}

/// Sockets that were meant for another process are not taken.
#[tokio::test]
async fn sockets_for_another_process_are_left_alone() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = TestServer::launch(Launch {
        under: &["env", "LISTEN_PID=1", "LISTEN_FDS=1"],
        inherited: Some(&listener),
        ..Launch::default()
    });
    assert_ne!(server.socket_address(), listener.local_addr().unwrap());
    assert_eq!(get(server.socket_address(), "/healthz").await.status(), 200);
}
