//! `notifyhub-server`: parses the command line, then runs the hub or does what was asked for instead.

use std::{io::IsTerminal as _, process::ExitCode};

use clap::Parser as _;
use notifyhub_server::{
    app,
    config::{Command, Config, LogFormat, LogLevel},
    http, maintenance,
};
use tracing_subscriber::filter::LevelFilter;

/// The most threads that wait for the disk or search at a time; what runs there is bounded besides.
const MAX_BLOCKING_THREADS: usize = 8;

fn main() -> ExitCode {
    let config = Config::parse();
    // What is stored, and the keys beside it, are for this user alone.
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    let done = match &config.command {
        None => return run(config),
        Some(Command::Openapi) => {
            print!("{}", http::spec());
            return ExitCode::SUCCESS;
        }
        Some(Command::Backup { file, force }) => maintenance::back_up(&config, file, *force),
        Some(Command::Check { file }) => maintenance::check(&config, file.as_deref()),
        Some(Command::Restore { file }) => maintenance::restore(&config, file),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(format_args!("{error}")),
    }
}

fn run(config: Config) -> ExitCode {
    start_logging(config.log, config.log_format);
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = match builder.enable_all().max_blocking_threads(MAX_BLOCKING_THREADS).build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(format_args!("cannot start threads: {error}")),
    };
    let ran = runtime.block_on(app::run(config));
    // A disk that does not answer keeps its threads for ever; what had to be finished is finished.
    runtime.shutdown_background();
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(format_args!("{error}")),
    }
}

fn start_logging(level: LogLevel, format: LogFormat) {
    let level = match level {
        LogLevel::Off => LevelFilter::OFF,
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    let builder = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .with_target(false)
        // It would panic where standard error is closed.
        .log_internal_errors(false);
    match format {
        LogFormat::Text => builder.with_ansi(std::io::stderr().is_terminal()).init(),
        LogFormat::Json => builder.json().flatten_event(true).init(),
    }
}

fn fail(error: std::fmt::Arguments<'_>) -> ExitCode {
    use std::io::Write as _;
    // Nobody may be reading.
    let _ = writeln!(std::io::stderr(), "notifyhub-server: {error}");
    ExitCode::FAILURE
}
