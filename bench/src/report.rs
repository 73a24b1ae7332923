//! Writes docs/BENCHMARKS.md and its plots from the results of one run.

use std::{fmt::Write as _, fs, io, path::Path, time::Duration};

use notifyhub_bench::{machine, plot};

use crate::{
    scenario::{
        fan_out::FanOut,
        idle::Idle,
        ms,
        overload::{self, Newcomers, Unread},
        per_delivery_us,
        requests::{Publishing, Rate},
        resume::Resume,
        steady::{self, Steady},
        storm::{self, Storm},
    },
    section,
    servers::{Installed, Kind},
    table::{count, kib, table, time},
};

/// All that one run has measured.
#[derive(Default)]
pub(crate) struct Results {
    /// The servers that were measured.
    pub(crate) servers: Vec<Installed>,
    /// Those that were not, and why.
    pub(crate) missing: Vec<(Kind, String)>,
    /// How often the servers took turns.
    pub(crate) rounds: usize,
    /// One message to many streams.
    pub(crate) fan_out: Vec<FanOut>,
    /// Streams without messages.
    pub(crate) idle: Vec<Idle>,
    /// A steady rate of messages.
    pub(crate) steady: Vec<Steady>,
    /// Everyone connects at once.
    pub(crate) storms: Vec<Storm>,
    /// A restart.
    pub(crate) resume: Option<Resume>,
    /// Posting.
    pub(crate) publishing: Option<Publishing>,
    /// Reading lists.
    pub(crate) listing: Vec<Rate>,
    /// Newcomers while more is posted than can be sent.
    pub(crate) newcomers: Vec<Newcomers>,
    /// Answers that nobody reads.
    pub(crate) unread: Vec<Unread>,
    /// The machine's load before the run.
    pub(crate) load_before: f64,
    /// How long the run took.
    pub(crate) elapsed: Duration,
}

impl Results {
    /// Whether this hub, and the limit by which the load generator is checked, delivered every message once and
    /// in order.
    pub(crate) fn is_exact(&self) -> bool {
        let reports = (self.fan_out.iter().map(|result| (result.kind, &result.report)))
            .chain(self.steady.iter().map(|result| (result.kind, &result.report)))
            .chain(self.storms.iter().map(|result| (result.kind, &result.report)))
            .chain(self.resume.iter().map(|result| (Kind::Hub, &result.report)));
        reports
            .filter(|(kind, _)| matches!(kind, Kind::Hub | Kind::Bare))
            .all(|(_, report)| report.is_exact())
    }
}

/// Writes `BENCHMARKS.md` and the plots into a directory.
pub(crate) fn write(results: &Results, directory: &Path) -> io::Result<()> {
    let plots = directory.join("benchmarks");
    fs::create_dir_all(&plots)?;
    let path = directory.join("BENCHMARKS.md");
    // What others have measured stays.
    let before = fs::read_to_string(&path).unwrap_or_default();
    let others: String =
        [section::PAGE, section::STORES].iter().map(|section| section.cut_from(&before)).collect();
    fs::write(path, markdown(results) + &others + &earlier_runs(&plots)?)?;
    for (name, svg) in plots_of(results) {
        fs::write(plots.join(name), svg)?;
    }
    Ok(())
}

/// The reports of earlier runs that are kept beside the plots, newest first.
fn earlier_runs(directory: &Path) -> io::Result<String> {
    let mut names = Vec::new();
    for file in fs::read_dir(directory)? {
        let name = file?.file_name();
        names.extend(name.to_str().and_then(|name| name.strip_suffix(".md")).map(ToOwned::to_owned));
    }
    names.sort_unstable_by(|a, b| b.cmp(a));
    if names.is_empty() {
        return Ok(String::new());
    }
    let links: Vec<_> = names.iter().map(|name| format!("- [{name}](benchmarks/{name}.md)")).collect();
    Ok(format!("\n## Earlier runs\n\n{}\n", links.join("\n")))
}

/// The whole document.
pub(crate) fn markdown(results: &Results) -> String {
    let mut text = introduction(results);
    if !results.fan_out.is_empty() {
        text += &fan_out(&results.fan_out);
    }
    if !results.idle.is_empty() {
        text += &idle(&results.idle);
    }
    if !results.steady.is_empty() {
        text += &steady(&results.steady);
    }
    if !results.storms.is_empty() {
        text += &storms(&results.storms);
    }
    if let Some(resume) = &results.resume {
        text += &resumed(resume);
    }
    if let Some(publishing) = &results.publishing {
        text += &published(publishing);
    }
    if !results.listing.is_empty() {
        text += &table(
            "Reading lists",
            "Lists read from a hub that holds as many notifications as it keeps (1,000). Closed loop: each \
             connection asks again as soon as it is answered.",
            &RATE_COLUMNS,
            results.listing.iter().map(rate_row),
        );
    }
    if !results.newcomers.is_empty() {
        text += &newcomers(&results.newcomers);
        text += &unread(&results.unread);
    }
    text + NOTES
}

const NOTES: &str = "
## What these numbers do not say

- Server, publisher and all readers share the machine's cores, and loopback has no wire: the times compare servers
  with each other and with the limit, they are not what a network gives.
- A `send()` on loopback also does the receiving side's TCP work in the sender's name. That is why the limit is so
  high, and it is the same for every server.
- NotifyHub stores each message durably (SQLite, one fsync a commit) before anyone has it; its latency includes
  that. nchan keeps messages in memory, sse-starlette and the bare-socket server keep nothing.
- sse-starlette is one Python process with one queue a subscriber, as its users write it; it is tried with at most
  5,000 streams, for more take it minutes a message.
- nginx's two workers share memory: the second column of the memory table counts it once.
- Idle memory is what the server's own processes hold. The kernel's sockets come on top, for every server alike.
- Publishing rates of NotifyHub and nchan are not of the same thing: one is on the disk when it is answered.
";

const RATE_COLUMNS: [&str; 5] = ["", "connections", "a second", "p99 of the answers", "server CPU an answer"];

fn introduction(results: &Results) -> String {
    let mut text = format!(
        "<!-- Written by `notifyhub-bench full`; do not edit. `make bench` makes it anew. -->\n\n# Benchmarks\n\n\
         Measured on {}, {}, in one run of {:.0} minutes. Load before the run: {:.2}.\n\nTo repeat it: \
         `make bench`, on a machine that does nothing else. No random numbers are drawn by the load generator.\n\n\
         | server | version |\n|---|---|\n",
        chrono::Utc::now().format("%Y-%m-%d"),
        machine::describe(),
        results.elapsed.as_secs_f64() / 60.0,
        results.load_before,
    );
    for server in &results.servers {
        let _ = writeln!(text, "| {} | {} |", server.kind, server.version);
    }
    for (kind, reason) in &results.missing {
        let _ = writeln!(text, "| {kind} | not measured: {reason} |");
    }
    let _ = write!(
        text,
        "\nHow: `bench/` has a load generator of its own, one thread on epoll with many loopback source addresses. \
         Every stream's messages are checked one by one: lost, doubled and out of order are exact counts. A message's \
         latency runs from the instant it was *scheduled* for, so a server that answers late is not spared \
         (no coordinated omission), to the read at each stream, into HDR histograms. Each server runs in processes of \
         its own, freshly started, with heartbeats every 15 s; the servers take turns ({} rounds), so that noise hits \
         all alike. CPU is the user and system time of the server's processes. The *limit* is a server of ours that \
         does nothing but `send()` the same bytes to every socket, on two threads; the load generator is checked \
         against it. Every server delivers the same message, about 190 bytes of JSON.\n",
        results.rounds
    );
    text
}

fn fan_out(results: &[FanOut]) -> String {
    let row = |result: &FanOut| {
        let mut last = result.to_last_reader.clone();
        last.sort_unstable();
        let median = last.get(last.len() / 2).copied().unwrap_or_default();
        let limit = results.iter().find(|other| other.kind == Kind::Bare && other.streams == result.streams);
        vec![
            count(result.streams),
            result.kind.to_string(),
            result.messages.to_string(),
            time(result.report.latency.value_at_quantile(0.5)),
            time(result.report.latency.value_at_quantile(0.99)),
            time(result.report.latency.max()),
            format!("{:.1} ms", median.as_secs_f64() * 1e3),
            format!("{:.2} µs", result.server_us()),
            limit.map_or("–".into(), |limit| format!("{:.2}", result.server_us() / limit.server_us())),
            exactness(&result.report),
        ]
    };
    let mut text = table(
        "One message to many streams",
        "Sent again after all readers had it and a pause of 50 ms. *Last reader* is the median, over the messages, of \
         the time until the last stream had it. CPU counts everything the server does for the message.",
        &[
            "streams",
            "server",
            "messages",
            "p50",
            "p99",
            "max",
            "last reader",
            "CPU a delivery",
            "× limit",
            "lost / doubled / out of order",
        ],
        results.iter().map(row),
    );
    text += "\n![CPU per delivery](benchmarks/cpu-per-delivery.svg)\n\n![Latency](benchmarks/latency.svg)\n";
    let most = results.iter().map(|result| result.streams).max().unwrap_or_default();
    let at_most = |kind| results.iter().find(|result| result.kind == kind && result.streams == most);
    if let (Some(hub), Some(nchan)) = (at_most(Kind::Hub), at_most(Kind::Nchan)) {
        let p99 = |result: &FanOut| ms(result.report.latency.value_at_quantile(0.99));
        let _ = write!(
            text,
            "\nAt {} streams nchan's p99 is {:.2} times NotifyHub's, its CPU per delivery {:.2} times.",
            count(most),
            p99(nchan) / p99(hub),
            nchan.server_us() / hub.server_us()
        );
        if let Some(limit) = at_most(Kind::Bare) {
            let _ = write!(
                text,
                " NotifyHub's p99 is {:.2} times the limit's, its CPU {:.2} times.",
                p99(hub) / p99(limit),
                hub.server_us() / limit.server_us()
            );
        }
        text += "\n";
    }
    let clients: Vec<f64> = results.iter().filter(|r| r.kind == Kind::Bare).map(FanOut::client_us).collect();
    if let Some(least) = clients.iter().copied().reduce(f64::min) {
        let most = clients.iter().copied().fold(0.0, f64::max);
        let _ = writeln!(
            text,
            "\nThe load generator itself needs {least:.1} to {most:.1} µs of CPU a delivery (with the limit)."
        );
    }
    text
}

fn idle(results: &[Idle]) -> String {
    let row = |result: &Idle| {
        vec![
            count(result.streams),
            result.kind.to_string(),
            kib(result.rss_per_stream()),
            kib(result.pss_per_stream()),
            format!("{:.1} %", result.cpu_percent()),
            result.heartbeats.to_string(),
            format!("{:.2} µs", per_delivery_us(result.cpu, result.heartbeats)),
        ]
    };
    table(
        "Idle streams",
        "What the server's memory grew by, divided by the number of streams, after a first wave of connections has come \
         and gone (what is made once is no stream's own); and the share of one core it takes to send each of them a \
         heartbeat a second, over 10 s.",
        &[
            "streams",
            "server",
            "memory a stream (RSS)",
            "shared pages once (PSS)",
            "CPU of one core",
            "heartbeats",
            "CPU a heartbeat",
        ],
        results.iter().map(row),
    ) + "\n![Memory per stream](benchmarks/memory.svg)\n"
}

fn steady(results: &[Steady]) -> String {
    let row = |result: &Steady| {
        vec![
            result.kind.to_string(),
            time(result.report.latency.value_at_quantile(0.5)),
            time(result.report.latency.value_at_quantile(0.99)),
            time(result.report.latency.max()),
            format!("{:.0} %", result.cpu_percent),
            format!("{:.2} µs", result.server_us),
            exactness(&result.report),
        ]
    };
    table(
        &format!(
            "{} messages a second to {} streams",
            1000 / steady::PERIOD.as_millis(),
            count(steady::STREAMS)
        ),
        "For ten seconds after one to warm up, on a fixed schedule.",
        &[
            "server",
            "p50",
            "p99",
            "max",
            "CPU of one core",
            "CPU a delivery",
            "lost / doubled / out of order",
        ],
        results.iter().map(row),
    )
}

fn storms(results: &[Storm]) -> String {
    let row = |result: &Storm| {
        vec![
            result.kind.to_string(),
            format!("{:.0} ms", result.all_open.as_secs_f64() * 1e3),
            time(result.report.opening.value_at_quantile(0.5)),
            time(result.report.opening.value_at_quantile(0.99)),
            result.failed.to_string(),
            format!("{:.1} µs", result.server_us),
            exactness(&result.report),
        ]
    };
    table(
        &format!("{} streams connect in the same instant", count(storm::STREAMS)),
        "From connecting to the head of the response; then one message, which all must have.",
        &[
            "server",
            "all open after",
            "p50",
            "p99",
            "failed",
            "CPU a stream",
            "lost / doubled / out of order",
        ],
        results.iter().map(row),
    )
}

fn newcomers(results: &[Newcomers]) -> String {
    let row = |result: &Newcomers| {
        vec![
            count(result.streams),
            result.publishers.to_string(),
            result.first_event.len().to_string(),
            time(result.first_event.value_at_quantile(0.5)),
            time(result.first_event.value_at_quantile(0.99)),
            time(result.first_event.max()),
            result.threads.to_string(),
        ]
    };
    table(
        "Newcomers under more than can be sent",
        "So many connections post to NotifyHub without a pause, each message for all streams. Somebody new subscribes \
         again and again: from connecting to the first notification that is sent live.",
        &["streams", "publishers", "newcomers", "p50", "p99", "max", "threads"],
        results.iter().map(row),
    )
}

fn unread(results: &[Unread]) -> String {
    let row = |result: &Unread| {
        #[expect(clippy::cast_precision_loss, reason = "a size to be read")]
        let grown = result.grown as f64 / f64::from(1 << 20);
        vec![
            format!("`{}`", result.path),
            format!("{grown:.1} MiB"),
            format!("{:.0} ms", result.slowest.as_secs_f64() * 1e3),
        ]
    };
    table(
        &format!("{} answers that nobody reads", count(overload::UNREAD)),
        "NotifyHub holds 1,000 notifications of 4 KiB; each connection asks for 999 of them and reads nothing.",
        &["request", "memory grew by (RSS)", "slowest `/healthz` meanwhile"],
        results.iter().map(row),
    )
}

fn resumed(result: &Resume) -> String {
    format!(
        "\n## A restart under {} streams\n\nNotifyHub is stopped with SIGTERM while {0} streams are open, and started \
         again on the same data; messages are posted before anyone is back. Each stream comes back after the delay it \
         was told (1 to 5 s, random), with its last event id.\n\n| | |\n|---|---|\n| from SIGTERM until the new hub \
         listens | {:.1} s |\n| from then until everyone is back with every message | {:.1} s |\n| a stream away, p50 \
         / p99 | {} / {} |\n| lost / doubled / out of order | {} |\n",
        count(result.streams),
        result.down.as_secs_f64(),
        result.all_resumed.as_secs_f64(),
        time(result.report.away.value_at_quantile(0.5)),
        time(result.report.away.value_at_quantile(0.99)),
        exactness(&result.report)
    )
}

fn published(result: &Publishing) -> String {
    table(
        "Publishing",
        &format!(
            "Keep-alive connections that each post the next notification as soon as the last is answered (closed \
             loop). NotifyHub answers once the notification is on the disk; this disk takes {:.0} writes with fsync a \
             second, one after the other. nchan answers from memory.",
            result.syncs_per_second
        ),
        &RATE_COLUMNS,
        result.rates.iter().map(rate_row),
    )
}

fn rate_row(rate: &Rate) -> Vec<String> {
    vec![
        rate.name.clone(),
        rate.connections.to_string(),
        format!("{:.0}", rate.answers.per_second()),
        time(rate.answers.taken.value_at_quantile(0.99)),
        format!("{:.0} µs", rate.server_us),
    ]
}

fn plots_of(results: &Results) -> Vec<(&'static str, String)> {
    let series = |value: fn(&FanOut) -> f64| -> Vec<plot::Series> {
        let mut kinds: Vec<Kind> = results.fan_out.iter().map(|result| result.kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let of_kind = |kind| {
            let results = results.fan_out.iter().filter(move |result| result.kind == kind);
            #[expect(clippy::cast_precision_loss, reason = "a position in a plot")]
            results.map(|result| (result.streams as f64, value(result))).collect()
        };
        let one = |kind: Kind| plot::Series {
            name: plain_name(kind),
            colour: colour(kind),
            is_dashed: kind == Kind::Bare,
            points: of_kind(kind),
        };
        kinds.into_iter().map(one).collect()
    };
    let mut plots = Vec::new();
    if !results.fan_out.is_empty() {
        let cpu = series(FanOut::server_us);
        plots.push(("cpu-per-delivery.svg", plot::lines("Server CPU per delivery", "streams", "µs", &cpu)));
        let p99 = series(|result| ms(result.report.latency.value_at_quantile(0.99)));
        plots.push(("latency.svg", plot::lines("One message to all streams, p99", "streams", "ms", &p99)));
    }
    let memory: Vec<_> = results
        .idle
        .iter()
        .map(|idle| {
            let name = format!("{}, {} streams", plain_name(idle.kind), count(idle.streams));
            (name, colour(idle.kind), idle.pss_per_stream() / 1024.0)
        })
        .collect();
    if !memory.is_empty() {
        plots.push(("memory.svg", plot::bars("Server memory per idle stream", "KiB", &memory)));
    }
    plots
}

fn plain_name(kind: Kind) -> String {
    kind.name().replace('`', "")
}

const fn colour(kind: Kind) -> &'static str {
    match kind {
        Kind::Bare => "#8b949e",
        Kind::Hub => "#2f81f7",
        Kind::Nchan => "#db6d28",
        Kind::SseStarlette => "#a371f7",
        Kind::Mercure => "#3fb950",
        Kind::Ntfy | Kind::Gotify => "#d29922",
    }
}

fn exactness(report: &crate::fleet::Report) -> String {
    format!("{} / {} / {}", report.lost, report.doubled, report.out_of_order)
}
