//! Web Push: devices are told what waits for a person, and what failed, also while the page is closed. It reads the feed
//! as any subscriber does, and sends to the push services of browsers, which can read nothing of it.
//!
//! # Layout
//! - `registry`: the subscriptions, kept and counted. `store`: where. `subscription`: one, checked.
//! - `dispatch`: follows the feed and sends. `message`: what is told. `devices`: what waits for whom.
//! - `delivery`: one message to its service. `services`: which of these are sent to.
//! - `encryption` (RFC 8291, 8188) and `vapid` (RFC 8292).

mod delivery;
mod devices;
mod dispatch;
mod encryption;
mod message;
mod registry;
mod services;
mod store;
mod subscription;
mod vapid;

pub use self::{
    dispatch::run,
    registry::{ChangeError, Settings, WebPush, WebPushError},
    services::PrivateService,
    store::{FILE_NAME, FileStore, MemoryStore, Store},
    subscription::{InvalidSubscription, NewSubscription},
    vapid::Contact,
};
