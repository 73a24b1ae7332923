//! Publishers that each post the next notification as soon as the last is stored, at one hub.

use std::{io, time::Duration};

use super::{
    Form,
    engine::{Engine, Store},
    posts::{Exactness, Posts},
};
use crate::{
    closed_loop::{self, Answers},
    servers::{Installed, Setup},
};

/// Before what counts.
const WARM_UP: Duration = Duration::from_millis(500);

/// A hub of these runs drops nothing, so that everything can be found again.
pub(super) const MANY: u32 = 10_000_000;

/// What a store did with a number of publishers.
#[derive(Clone, Debug)]
pub(crate) struct Published {
    /// Which store.
    pub(crate) store: Store,
    /// How many publishers.
    pub(crate) publishers: usize,
    /// What they were answered.
    pub(crate) answers: Answers,
    /// What the store does for as many clients without a hub.
    pub(crate) limit: Option<Answers>,
    /// The hub's processor time for what was answered.
    pub(crate) hub_cpu: Duration,
    /// The store's own.
    pub(crate) store_cpu: Duration,
    /// What another hub listed after the first one was killed.
    pub(crate) exactness: Exactness,
}

impl Published {
    /// Adds another round.
    pub(super) fn add(&mut self, other: &Published) {
        self.answers.add(&other.answers);
        if let (Some(mine), Some(others)) = (&mut self.limit, &other.limit) {
            mine.add(others);
        }
        self.hub_cpu += other.hub_cpu;
        self.store_cpu += other.store_cpu;
        self.exactness.add(other.exactness);
    }
}

/// Measures a store with each number of publishers.
pub(super) fn run(
    hub: &Installed,
    engine: &mut Engine,
    form: &Form,
    mut tell: impl FnMut(Published),
) -> io::Result<()> {
    for &publishers in form.publishers {
        let limit = engine.limit(publishers, form.window)?;
        let setup = Setup { store: Some(engine.new_feed()), max_notifications: MANY, ..Setup::default() };
        let mut server = hub.start(&setup)?;
        let mut posts = Posts::new(server.kind.posting(), MANY);
        let addresses = [server.address];
        closed_loop::run_all(&addresses, &mut posts, publishers, WARM_UP)?;
        let (hub_before, store_before) = (server.process.cpu(), engine.cpu());
        let answers = closed_loop::run_all(&addresses, &mut posts, publishers, form.window)?;
        let hub_cpu = server.process.cpu().saturating_sub(hub_before);
        let store_cpu = engine.cpu().saturating_sub(store_before);
        server.process.kill();
        let exactness = posts.compare(hub.start(&setup)?.address)?;
        tell(Published { store: engine.store(), publishers, answers, limit, hub_cpu, store_cpu, exactness });
    }
    Ok(())
}
