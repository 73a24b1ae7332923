//! `notifyhub-bench`: a load generator for event streams, and the head-to-head runs it makes of this hub and
//! others on one machine.
//!
//! # Layout
//! - `message`, `sse`: what is published, and how a reader knows it again.
//! - `fleet`, `tally`: many streams read by few threads, and what they have seen together.
//! - `publisher`: posts messages on a schedule.
//! - `servers`, `process`, `bare`: the servers under test, each in processes of its own.
//! - `scenario`, `smoke`, `closed_loop`: what is measured.
//! - `stores`: the same hub on each store it may have.
//! - `report`, `table`, `section`: docs/BENCHMARKS.md, with the library's `plot` and `machine`.

mod bare;
mod closed_loop;
mod fleet;
mod http;
mod message;
mod process;
mod publisher;
mod report;
mod scenario;
mod section;
mod servers;
mod smoke;
mod sse;
mod stores;
mod table;
mod tally;

use std::{
    io,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use clap::{Args, Parser, Subcommand, ValueEnum};
use notifyhub_bench::machine;

use crate::{
    report::Results,
    scenario::{Bench, fan_out, idle, overload, requests, resume, steady, storm},
    servers::{Installed, Kind},
    stores::Store,
};

/// Measures NotifyHub, and other servers of event streams beside it.
#[derive(Debug, Parser)]
#[command(name = "notifyhub-bench", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// A run of seconds with a few hundred streams of this hub. Fails if one delivery is lost, doubled or out of
    /// order.
    Smoke(Common),
    /// All scenarios with all servers, or those that are named. Prints its report, or writes it with --docs.
    Full(FullOptions),
    /// This hub on each store: publishing, several hubs on one store, starting. Fails if something that was acknowledged
    /// is lost or doubled.
    Stores(StoresOptions),
    /// Run the bare-socket server that the others are compared with.
    #[command(hide = true)]
    Bare {
        #[arg(long)]
        port: u16,
        #[arg(long, default_value_t = 2)]
        threads: usize,
    },
}

#[derive(Debug, Args)]
struct Common {
    /// The hub's program [default: notifyhub-server beside this program].
    #[arg(long, value_name = "PATH")]
    hub: Option<PathBuf>,

    /// How many threads read streams.
    #[arg(long, default_value_t = 1, value_name = "N")]
    threads: usize,
}

#[derive(Debug, Args)]
struct FullOptions {
    #[command(flatten)]
    common: Common,

    /// Only these servers.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NAMES")]
    servers: Vec<Kind>,

    /// Only these scenarios.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NAMES")]
    scenarios: Vec<Scenario>,

    /// The numbers of streams that one message goes to.
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 2_500, 5_000, 10_000], value_name = "N")]
    streams: Vec<usize>,

    /// How many messages go to each number of streams.
    #[arg(long, default_value_t = 30, value_name = "N")]
    messages: u32,

    /// How often the servers take turns.
    #[arg(long, default_value_t = 3, value_name = "N")]
    rounds: usize,

    /// Write BENCHMARKS.md and its plots into this directory.
    #[arg(long, value_name = "DIR")]
    docs: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct StoresOptions {
    #[command(flatten)]
    common: Common,

    /// Only these stores.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NAMES")]
    only: Vec<Store>,

    /// Seconds instead of minutes: to see that it works, not for figures.
    #[arg(long)]
    short: bool,

    /// Write the section of BENCHMARKS.md in this directory.
    #[arg(long, value_name = "DIR", conflicts_with = "short")]
    docs: Option<PathBuf>,
}

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Scenario {
    /// One message to many streams.
    FanOut,
    /// Memory and heartbeats.
    Idle,
    /// 50 messages a second.
    Steady,
    /// Everyone connects at once.
    Storm,
    /// A restart of this hub.
    Resume,
    /// Rate of posting.
    Publish,
    /// Rate of reading lists of this hub.
    List,
    /// More than this hub can send.
    Overload,
}

fn main() -> ExitCode {
    machine::raise_file_limit();
    let is_exact = match Arguments::parse().command {
        Command::Bare { port, threads } => bare::serve(port, threads).map(|()| true),
        Command::Smoke(common) => smoke(&common),
        Command::Full(options) => full(&options),
        Command::Stores(options) => stores(&options),
    };
    match is_exact {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("notifyhub-bench: something was lost, doubled or out of order");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("notifyhub-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn smoke(common: &Common) -> io::Result<bool> {
    let hub = hub_program(common)?;
    let find = |kind: Kind| kind.find(&hub).map_err(io::Error::other);
    smoke::run(&find(Kind::Bare)?, &find(Kind::Hub)?, common.threads)
}

fn stores(options: &StoresOptions) -> io::Result<bool> {
    let hub = Kind::Hub.find(&hub_program(&options.common)?).map_err(io::Error::other)?;
    let stores = if options.only.is_empty() { Store::value_variants() } else { &options.only };
    let form = if options.short { &stores::Form::SHORT } else { &stores::Form::FULL };
    stores::run(&hub, stores, form, options.docs.as_deref())
}

/// Runs the scenarios; says whether this hub, and the load generator itself, delivered everything as they should.
fn full(options: &FullOptions) -> io::Result<bool> {
    let started = Instant::now();
    let mut results = Results { rounds: options.rounds, load_before: machine::load(), ..Results::default() };
    if results.load_before > 0.5 {
        println!("The machine is busy (load {}): the numbers will be noisy.", results.load_before);
    }
    (results.servers, results.missing) = find_servers(&options.servers, &hub_program(&options.common)?);
    let bench =
        Bench { servers: results.servers.clone(), threads: options.common.threads, rounds: options.rounds };
    let hub = bench.server(Kind::Hub);
    let is_wanted = |scenario, heading| {
        let is_wanted = options.scenarios.is_empty() || options.scenarios.contains(&scenario);
        if is_wanted {
            println!("\n{heading} (after {:.0} s)", started.elapsed().as_secs_f64());
        }
        is_wanted
    };
    if is_wanted(Scenario::FanOut, "One message to many streams") {
        results.fan_out = fan_out::run(&bench, &options.streams, options.messages)?;
    }
    if is_wanted(Scenario::Idle, "Idle streams, a heartbeat a second") {
        results.idle = idle::run(&bench, &[1_000, 10_000])?;
    }
    if is_wanted(Scenario::Steady, "50 messages a second to 1,000 streams") {
        results.steady = steady::run(&bench)?;
    }
    if is_wanted(Scenario::Storm, "10,000 streams connect at once") {
        results.storms = storm::run(&bench)?;
    }
    if let Some(hub) = hub.filter(|_| is_wanted(Scenario::Resume, "A restart under 5,000 streams")) {
        results.resume = Some(resume::run(hub, resume::STREAMS, options.common.threads)?);
    }
    if is_wanted(Scenario::Publish, "Publishing") {
        results.publishing = Some(requests::publish(&bench, &[1, 8, 64])?);
    }
    if let Some(hub) = hub.filter(|_| is_wanted(Scenario::List, "Reading lists")) {
        results.listing = requests::list(hub)?;
    }
    if let Some(hub) = hub.filter(|_| is_wanted(Scenario::Overload, "More than can be sent")) {
        (results.newcomers, results.unread) = overload::run(hub)?;
    }
    results.elapsed = started.elapsed();
    match &options.docs {
        Some(directory) => report::write(&results, directory)?,
        None => println!("\n{}", report::markdown(&results)),
    }
    println!("\ndone in {:.0} s", results.elapsed.as_secs_f64());
    Ok(results.is_exact())
}

fn find_servers(only: &[Kind], hub: &Path) -> (Vec<Installed>, Vec<(Kind, String)>) {
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    let all = Kind::value_variants().iter().copied();
    for kind in all.filter(|kind| only.is_empty() || only.contains(kind)) {
        match kind.find(hub) {
            Ok(server) => {
                println!("{kind}: {}", server.version);
                found.push(server);
            }
            Err(reason) => {
                println!("{kind}: not measured: {reason}");
                missing.push((kind, reason));
            }
        }
    }
    (found, missing)
}

fn hub_program(common: &Common) -> io::Result<PathBuf> {
    match &common.hub {
        // A server runs in a directory of its own.
        Some(hub) => std::path::absolute(hub),
        None => Ok(std::env::current_exe()?.with_file_name("notifyhub-server")),
    }
}
