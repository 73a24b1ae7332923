//! `notifyhub-chaos`: the long forms of the tests that leave much to chance. Prints exact counts, and fails if anything
//! was lost, doubled, or grew.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::{Args, Parser, Subcommand};
use notifyhub_test_engines::Sync;
use notifyhub_tests::chaos::{self, ClusterPlan, JetStreamPlan, OnPostgres, Plan, SoakPlan};

/// Runs a hub under faults, or for long.
#[derive(Debug, Parser)]
#[command(name = "notifyhub-chaos", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Kill, stop, cut, delay and silence, while publishers post and subscribers listen: twice, keeping everything and
    /// keeping little.
    Run {
        /// How many notifications are posted while everything is kept; a fifth of that while little is.
        #[arg(long, default_value_t = 100_000, value_name = "N")]
        count: usize,
        #[command(flatten)]
        common: Common,
    },
    /// Three hubs on one PostgreSQL: kill and freeze any of them, while publishers post and subscribers change hubs.
    Cluster {
        /// How many notifications are posted; something is killed or frozen once in 125.
        #[arg(long, default_value_t = 50_000, value_name = "N")]
        count: usize,
        /// Decides everything that is left to chance [default: another one each time].
        #[arg(long, value_name = "N")]
        seed: Option<u64>,
    },
    /// Three hubs on three brokers: kill, freeze and cut off both, while publishers post to any hub and subscribers
    /// change hubs. Twice: keeping everything, and for a fifth of the time keeping little.
    #[command(name = "jetstream")]
    JetStream {
        /// For how long faults are made.
        #[arg(long, default_value_t = 10, value_name = "N")]
        minutes: u64,
        #[command(flatten)]
        common: Common,
    },
    /// A steady load for long: memory, descriptors and files must stay what they are.
    Soak {
        /// For how long.
        #[arg(long, default_value_t = 30, value_name = "N")]
        minutes: u64,
        #[command(flatten)]
        common: Common,
    },
}

#[derive(Debug, Args)]
struct Common {
    /// Decides everything that is left to chance [default: another one each time].
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// Write the figures into RELIABILITY.md in this directory.
    #[arg(long, value_name = "DIR")]
    docs: Option<PathBuf>,
}

// The thread that starts a hub must live as long as the hub: it is this one.
#[tokio::main(flavor = "multi_thread")]
async fn main() -> ExitCode {
    let (is_well, written) = match Arguments::parse().command {
        Command::Run { count, common } => run(count, &common).await,
        Command::Cluster { count, seed } => (cluster(count, seed).await, Ok(())),
        Command::JetStream { minutes, common } => on_jetstream(minutes, &common).await,
        Command::Soak { minutes, common } => soak(minutes, &common).await,
    };
    if let Err(error) = written {
        eprintln!("notifyhub-chaos: the figures are not written: {error}");
        return ExitCode::FAILURE;
    }
    if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn run(count: usize, common: &Common) -> (bool, std::io::Result<()>) {
    let seed = seed(common.seed);
    let mut runs = Vec::new();
    for plan in [Plan::keeping_all(seed, count), Plan::keeping_few(seed, count.div_ceil(5))] {
        let figures = chaos::run(plan).await;
        println!("{figures}");
        runs.push(figures);
    }
    let written = common.docs.as_ref().map_or(Ok(()), |docs| chaos::write_runs(&runs, docs));
    (runs.iter().all(chaos::Figures::is_exact), written)
}

async fn cluster(count: usize, seed: Option<u64>) -> bool {
    let plan = ClusterPlan::of(self::seed(seed), count);
    let figures = chaos::run_cluster(plan, &mut OnPostgres::start()).await;
    println!("{figures}");
    figures.run.is_exact()
}

async fn on_jetstream(minutes: u64, common: &Common) -> (bool, std::io::Result<()>) {
    let seed = seed(common.seed);
    let long = Duration::from_mins(minutes);
    let plans = [(1_000_000, long, Sync::Always), (200, long / 5, Sync::Default)];
    let mut runs = Vec::new();
    for (max_notifications, duration, sync) in plans {
        let plan = JetStreamPlan { seed, duration, max_notifications, sync };
        let Some(figures) = chaos::run_on_jetstream(plan).await else {
            return (false, Err(std::io::Error::other("there is no NATS server")));
        };
        println!("{figures}");
        runs.push(figures);
    }
    let written = common.docs.as_ref().map_or(Ok(()), |docs| chaos::write_jetstream_runs(&runs, docs));
    (runs.iter().all(chaos::JetStreamFigures::is_exact), written)
}

async fn soak(minutes: u64, common: &Common) -> (bool, std::io::Result<()>) {
    let plan = SoakPlan {
        seed: seed(common.seed),
        duration: Duration::from_mins(minutes),
        rate: 50,
        streams: 40,
        interval: Duration::from_secs(5),
    };
    let figures = chaos::soak(plan).await;
    println!("{figures}");
    let written = common.docs.as_ref().map_or(Ok(()), |docs| figures.write(docs));
    (figures.is_well(), written)
}

fn seed(given: Option<u64>) -> u64 {
    let seed = given.unwrap_or_else(|| fastrand::u64(..1_000_000_000));
    println!("seed {seed}");
    seed
}
