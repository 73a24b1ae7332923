//! A hub that is killed, stopped and started again at random, behind a proxy that breaks connections, while publishers
//! post and subscribers of three kinds listen. Whatever happens: what was acknowledged is stored once, and every
//! subscriber has seen it once, in order, or was told of the gap. Everything that is left to chance comes from one seed.
//!
//! # Layout
//! - `dice`: chance, from the seed.
//! - `proxy`: connections with moods.
//! - `work`: what is posted, and what must be stored of it. `publisher`: posting it.
//! - `observer`: what a subscriber has seen, and must not have. `subscriber`: the three kinds.
//! - `run`: one run, and what it came to.
//! - `cluster`: several hubs on one engine, all of which are killed.
//! - `soak`: the same without kills, for long, with an eye on memory, descriptors and files. `samples`: what it has seen.
//! - `jetstream`: three hubs on three brokers. `faults`: how these are killed, frozen and cut off. `pauses`: when nothing was
//!   acknowledged, and what was wrong then. `roamer`: subscribers that change hubs, as bytes.
//! - `document`: the figures in docs/RELIABILITY.md.

mod cluster;
mod dice;
mod document;
mod faults;
mod item;
mod jetstream;
mod observer;
mod pauses;
mod proxy;
mod publisher;
mod roamer;
mod run;
mod samples;
mod soak;
mod subscriber;
mod work;

pub use self::{
    cluster::{ClusterFigures, ClusterPlan, Engine, OnPostgres, run_cluster},
    document::{write_jetstream_runs, write_runs},
    jetstream::{JetStreamFigures, JetStreamPlan, run_on_jetstream},
    observer::Counts,
    pauses::Pause,
    proxy::Deeds,
    run::{Figures, Plan, run},
    soak::{SoakFigures, SoakPlan, soak},
};
