//! The section of docs/BENCHMARKS.md about the stores.

use std::{fmt::Write as _, fs, io, path::Path, time::Duration};

use notifyhub_bench::machine;

use super::{Results, engine::Store, publishing::Published, side_by_side::SideBySide, starting::Started};
use crate::{
    scenario::per_delivery_us,
    section,
    table::{count, grid, time},
};

/// Writes the section into the document of a directory, and leaves the rest of it as it is.
pub(super) fn write(results: &Results, docs: &Path) -> io::Result<()> {
    let path = docs.join("BENCHMARKS.md");
    let document = fs::read_to_string(&path)?;
    fs::write(path, section::STORES.put_into(&document, "make bench-stores", &markdown(results)))
}

/// The section.
pub(super) fn markdown(results: &Results) -> String {
    let mut text = format!(
        "## The stores\n\nMeasured on {}, {}, in one run of {:.0} minutes. Load before the run: {:.2}. To repeat it: `make \
         bench-stores`, on a machine that does nothing else.\n\nHubs, stores, publishers and readers share these cores: \
         compare the figures with each other. Each store is started anew for each of {} rounds, in turn, with its data in \
         files. PostgreSQL has `fsync` and `synchronous_commit` on. NATS servers sync every two minutes by themselves: what \
         they acknowledge survives the end of processes, and of a minority of machines, but not a power cut of all; with \
         `sync_interval: always` it does.\n",
        chrono::Utc::now().format("%Y-%m-%d"),
        machine::describe(),
        results.elapsed.as_secs_f64() / 60.0,
        results.load_before,
        results.rounds,
    );
    text += &published(&results.published);
    text += &side_by_side(&results.side_by_side);
    text += &started(&results.started);
    text
}

fn published(results: &[Published]) -> String {
    let row = |result: &Published| {
        let limit = result.limit.as_ref();
        let of_limit =
            |value: &dyn Fn(&crate::closed_loop::Answers) -> String| limit.map_or("–".into(), value);
        vec![
            result.store.to_string(),
            result.publishers.to_string(),
            format!("{:.0}", result.answers.per_second()),
            time(result.answers.taken.value_at_quantile(0.5)),
            time(result.answers.taken.value_at_quantile(0.99)),
            time(result.answers.taken.max()),
            format!("{:.0} / {:.0} µs", us(result.hub_cpu, result), us(result.store_cpu, result)),
            of_limit(&|limit| format!("{:.0}", limit.per_second())),
            of_limit(&|limit| time(limit.taken.value_at_quantile(0.5))),
            of_limit(&|limit| format!("{:.2}", result.answers.per_second() / limit.per_second())),
            format!("{} / {}", result.exactness.lost, result.exactness.doubled),
        ]
    };
    let columns = [
        "store",
        "publishers",
        "posts a second",
        "p50",
        "p99",
        "max",
        "CPU a post: hub / store",
        "the store alone, a second",
        "its p50",
        "hub ÷ store",
        "lost / doubled",
    ];
    let acknowledged: usize = results.iter().map(|result| result.exactness.acknowledged).sum();
    format!(
        "\n### Publishing\n\nKeep-alive connections to one hub that each post the next notification as soon as the last is \
         stored (closed loop). *The store alone*: as many clients, without a hub, that each store the same bytes and wait for \
         it: a row a transaction, a connection each, for PostgreSQL; a message each, as many in flight, for JetStream; for \
         SQLite 4 KiB and an fsync, one after the other. A hub stores what waits in one step, which is how it can be faster \
         than that. *Lost / doubled*: the hub is killed, and all {acknowledged} notifications that were acknowledged are \
         looked for in the list of another hub on the same store. These hubs drop nothing.\n\n{}",
        grid(&columns, results.iter().map(row))
    )
}

fn us(cpu: Duration, result: &Published) -> f64 {
    per_delivery_us(cpu, result.answers.count)
}

fn side_by_side(results: &[SideBySide]) -> String {
    let row = |result: &SideBySide| {
        let mut last = result.to_last_reader.clone();
        last.sort_unstable();
        let median = last.get(last.len() / 2).copied().unwrap_or_default();
        let alone = results.iter().find(|other| other.store == result.store && other.hubs == 1);
        let cost = |result: &SideBySide| per_delivery_us(result.hubs_cpu, result.report.latency.len());
        vec![
            result.store.to_string(),
            result.hubs.to_string(),
            time(result.report.latency.value_at_quantile(0.5)),
            time(result.report.latency.value_at_quantile(0.99)),
            time(result.report.latency.max()),
            format!("{:.1} ms", median.as_secs_f64() * 1e3),
            format!("{:.2} µs", cost(result)),
            alone.map_or("–".into(), |alone| format!("{:.2}", cost(result) / cost(alone))),
            format!("{:.1} ms", per_delivery_us(result.store_cpu, result.messages.into()) / 1e3),
            format!("{} / {} / {}", result.report.lost, result.report.doubled, result.report.out_of_order),
        ]
    };
    let columns = [
        "store",
        "hubs",
        "p50",
        "p99",
        "max",
        "last reader",
        "CPU a delivery, all hubs",
        "× one hub",
        "CPU a message, store",
        "lost / doubled / out of order",
    ];
    let streams = results.first().map_or(0, |result| result.streams);
    let mut text = format!(
        "\n### Hubs side by side\n\n{} streams in all, spread over the hubs; each message is posted at one of them in turn, \
         after all readers had the last one and a pause.\n\n{}",
        count(streams),
        grid(&columns, results.iter().map(row))
    );
    let row = |result: &SideBySide| {
        let followers = result.hubs.saturating_sub(1);
        let for_one = result.followers_cpu.checked_div(u32::try_from(followers).unwrap_or(u32::MAX));
        let cost = for_one.map(|cpu| per_delivery_us(cpu, result.answers.count));
        vec![
            result.store.to_string(),
            followers.to_string(),
            format!("{:.0}", result.answers.per_second()),
            time(result.answers.taken.value_at_quantile(0.5)),
            time(result.answers.taken.value_at_quantile(0.99)),
            cost.map_or("–".into(), |cost| format!("{cost:.1} µs")),
        ]
    };
    let columns =
        ["store", "hubs that follow", "posts a second", "p50", "p99", "CPU a post of each that follows"];
    let _ = write!(
        text,
        "\nWhat one more hub costs: 32 publishers post to the first hub, the others only follow what it stores.\n\n{}",
        grid(&columns, results.iter().map(row))
    );
    text + &on_paper(results)
}

/// What follows from the figures for more hubs than this machine carries.
fn on_paper(results: &[SideBySide]) -> String {
    let mut text = String::from(
        "\nOn paper, beyond this machine: with *h* hubs of a core each, *s* streams, *r* posts a second, *d* the CPU of a \
         delivery and *f* that of following a post, each hub is busy for *r* · (*s* / *h* · *d* + *f*) of its core; so \
         deliveries a second grow with *h* up to the rate where following alone fills a core.",
    );
    let stores =
        [Store::Postgres, Store::PostgresStandby, Store::Broker, Store::Brokers, Store::BrokersAlways];
    for store in stores {
        let of_store = results.iter().filter(|result| result.store == store);
        let Some(most) = of_store.filter(|result| result.hubs > 1).max_by_key(|result| result.hubs) else {
            continue;
        };
        let delivery = per_delivery_us(most.hubs_cpu, most.report.latency.len());
        let others = u32::try_from(most.hubs - 1).unwrap_or(u32::MAX);
        let following = per_delivery_us(most.followers_cpu / others, most.answers.count);
        let share = 1e6 - 10.0 * following;
        let _ = write!(
            text,
            " {store}: at 10 posts a second a core of a hub carries {:.0} streams, following takes {:.2} % of it.",
            (share / delivery / 10.0 / 100.0).floor() * 100.0,
            10.0 * following / 1e4,
        );
    }
    text + "\n"
}

fn started(results: &[Started]) -> String {
    let row = |result: &Started| {
        let mut all = result.ready_after.clone();
        all.sort_unstable();
        let at = |index: usize| {
            all.get(index).map_or_else(String::new, |time| format!("{:.0} ms", time.as_secs_f64() * 1e3))
        };
        vec![
            result.store.to_string(),
            at(all.len() / 2),
            at(all.len().saturating_sub(1)),
            mib(result.hub_memory),
            if result.store.is_shared() { mib(result.store_memory) } else { "–".into() },
        ]
    };
    let columns =
        ["store", "ready after (median)", "slowest", "memory of the hub (RSS)", "memory of the store (PSS)"];
    let entries = results.first().map_or(0, |result| result.entries);
    format!(
        "\n### Starting with {} notifications\n\nFrom the start of the process until `/readyz` answers 200: the hub has read \
         everything.\n\n{}",
        count(entries as usize),
        grid(&columns, results.iter().map(row))
    )
}

fn mib(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a size to be read")]
    let mib = bytes as f64 / f64::from(1 << 20);
    format!("{mib:.0} MiB")
}
