//! A connection between client and server that can be cut or made silent.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

use crate::eventually;

/// Passes connections on to a server until told otherwise.
pub struct Proxy {
    address: SocketAddr,
    state: Arc<State>,
    accepting: JoinHandle<()>,
}

struct State {
    server: SocketAddr,
    /// How many connections there were.
    accepted: AtomicUsize,
    /// Connections before this one no longer get anything from the server.
    silent_below: watch::Sender<usize>,
    /// Connections before this one are cut.
    cut_below: watch::Sender<usize>,
    /// New connections are closed at once.
    refuses: AtomicBool,
    /// How many bytes of answers the next connections let through before they are cut; one for each.
    allowances: std::sync::Mutex<Vec<usize>>,
}

impl Proxy {
    /// A proxy in front of this server.
    pub async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        let address = listener.local_addr().expect("it is bound");
        let state = Arc::new(State {
            server,
            accepted: AtomicUsize::new(0),
            silent_below: watch::Sender::new(0),
            cut_below: watch::Sender::new(0),
            refuses: AtomicBool::new(false),
            allowances: std::sync::Mutex::default(),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&state)));
        Proxy { address, state, accepting }
    }

    /// Where it listens, as users write it.
    pub fn address(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens.
    pub fn socket_address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections there were.
    pub fn accepted(&self) -> usize {
        self.state.accepted.load(SeqCst)
    }

    /// Waits until there were this many connections.
    pub async fn has_accepted(&self, count: usize) {
        eventually(&format!("there is connection number {count}"), async || {
            (self.accepted() >= count).then_some(())
        })
        .await;
    }

    /// Cuts the connections that are open.
    pub fn cut(&self) {
        self.state.cut_below.send_replace(self.accepted());
    }

    /// From now on nothing gets through from the server on the connections that are open.
    pub fn silence(&self) {
        self.state.silent_below.send_replace(self.accepted());
    }

    /// Cuts all connections, and takes no more until told otherwise.
    pub fn part(&self) {
        self.state.refuses.store(true, SeqCst);
        self.cut();
    }

    /// Takes connections again.
    pub fn join(&self) {
        self.state.refuses.store(false, SeqCst);
    }

    /// The next connection is cut after so many bytes from the server: at the first further one.
    pub fn cut_next_after(&self, bytes: usize) {
        self.state.allowances.lock().expect("no one panics with it in hand").push(bytes);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    while let Ok((client, _)) = listener.accept().await {
        let allowance = {
            let mut allowances = state.allowances.lock().expect("no one panics with it in hand");
            if allowances.is_empty() { usize::MAX } else { allowances.remove(0) }
        };
        let number = state.accepted.fetch_add(1, SeqCst);
        if state.refuses.load(SeqCst) {
            continue;
        }
        tokio::spawn(pass(client, number, allowance, Arc::clone(&state)));
    }
}

/// Ends, and with it both connections, when one side ends or the connection is to be cut.
async fn pass(client: TcpStream, number: usize, allowance: usize, state: Arc<State>) {
    let Ok(server) = TcpStream::connect(state.server).await else { return };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let mut cut = state.cut_below.subscribe();
    tokio::select! {
        _ = tokio::io::copy(&mut from_client, &mut to_server) => {}
        _ = cut.wait_for(|below| number < *below) => {}
        () = async {
            let mut left = allowance;
            let mut bytes = vec![0; 16 << 10];
            while let Ok(count @ 1..) = from_server.read(&mut bytes).await {
                if number < *state.silent_below.borrow() {
                    continue;
                }
                if to_client.write_all(&bytes[..count.min(left)]).await.is_err() || count > left {
                    break;
                }
                left -= count;
            }
        } => {}
    }
}
