//! A subscriber that changes hubs again and again, with the last id that it has: and compares what the hubs tell under the
//! same number.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use tokio::{
    net::TcpStream,
    task::JoinHandle,
    time::{Instant, timeout},
};

use super::{
    dice::dice,
    item::item_of_json,
    observer::{Observer, Seen},
};
use crate::{
    events::{Block, RawEvents},
    http::RawClient,
};

/// How long a hub may take to begin a stream, or may say nothing in it.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long it stays with one hub, in milliseconds.
const STAY_MS: std::ops::Range<u64> = 500..6000;

/// How long it waits before it comes to another one, in milliseconds.
const PAUSE_MS: std::ops::Range<u64> = 0..300;

/// What the hubs have told under each id, for all subscribers.
#[derive(Default)]
pub(crate) struct Told {
    by_event_id: Mutex<HashMap<String, String>>,
    /// Ids under which two hubs have told different things.
    pub(crate) disagreements: Mutex<Vec<String>>,
}

impl Told {
    fn compare(&self, block: &Block) {
        // A dropped revision is told as a removal from then on.
        if !matches!(block.event(), "notification" | "cleared" | "read") {
            return;
        }
        let mut told = self.by_event_id.lock().expect("no one panics with it in hand");
        let first = told.entry(block.id().to_owned()).or_insert_with(|| block.text.clone());
        if *first != block.text {
            let what = format!("{first:?} and {:?}", block.text);
            self.disagreements.lock().expect("no one panics with it in hand").push(what);
        }
    }
}

/// See the module.
pub(crate) struct Roamer {
    pub(crate) name: String,
    observer: Arc<Mutex<Observer>>,
    reading: JoinHandle<()>,
}

/// What all of them share.
#[derive(Default)]
pub(crate) struct Roaming {
    pub(crate) told: Told,
    /// How often a stream was resumed.
    pub(crate) resumed: AtomicUsize,
    /// How often a hub was left or lost.
    pub(crate) changes: AtomicUsize,
}

impl Roamer {
    /// Reads the feed at these hubs.
    pub(crate) fn start(seed: u64, number: usize, hubs: Vec<SocketAddr>, roaming: Arc<Roaming>) -> Self {
        let observer = Arc::<Mutex<Observer>>::default();
        let reading = tokio::spawn(roam(seed, number, hubs, Arc::clone(&observer), roaming));
        Roamer { name: format!("roamer {number}"), observer, reading }
    }

    pub(crate) fn observer(&self) -> MutexGuard<'_, Observer> {
        self.observer.lock().expect("no one panics with it in hand")
    }
}

impl Drop for Roamer {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

async fn roam(
    seed: u64,
    number: usize,
    hubs: Vec<SocketAddr>,
    observer: Arc<Mutex<Observer>>,
    roaming: Arc<Roaming>,
) {
    let mut last_event_id = None;
    let mut dice = dice(seed, "roamer", number);
    loop {
        let hub = hubs[dice.usize(..hubs.len())];
        let until = Instant::now() + Duration::from_millis(dice.u64(STAY_MS));
        if let Ok(Some(events)) = timeout(PATIENCE * 4, open(hub, last_event_id.as_deref())).await {
            read(events, until, &mut last_event_id, &observer, &roaming).await;
            roaming.changes.fetch_add(1, SeqCst);
        }
        tokio::time::sleep(Duration::from_millis(dice.u64(PAUSE_MS))).await;
    }
}

async fn open(hub: SocketAddr, last_event_id: Option<&str>) -> Option<RawEvents> {
    let mut client = RawClient::over(TcpStream::connect(hub).await.ok()?);
    let last = last_event_id.map(|id| format!("Last-Event-ID: {id}\r\n")).unwrap_or_default();
    client.try_send(format!("GET /events HTTP/1.1\r\nHost: localhost\r\n{last}\r\n")).await.ok()?;
    RawEvents::try_over(client).await
}

async fn read(
    mut events: RawEvents,
    until: Instant,
    last_event_id: &mut Option<String>,
    observer: &Mutex<Observer>,
    roaming: &Roaming,
) {
    let mut has_begun = false;
    loop {
        // Whoever has a `hello` has what belongs to it before it goes.
        let left = if has_begun { until.saturating_duration_since(Instant::now()) } else { PATIENCE };
        let Ok(Ok(block)) = timeout(left.min(PATIENCE), events.next_or_end()).await else { return };
        let id = || block.id().to_owned();
        let seen = match block.event() {
            "heartbeat" => continue,
            "hello" => {
                let reason = block.data()["reason"].as_str().unwrap_or_default().to_owned();
                has_begun = reason == "resumed";
                roaming.resumed.fetch_add(usize::from(has_begun), SeqCst);
                Seen::Hello { reason }
            }
            "init" => {
                has_begun = true;
                let items = block.data().as_array().into_iter().flatten().map(item_of_json).collect();
                Seen::Init { event_id: id(), items }
            }
            "notification" => Seen::Put { event_id: id(), item: item_of_json(&block.data()) },
            "deleted" => Seen::Deleted {
                event_id: id(),
                id: block.data()["id"].as_str().unwrap_or_default().to_owned(),
            },
            other => Seen::Wrong(format!("an unexpected event: {other}")),
        };
        roaming.told.compare(&block);
        if block.field("id").is_some() {
            *last_event_id = Some(id());
        }
        observer.lock().expect("no one panics with it in hand").take(seen);
    }
}
