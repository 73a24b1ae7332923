//! Sending something that has just happened: at once, behind what waits already, and kept if the hub does not take it.

use std::time::Duration;

use super::Spool;
use crate::hub::{
    Hub,
    delivery::Delivery,
    request::{Patience, RequestError, deliver},
};

/// What became of it.
#[derive(Debug)]
pub(crate) enum Sent {
    /// The hub has it.
    Delivered,
    /// It waits, and why.
    Kept(String),
    /// The hub refused it, or it could not even be kept.
    Lost(String),
}

impl Spool {
    /// Sends something within this time, or keeps it.
    pub(crate) async fn send(hub: &Hub, delivery: Delivery, total: Duration) -> Sent {
        let spool = Spool::of(&hub.address);
        match &spool {
            // Another that sends at the moment counts as much: it may not be through.
            Ok(spool) if !spool.is_empty() => {
                if let Err(reason) = spool.put(delivery) {
                    return Sent::Lost(reason);
                }
                let flushed = spool.flush(&hub.client, Patience::once(total)).await;
                return flushed
                    .stopped
                    .map_or(Sent::Delivered, |stopped| Sent::Kept(stopped.told(&hub.address)));
            }
            _ => {}
        }
        match deliver(&hub.client, &delivery, Patience::once(total), |_| ()).await {
            Ok(_) => Sent::Delivered,
            Err(RequestError::Refused(reason)) => {
                // To be found by who wonders why nothing comes.
                if let Ok(spool) = spool {
                    let _ = spool.set_aside(delivery, reason.clone());
                }
                Sent::Lost(reason)
            }
            Err(error) => {
                let reason = error.told(&hub.address);
                match spool.and_then(|spool| spool.put(delivery)) {
                    Ok(()) => Sent::Kept(reason),
                    Err(lost) => Sent::Lost(format!("{reason}; and it cannot be kept: {lost}")),
                }
            }
        }
    }
}
