//! Three hubs and three brokers, and what is done to them.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use fastrand::Rng;
use notifyhub_test_engines::{Brokers, Setup, Sync};
use rustix::process::Signal;
use tokio::net::TcpStream;

use super::pauses::Chronicle;
use crate::{
    eventually,
    proxy::Proxy,
    server::{Launch, TestServer},
};

const HUBS: usize = 3;
const BROKERS: usize = 3;

const STREAM: &str = "chaos";

/// The processes, and the connections of one hub that can be cut.
pub(super) struct Cluster {
    brokers: Brokers,
    pub(super) hubs: Vec<TestServer>,
    /// Between the first hub and each broker.
    proxies: Vec<Proxy>,
    options: Vec<Vec<String>>,
    pub(super) chronicle: Arc<Chronicle>,
}

impl Cluster {
    /// `None`: there is no NATS server here.
    pub(super) async fn start(sync: Sync, max_notifications: usize) -> Option<Self> {
        let brokers = Brokers::start_as(&Setup { sync, ..Setup::of(BROKERS) })?;
        let mut proxies = Vec::new();
        for index in 0..BROKERS {
            proxies.push(Proxy::to(brokers.client_address(index)).await);
        }
        let through: Vec<_> = proxies.iter().map(|proxy| proxy.socket_address().to_string()).collect();
        let stores = [
            format!("nats://{}?stream={STREAM}&replicas={BROKERS}", through.join(",")),
            brokers.store(STREAM),
            brokers.store(STREAM),
        ];
        let options: Vec<Vec<String>> = stores
            .into_iter()
            .map(|store| {
                let count = max_notifications.to_string();
                let options = ["--store", &store, "--max-notifications", &count, "--heartbeat", "1s"];
                options.iter().chain(&["--drain", "300ms"]).map(ToString::to_string).collect()
            })
            .collect();
        let chronicle = Arc::new(Chronicle::of(BROKERS));
        let mut cluster = Cluster { brokers, hubs: Vec::new(), proxies, options, chronicle };
        for hub in 0..HUBS {
            cluster.hubs.push(TestServer::start(&cluster.options_of(hub)));
        }
        Some(cluster)
    }

    fn options_of(&self, hub: usize) -> Vec<&str> {
        self.options[hub].iter().map(String::as_str).collect()
    }

    fn start_hub_again(&mut self, hub: usize) {
        let options = self.options[hub].clone();
        let options: Vec<_> = options.iter().map(String::as_str).collect();
        self.hubs[hub].relaunch(Launch { options: &options, ..Launch::default() });
    }

    fn kill_broker(&mut self, broker: usize) {
        self.chronicle.down(broker);
        self.brokers.kill(broker);
    }

    fn start_broker_again(&mut self, broker: usize) {
        self.brokers.start_again(broker);
        let (address, chronicle) = (self.brokers.client_address(broker), Arc::clone(&self.chronicle));
        tokio::spawn(async move {
            while TcpStream::connect(address).await.is_err() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            chronicle.up(broker);
        });
    }

    fn freeze_broker(&mut self, broker: usize) {
        self.chronicle.down(broker);
        self.brokers.freeze(broker);
    }

    fn thaw_broker(&mut self, broker: usize) {
        self.brokers.thaw(broker);
        self.chronicle.up(broker);
    }

    pub(super) fn addresses(&self) -> Vec<SocketAddr> {
        self.hubs.iter().map(TestServer::socket_address).collect()
    }

    /// The broker that leads the stream, or any.
    fn leader(&self, dice: &mut Rng) -> usize {
        self.brokers.leader_of(STREAM).unwrap_or_else(|| dice.usize(..BROKERS))
    }

    /// Makes one fault and its end.
    pub(super) async fn fault(&mut self, dice: &mut Rng) {
        let leader = self.leader(dice);
        let follower = (leader + dice.usize(1..BROKERS)) % BROKERS;
        let hub = dice.usize(..HUBS);
        let ms = |dice: &mut Rng, range: std::ops::Range<u64>| Duration::from_millis(dice.u64(range));
        match dice.u32(..100) {
            0..15 => {
                self.chronicle.fault("leading broker killed");
                self.kill_broker(leader);
                tokio::time::sleep(ms(dice, 200..4000)).await;
                self.start_broker_again(leader);
            }
            15..27 => {
                self.chronicle.fault("following broker killed");
                self.kill_broker(follower);
                tokio::time::sleep(ms(dice, 200..3000)).await;
                self.start_broker_again(follower);
            }
            27..37 => {
                self.chronicle.fault("leading broker frozen");
                self.freeze_broker(leader);
                tokio::time::sleep(ms(dice, 1500..9000)).await;
                self.thaw_broker(leader);
            }
            37..43 => {
                self.chronicle.fault("following broker frozen");
                self.freeze_broker(follower);
                tokio::time::sleep(ms(dice, 1500..6000)).await;
                self.thaw_broker(follower);
            }
            43..65 => {
                self.chronicle.fault("hub killed");
                self.hubs[hub].kill();
                tokio::time::sleep(ms(dice, 0..1500)).await;
                self.start_hub_again(hub);
            }
            65..75 => {
                self.chronicle.fault("hub frozen");
                self.hubs[hub].signal(Signal::STOP);
                tokio::time::sleep(ms(dice, 1000..8000)).await;
                self.hubs[hub].signal(Signal::CONT);
            }
            75..82 => {
                self.chronicle.fault("hub and leading broker killed");
                self.hubs[hub].kill();
                self.kill_broker(leader);
                tokio::time::sleep(ms(dice, 100..2000)).await;
                self.start_broker_again(leader);
                self.start_hub_again(hub);
            }
            82..86 => {
                self.chronicle.fault("all brokers killed");
                (0..BROKERS).for_each(|broker| self.kill_broker(broker));
                tokio::time::sleep(ms(dice, 100..1500)).await;
                (0..BROKERS).for_each(|broker| self.start_broker_again(broker));
            }
            86..93 => {
                self.chronicle.fault("hub cut off from all brokers");
                self.proxies.iter().for_each(Proxy::part);
                tokio::time::sleep(ms(dice, 500..8000)).await;
                self.proxies.iter().for_each(Proxy::join);
            }
            _ => {
                self.chronicle.fault("hub's connections silenced");
                self.proxies.iter().for_each(Proxy::silence);
            }
        }
    }

    /// Nothing is wrong any more: all of them run, and the hubs have found their brokers.
    pub(super) async fn calm_down(&self) {
        self.brokers.wait_until_ready();
        for hub in &self.hubs {
            eventually("a hub stores again what is posted", async || {
                let answer = crate::http::get(hub.socket_address(), "/readyz").await;
                (answer.status() == 200).then_some(())
            })
            .await;
        }
    }
}
