//! The stores side by side, on one machine in one run: posts a second and how long each takes, hubs that share a store, and
//! how long a hub takes to start. What was acknowledged is looked for in the list of another hub.
//!
//! # Layout
//! - `engine`, `limit`: the stores, and what each does without a hub.
//! - `posts`: what is posted, and found again.
//! - `publishing`, `side_by_side`, `starting`: what is measured.
//! - `report`: the section of docs/BENCHMARKS.md.

mod engine;
mod limit;
mod posts;
mod publishing;
mod report;
mod side_by_side;
mod starting;

use std::{
    io,
    path::Path,
    time::{Duration, Instant},
};

use notifyhub_bench::machine;

pub(crate) use self::engine::Store;
use self::{engine::Engine, publishing::Published, side_by_side::SideBySide, starting::Started};
use crate::{scenario::ms, servers::Installed};

/// How much is measured.
pub(crate) struct Form {
    /// How often the stores take turns.
    pub(crate) rounds: usize,
    /// The numbers of publishers.
    publishers: &'static [usize],
    /// For how long each rate is measured.
    window: Duration,
    /// The numbers of hubs side by side.
    hubs: &'static [usize],
    /// How many streams they share.
    streams: usize,
    /// How many messages go to each stream.
    messages: u32,
    /// How many entries a log holds that a hub starts on.
    entries: u32,
    /// How often it starts.
    starts: usize,
}

impl Form {
    /// Minutes, for figures.
    pub(crate) const FULL: Form = Form {
        rounds: 3,
        publishers: &[1, 32, 256],
        window: Duration::from_millis(1_500),
        hubs: &[1, 2, 3, 4, 6],
        streams: 3_000,
        messages: 60,
        entries: 100_000,
        starts: 5,
    };

    /// Seconds, to see that all of it works.
    pub(crate) const SHORT: Form = Form {
        rounds: 1,
        publishers: &[8],
        window: Duration::from_millis(100),
        hubs: &[2],
        streams: 50,
        messages: 10,
        entries: 500,
        starts: 1,
    };
}

/// All that one run has measured.
#[derive(Default)]
struct Results {
    published: Vec<Published>,
    side_by_side: Vec<SideBySide>,
    started: Vec<Started>,
    rounds: usize,
    load_before: f64,
    elapsed: Duration,
}

impl Results {
    /// Whether everything that was acknowledged was found, and delivered, once.
    fn is_exact(&self) -> bool {
        self.published.iter().all(|published| published.exactness.holds())
            && self.side_by_side.iter().all(|result| result.report.is_exact())
    }

    fn add(&mut self, new: Published) {
        let is_same = |known: &&mut Published| known.store == new.store && known.publishers == new.publishers;
        match self.published.iter_mut().find(is_same) {
            Some(known) => known.add(&new),
            None => self.published.push(new),
        }
    }
}

/// Measures the stores that are wanted and there; says whether everything was exact. The report goes into the documentation
/// in `docs`, or is printed.
pub(crate) fn run(hub: &Installed, wanted: &[Store], form: &Form, docs: Option<&Path>) -> io::Result<bool> {
    let began = Instant::now();
    let stores: Vec<_> = wanted.iter().copied().filter(|store| store.is_available()).collect();
    let mut results = Results { rounds: form.rounds, load_before: machine::load(), ..Results::default() };
    let mut files = Engine::start(Store::Sqlite)?;
    let filled = starting::fill(hub, &mut files, form.entries)?;
    for round in 1..=form.rounds {
        for &store in &stores {
            println!("{store}, round {round} (after {:.0} s)", began.elapsed().as_secs_f64());
            let mut engine = Engine::start(store)?;
            publishing::run(hub, &mut engine, form, |published| {
                println!("  {}", line_of(&published));
                results.add(published);
            })?;
            if round < form.rounds {
                continue;
            }
            side_by_side::run(hub, &mut engine, form, |result| {
                let p99 = ms(result.report.latency.value_at_quantile(0.99));
                let exact = if result.report.is_exact() { "" } else { "  NOT EXACT" };
                println!("  {} hubs, {} streams: p99 {p99:.1} ms{exact}", result.hubs, result.streams);
                results.side_by_side.push(result);
            })?;
            let started = starting::run(hub, &mut engine, &filled, form)?;
            println!("  with {} entries ready after {:?}", form.entries, started.ready_after);
            results.started.push(started);
        }
    }
    results.elapsed = began.elapsed();
    match docs {
        Some(docs) => report::write(&results, docs)?,
        None => println!("\n{}", report::markdown(&results)),
    }
    println!("\ndone in {:.1} s", results.elapsed.as_secs_f64());
    Ok(results.is_exact())
}

fn line_of(published: &Published) -> String {
    let Published { publishers, answers, exactness, .. } = published;
    let limit = published.limit.as_ref().map_or_else(String::new, |limit| {
        format!(
            ", without a hub {:.0} (p50 {:.2} ms)",
            limit.per_second(),
            ms(limit.taken.value_at_quantile(0.5))
        )
    });
    format!(
        "{publishers} publishers: {:.0} a second, p50 {:.2} ms, p99 {:.2} ms{limit}; {} lost, {} doubled of {}",
        answers.per_second(),
        ms(answers.taken.value_at_quantile(0.5)),
        ms(answers.taken.value_at_quantile(0.99)),
        exactness.lost,
        exactness.doubled,
        exactness.acknowledged,
    )
}
