//! How many connections may be open at a time, in all and from one address.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use super::settings::Settings;

/// Counts the connections that are open.
#[derive(Debug)]
pub(super) struct Limiter {
    settings: Arc<Settings>,
    open: AtomicUsize,
    /// Only counted where `max_connections_per_ip` is set.
    open_by_address: Mutex<HashMap<IpAddr, usize>>,
}

/// A connection's place among those that are allowed; given back when it is dropped.
pub(super) struct Permit {
    limiter: Arc<Limiter>,
    address: IpAddr,
}

impl Limiter {
    pub(super) fn new(settings: Arc<Settings>) -> Arc<Self> {
        Arc::new(Limiter { settings, open: AtomicUsize::new(0), open_by_address: Mutex::default() })
    }

    /// A place for a connection from this address, if there is one.
    pub(super) fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Permit> {
        // An IPv4 address looks the same whether it comes through an IPv4 or an IPv6 socket.
        let address = address.to_canonical();
        if self.open.load(Ordering::Relaxed) >= self.settings.limits.max_connections.get() {
            return None;
        }
        if let Some(most) = self.settings.limits.max_connections_per_ip {
            let mut by_address =
                self.open_by_address.lock().expect("no code panics while it holds the counts");
            let open = by_address.entry(address).or_default();
            if *open >= most.get() {
                return None;
            }
            *open += 1;
        }
        self.open.fetch_add(1, Ordering::Relaxed);
        self.settings.metrics.connections_open.fetch_add(1, Ordering::Relaxed);
        Some(Permit { limiter: Arc::clone(self), address })
    }
}

impl Permit {
    /// A place for one more stream on the same connection, if there is one: each counts as a connection would.
    pub(super) fn another(&self) -> Option<Permit> {
        self.limiter.admit(self.address)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.limiter.open.fetch_sub(1, Ordering::Relaxed);
        self.limiter.settings.metrics.connections_open.fetch_sub(1, Ordering::Relaxed);
        if self.limiter.settings.limits.max_connections_per_ip.is_some() {
            let mut by_address =
                self.limiter.open_by_address.lock().expect("no code panics while it holds the counts");
            if let Some(open) = by_address.get_mut(&self.address) {
                *open -= 1;
                if *open == 0 {
                    by_address.remove(&self.address);
                }
            }
        }
    }
}
