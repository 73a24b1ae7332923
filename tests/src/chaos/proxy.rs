//! A proxy that cuts, resets, delays, splits and goes silent: each connection has a mood of its own, which the seed and
//! the connection's number decide.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinHandle,
};

use super::dice::{dice, log_uniform};

/// Connections with moods.
pub(crate) struct MoodyProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

struct Shared {
    server: SocketAddr,
    seed: u64,
    name: String,
    /// The most bytes of answers after which a connection comes to its end.
    max_bytes: u32,
    is_calm: AtomicBool,
    has_begun: watch::Sender<bool>,
    accepted: AtomicUsize,
    deeds: Mutex<Deeds>,
}

/// What a proxy has done.
#[derive(Clone, Copy, Debug, Default)]
pub struct Deeds {
    /// Connections that it took.
    pub connections: usize,
    /// Connections that were ended in order, in the middle of an answer.
    pub cut: usize,
    /// Connections that were reset.
    pub reset: usize,
    /// Connections that were reset in the middle of a request.
    pub cut_requests: usize,
    /// Connections on which nothing came through any more.
    pub muted: usize,
    /// Connections from whose server nothing was taken any more.
    pub deafened: usize,
    /// Connections that were slow.
    pub delayed: usize,
    /// Connections whose bytes came in small pieces.
    pub split: usize,
}

impl std::ops::AddAssign for Deeds {
    fn add_assign(&mut self, other: Self) {
        self.connections += other.connections;
        self.cut += other.cut;
        self.reset += other.reset;
        self.cut_requests += other.cut_requests;
        self.muted += other.muted;
        self.deafened += other.deafened;
        self.delayed += other.delayed;
        self.split += other.split;
    }
}

/// How a connection ends, if the hub and the client let it live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    None,
    Cut,
    Reset,
    CutRequest,
    Mute,
    Deaf,
}

#[derive(Clone, Copy, Debug)]
struct Mood {
    ending: Ending,
    /// How many bytes come through before that.
    after: usize,
    /// The longest that each piece is held back.
    delay: Option<Duration>,
    /// The most bytes in a piece.
    piece: Option<usize>,
}

const CALM: Mood = Mood { ending: Ending::None, after: usize::MAX, delay: None, piece: None };

impl MoodyProxy {
    /// A proxy in front of this server, calm until [`MoodyProxy::begin`].
    pub(crate) async fn to(server: SocketAddr, seed: u64, name: &str, max_bytes: u32) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        let address = listener.local_addr().expect("it is bound");
        let shared = Arc::new(Shared {
            server,
            seed,
            name: name.to_owned(),
            max_bytes,
            is_calm: AtomicBool::new(true),
            has_begun: watch::Sender::new(false),
            accepted: AtomicUsize::new(0),
            deeds: Mutex::default(),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        MoodyProxy { address, shared, accepting }
    }

    /// Where it listens, as users write it.
    pub(crate) fn address(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on connections have moods; those that are open have to come back.
    pub(crate) fn begin(&self) {
        self.shared.is_calm.store(false, SeqCst);
        self.shared.has_begun.send_replace(true);
    }

    /// From now on new connections have none.
    pub(crate) fn calm_down(&self) {
        self.shared.is_calm.store(true, SeqCst);
    }

    /// What it has done so far.
    pub(crate) fn deeds(&self) -> Deeds {
        *self.shared.deeds.lock().expect("no one panics with them in hand")
    }
}

impl Drop for MoodyProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Shared {
    fn mood(&self) -> Mood {
        let number = self.accepted.fetch_add(1, SeqCst);
        if self.is_calm.load(SeqCst) {
            return CALM;
        }
        let mut dice = dice(self.seed, &self.name, number);
        let ending = match dice.u32(..100) {
            0..35 => Ending::Cut,
            35..60 => Ending::Reset,
            60..70 => Ending::CutRequest,
            70..80 => Ending::Mute,
            80..85 => Ending::Deaf,
            _ => Ending::None,
        };
        let is_quiet = matches!(ending, Ending::Mute | Ending::Deaf);
        // One that is silent from the beginning is given up late, for nobody knows its heartbeat: that is rare.
        let least = if is_quiet && dice.u32(..10) > 0 { 2000 } else { 1 };
        let after = log_uniform(&mut dice, least, self.max_bytes);
        let delay = (dice.u32(..10) < 3).then(|| Duration::from_millis(dice.u64(1..40)));
        let piece = (dice.u32(..10) < 3).then(|| dice.usize(1..500));
        Mood { ending, after, delay, piece }
    }

    fn count(&self, change: impl FnOnce(&mut Deeds)) {
        change(&mut self.deeds.lock().expect("no one panics with them in hand"));
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((client, _)) = listener.accept().await {
        let mood = shared.mood();
        shared.count(|deeds| {
            deeds.connections += 1;
            deeds.delayed += usize::from(mood.delay.is_some());
            deeds.split += usize::from(mood.piece.is_some());
        });
        tokio::spawn(pass(client, mood, Arc::clone(&shared)));
    }
}

/// Ends, and with it both connections, when one side ends or the mood says so.
async fn pass(client: TcpStream, mood: Mood, shared: Arc<Shared>) {
    let Ok(server) = TcpStream::connect(shared.server).await else { return };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (mut from_client, to_client) = client.into_split();
    let (from_server, mut to_server) = server.into_split();
    let mut has_begun = shared.has_begun.subscribe();
    let is_early = !*has_begun.borrow_and_update();
    let requests = async {
        let ends = mood.ending == Ending::CutRequest;
        let mut left = if ends { mood.after % 2000 } else { usize::MAX };
        let mut bytes = vec![0; 4 << 10];
        while let Ok(count @ 1..) = from_client.read(&mut bytes).await {
            if to_server.write_all(&bytes[..count.min(left)]).await.is_err() {
                return;
            }
            if count > left {
                shared.count(|deeds| deeds.cut_requests += 1);
                return;
            }
            left -= count;
        }
    };
    let resets = tokio::select! {
        () = requests => mood.ending == Ending::CutRequest,
        resets = answers(from_server, to_client, mood, &shared) => resets,
        _ = has_begun.changed(), if is_early => false,
    };
    if resets {
        // Both ends are dropped now, and the client is told so without a goodbye.
        let _ = from_client.as_ref().set_zero_linger();
    }
}

/// Passes answers on; whether the connection is to be reset.
async fn answers(
    mut from_server: OwnedReadHalf,
    mut to_client: OwnedWriteHalf,
    mood: Mood,
    shared: &Shared,
) -> bool {
    let mut left = mood.after;
    let mut bytes = vec![0; 16 << 10];
    while let Ok(count @ 1..) = from_server.read(&mut bytes).await {
        if let Some(delay) = mood.delay {
            tokio::time::sleep(delay).await;
        }
        let ends = mood.ending != Ending::None && mood.ending != Ending::CutRequest && count > left;
        let passed = if ends { left } else { count };
        for piece in bytes[..passed].chunks(mood.piece.unwrap_or(usize::MAX)) {
            if to_client.write_all(piece).await.is_err() {
                return false;
            }
        }
        left = left.saturating_sub(passed);
        if !ends {
            continue;
        }
        match mood.ending {
            Ending::Reset => {
                shared.count(|deeds| deeds.reset += 1);
                return true;
            }
            Ending::Mute => {
                shared.count(|deeds| deeds.muted += 1);
                while let Ok(1..) = from_server.read(&mut bytes).await {}
                // Also when the hub is gone: nobody tells the client.
                return std::future::pending().await;
            }
            Ending::Deaf => {
                shared.count(|deeds| deeds.deafened += 1);
                return std::future::pending().await;
            }
            Ending::Cut | Ending::None | Ending::CutRequest => {
                shared.count(|deeds| deeds.cut += 1);
                return false;
            }
        }
    }
    false
}
