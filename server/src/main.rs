//! `notifyhub-server`: parses the command line, then runs the hub, or does what was asked for instead.

use std::{
    io::{ErrorKind, IsTerminal as _, Write as _},
    process::ExitCode,
};

use clap::{CommandFactory as _, Parser as _};
use notifyhub_server::{
    app,
    config::{Command, Config, LogFormat, LogLevel},
    health, http, maintenance,
};
use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};
use url::Url;

/// The most threads that wait for the disk or search at a time; what runs there is bounded besides.
const MAX_BLOCKING_THREADS: usize = 8;

fn main() -> ExitCode {
    let mut config = Config::parse();
    if let Err(error) = config.settle() {
        return fail(format_args!("{error}"));
    }
    // What is stored, and the keys beside it, are for this user alone.
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    if let Some(command) = &config.command {
        return do_instead(command, &config);
    }
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

/// Does what was asked for instead of running the hub.
fn do_instead(command: &Command, config: &Config) -> ExitCode {
    let mut text = Vec::new();
    match command {
        Command::Openapi => text = http::spec().into_bytes(),
        Command::Health { url } => return check_health(url.clone().map_or_else(|| config.own_url(), Ok)),
        Command::Completions { shell } => {
            clap_complete::generate(*shell, &mut Config::command(), "notifyhub-server", &mut text);
        }
        Command::Man => text = manual_page(),
        Command::Backup { file, force } => return say(maintenance::back_up(config, file, *force)),
        Command::Check { file } => return say(maintenance::check(config, file.as_deref())),
        Command::Restore { file } => return say(maintenance::restore(config, file)),
        Command::Move(options) => return say(maintenance::move_feed(config, options)),
    }
    match std::io::stdout().write_all(&text) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => fail(format_args!("cannot write: {error}")),
        _ => ExitCode::SUCCESS,
    }
}

fn manual_page() -> Vec<u8> {
    let command = Config::command().disable_help_subcommand(true);
    let names: Vec<String> = command.get_subcommands().map(|one| one.get_name().to_owned()).collect();
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page).expect("memory takes all that is written");
    let mut page = String::from_utf8(page).expect("the command line is text");
    for name in names {
        // They have no pages of their own.
        let reference = format!(r"notifyhub\-server\-{name}(1)");
        page = page.replace(&reference, &format!(r"notifyhub\-server {name}"));
    }
    page.into_bytes()
}

fn check_health(url: Result<Url, String>) -> ExitCode {
    let url = match url {
        Ok(url) => url,
        Err(reason) => return fail(format_args!("--host {reason}")),
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(format_args!("cannot start: {error}")),
    };
    let checked = runtime.block_on(health::check(&url));
    // A name that is still being looked up would keep it.
    runtime.shutdown_background();
    match checked {
        Ok(()) => {
            // Nobody may be reading.
            let _ = writeln!(std::io::stdout(), "ready");
            ExitCode::SUCCESS
        }
        Err(error) => fail(format_args!("{error}")),
    }
}

fn say(done: Result<(), impl std::fmt::Display>) -> ExitCode {
    match done {
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
    // It tells each attempt to connect, several a second; what there is to know of that is told by the log that uses it.
    let of_nats = if level >= LevelFilter::DEBUG { level } else { LevelFilter::OFF };
    let targets = Targets::new().with_default(level).with_target("async_nats", of_nats);
    match format {
        LogFormat::Text => {
            builder.with_ansi(std::io::stderr().is_terminal()).finish().with(targets).init();
        }
        LogFormat::Json => builder.json().flatten_event(true).finish().with(targets).init(),
    }
}

fn fail(error: std::fmt::Arguments<'_>) -> ExitCode {
    // Nobody may be reading.
    let _ = writeln!(std::io::stderr(), "notifyhub-server: {error}");
    ExitCode::FAILURE
}
