//! What is done with a database from the command line, beside a hub or without one: backup, check, restore, move. Says
//! what came of it.

mod transfer;

use std::{
    fmt::Write as _,
    io::Write as _,
    path::{Path, PathBuf},
};

use self::transfer::MoveError;
use crate::{
    config::{Config, MoveOptions, NoDataDirectory, Store},
    log::sqlite::{self, CopyError, FILE_NAME, OpenError, Report},
};

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum MaintenanceError {
    /// There is no place for the data.
    #[error(transparent)]
    NoDataDirectory(#[from] NoDataDirectory),
    /// The notifications are elsewhere.
    #[error(
        "this is done with the SQLite file alone; notifications in {0} are backed up and restored with its own programs"
    )]
    OtherStore(&'static str),
    /// The notifications are nowhere.
    #[error("this is done with the SQLite file; with --store memory nothing is kept")]
    NothingKept,
    /// There is no database to look at.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// There is no copy.
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// The feed was not moved.
    #[error(transparent)]
    Move(#[from] MoveError),
    /// The database was looked at, and is damaged.
    #[error("{0} is not in order:\n  {1}")]
    Damaged(PathBuf, String),
}

/// `notifyhub-server backup FILE`.
pub fn back_up(config: &Config, file: &Path, replaces: bool) -> Result<(), MaintenanceError> {
    let report = sqlite::back_up(&database_directory(config)?, file, replaces)?;
    say(&format!("{} is a copy of {}", file.display(), contents(&report)));
    Ok(())
}

/// `notifyhub-server check [FILE]`.
pub fn check(config: &Config, file: Option<&Path>) -> Result<(), MaintenanceError> {
    let path = match file {
        Some(file) => file.to_owned(),
        None => database_directory(config)?.join(FILE_NAME),
    };
    let report = sqlite::check(&path)?;
    if !report.problems.is_empty() {
        return Err(MaintenanceError::Damaged(path, report.problems.join("\n  ")));
    }
    let mut text = format!("{} is in order: {}", path.display(), contents(&report));
    let _ = write!(
        text,
        "\n  Entries  {}, the newest is number {}; resumed after {} or later",
        report.entries, report.head, report.oldest_resume_point
    );
    for (seq, epoch) in &report.epochs {
        let _ = write!(text, "\n  Epoch    {epoch} from number {seq}");
    }
    say(&text);
    Ok(())
}

/// `notifyhub-server restore FILE`.
pub fn restore(config: &Config, file: &Path) -> Result<(), MaintenanceError> {
    let directory = database_directory(config)?;
    let (report, kept) = sqlite::restore(&directory, file)?;
    let mut text = format!("{} has {} now", directory.join(FILE_NAME).display(), contents(&report));
    if let Some(kept) = kept {
        let _ = write!(
            text,
            "\nWhat was there is kept as {}: delete it when you need it no more",
            kept.display()
        );
    }
    say(&text);
    Ok(())
}

/// `notifyhub-server move`.
pub fn move_feed(config: &Config, options: &MoveOptions) -> Result<(), MaintenanceError> {
    let (from, to) = options.ends().map_err(MoveError::Options)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let moved = runtime.map_err(MoveError::Start)?.block_on(transfer::run(config, &from, &to))?;
    say(&format!(
        "{} holds {} now, as {} does, which is left as it was. Start the hubs with --store for the new place; \
         subscribers begin afresh there",
        transfer::place(config, &to),
        counted(moved.notifications, moved.open),
        transfer::place(config, &from)
    ));
    Ok(())
}

fn database_directory(config: &Config) -> Result<PathBuf, MaintenanceError> {
    if config.store.is_shared() {
        Err(MaintenanceError::OtherStore(config.store.name()))
    } else if config.store == Store::Memory {
        Err(MaintenanceError::NothingKept)
    } else {
        Ok(config.data_directory()?)
    }
}

fn contents(report: &Report) -> String {
    counted(report.notifications, report.open)
}

fn counted(notifications: u64, open: u64) -> String {
    let plural = if notifications == 1 { "" } else { "s" };
    format!("{notifications} notification{plural}, {open} open")
}

fn say(text: &str) {
    // Nobody may be reading.
    let _ = writeln!(std::io::stdout(), "{text}");
}
