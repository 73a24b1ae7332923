//! `notifyhub-bench`: a load generator for event streams, and the head-to-head runs it makes of this hub and
//! others on one machine.
//!
//! # Layout
//! - `message`, `sse`: what is published, and how a reader knows it again.
//! - `fleet`, `tally`: many streams read by few threads, and what they have seen together.
//! - `publisher`: posts messages on a schedule.
//! - `servers`, `process`, `bare`: the servers under test, each in processes of its own.
//! - `scenario`: what is measured.

mod bare;
mod fleet;
mod message;
mod process;
mod publisher;
mod scenario;
mod servers;
mod sse;
mod tally;

use std::{io, path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};

use crate::{scenario::Bench, servers::Kind};

/// Measures NotifyHub, and other servers of event streams beside it.
#[derive(Debug, Parser)]
#[command(name = "notifyhub-bench", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// A run of seconds with a few hundred streams: fails if one delivery is lost, doubled or out of order.
    Smoke(Options),
    /// All scenarios with all servers.
    Full(Options),
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
struct Options {
    /// The hub's program [default: notifyhub-server beside this program].
    #[arg(long, value_name = "PATH")]
    hub: Option<PathBuf>,

    /// Only these servers.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NAMES")]
    servers: Vec<Kind>,

    /// The numbers of streams to fan out to.
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 5_000, 10_000], value_name = "N")]
    streams: Vec<usize>,

    /// How many threads read streams.
    #[arg(long, default_value_t = 1, value_name = "N")]
    threads: usize,

    /// How often the servers take turns.
    #[arg(long, default_value_t = 3, value_name = "N")]
    rounds: usize,
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Bare { port, threads } => bare::serve(port, threads),
        Command::Smoke(options) | Command::Full(options) => full(&options),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("notifyhub-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn full(options: &Options) -> io::Result<()> {
    let hub = match &options.hub {
        Some(hub) => hub.clone(),
        None => std::env::current_exe()?.with_file_name("notifyhub-server"),
    };
    let kinds = if options.servers.is_empty() {
        <Kind as clap::ValueEnum>::value_variants()
    } else {
        options.servers.as_slice()
    };
    let mut servers = Vec::new();
    for kind in kinds {
        match kind.find(&hub) {
            Ok(server) => {
                println!("{kind}: {}", server.version);
                servers.push(server);
            }
            Err(reason) => println!("{kind}: not measured: {reason}"),
        }
    }
    let bench = Bench { servers, threads: options.threads, rounds: options.rounds };
    let results = scenario::fan_out::run(&bench, &options.streams, 30)?;
    for result in &results {
        println!(
            "{:<26} {:>6} p50 {:>7.1} p99 {:>7.1} max {:>7.1} ms  {:.2} µs server, {:.2} µs client; lost {} doubled {} out of order {}",
            result.kind.to_string(),
            result.streams,
            result.report.latency.value_at_quantile(0.5) as f64 / 1e6,
            result.report.latency.value_at_quantile(0.99) as f64 / 1e6,
            result.report.latency.max() as f64 / 1e6,
            result.server_us(),
            result.client_us(),
            result.report.lost,
            result.report.doubled,
            result.report.out_of_order
        );
    }
    Ok(())
}
