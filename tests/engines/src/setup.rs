//! How NATS servers are started.

use std::net::SocketAddr;

use crate::free_port;

/// When what is stored is on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sync {
    /// Every two minutes, as the server does by itself.
    Default,
    /// Before it is acknowledged.
    Always,
}

impl Sync {
    /// As the server's configuration says it.
    pub const fn interval(self) -> &'static str {
        match self {
            Sync::Default => "2m",
            Sync::Always => "always",
        }
    }
}

/// How servers are started, where it is not the usual way.
#[derive(Clone, Debug)]
pub struct Setup {
    /// When what is stored is on the disk.
    pub sync: Sync,
    /// Further lines of each server's configuration.
    pub settings: String,
    /// Further settings of JetStream, separated by commas.
    pub jetstream: String,
    /// Where each listens for the others.
    pub listen: Vec<SocketAddr>,
    /// Where each one finds the others, in their order: as they listen, or through a proxy.
    pub routes: Vec<Vec<SocketAddr>>,
}

impl Setup {
    /// So many servers, in the usual way.
    pub fn of(count: usize) -> Self {
        let listen: Vec<_> = (0..count).map(|_| free_address()).collect();
        Setup {
            sync: Sync::Default,
            settings: String::new(),
            jetstream: String::new(),
            routes: vec![listen.clone(); count],
            listen,
        }
    }

    /// With further lines of configuration.
    #[must_use]
    pub fn and_settings(self, settings: impl Into<String>) -> Self {
        Setup { settings: settings.into(), ..self }
    }
}

/// A free port of this machine.
pub(crate) fn free_address() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], free_port()))
}
