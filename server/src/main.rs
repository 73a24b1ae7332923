//! `notifyhub-server`: parses the command line, then runs the hub or prints its specification.

use std::{io::IsTerminal as _, process::ExitCode};

use clap::Parser as _;
use notifyhub_server::{
    api,
    config::{Command, Config},
    connection::listen,
    serve,
};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let config = Config::parse();
    if let Some(Command::Openapi) = config.command {
        print!("{}", api::spec());
        return ExitCode::SUCCESS;
    }
    let filter = match EnvFilter::try_new(&config.log) {
        Ok(filter) => filter,
        Err(error) => return fail(format_args!("--log {:?} is no level: {error}", config.log)),
    };
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .init();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return fail(format_args!("cannot start threads: {error}")),
    };
    // Before anything replaces it: a newer version may be put in its place while it runs.
    let program = std::env::current_exe();
    let served = runtime.block_on(serve::serve(config));
    match (served, program) {
        (Ok(None), _) => ExitCode::SUCCESS,
        (Ok(Some(listeners)), Ok(program)) => {
            let error = listen::restart(&program, &listeners);
            fail(format_args!("cannot start {} again: {error}", program.display()))
        }
        (Ok(Some(_)), Err(error)) => fail(format_args!("cannot start again: {error}")),
        (Err(error), _) => fail(format_args!("{error}")),
    }
}

fn fail(error: std::fmt::Arguments<'_>) -> ExitCode {
    eprintln!("notifyhub-server: {error}");
    ExitCode::FAILURE
}
