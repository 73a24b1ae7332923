//! `notifyhub hook install`, `uninstall` and `print`: has coding agents report to the hub.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Subcommand};
use notifyhub_sdk::without_password;

use crate::{
    Misuse,
    agent_hooks::{Agent, Change, HookFile, Place, install, uninstall},
    configuration::{Configuration, DEFAULT_URL},
    terminal::{self, FAILED, MISUSE, fail, print},
};

/// What is to be done with an agent's hooks.
#[derive(Debug, Subcommand)]
pub(crate) enum Setup {
    /// Put the hooks into the agent's own settings.
    ///
    /// What stands there already stays as it is: order, comments, indentation. What the file was before its first change
    /// is kept beside it, as *.notifyhub-backup. Doing it again changes nothing.
    Install(Which),

    /// Take the hooks out of the agent's settings, and nothing else.
    ///
    /// Where nobody else has changed the file since, it is then what it was before, byte for byte, and the backup goes.
    Uninstall(Which),

    /// Print what `install` puts in, without doing it.
    Print(Which),
}

/// Whose hooks, and where.
#[derive(Debug, Args)]
pub(crate) struct Which {
    /// The agent; may be several.
    #[arg(value_name = "AGENT", required = true)]
    agents: Vec<Agent>,

    /// In the settings of the project around the current directory, for everybody who works on it, instead of the
    /// user's own.
    #[arg(long)]
    project: bool,
}

impl Setup {
    /// Does it, and says so.
    pub(crate) fn run(&self) -> ExitCode {
        let (Setup::Install(which) | Setup::Uninstall(which) | Setup::Print(which)) = self;
        let (place, program) = match which.place().and_then(|place| Ok((place, program()?))) {
            Ok(found) => found,
            Err(misuse) => return fail(&misuse, MISUSE),
        };
        let mut code = ExitCode::SUCCESS;
        for agent in &which.agents {
            let files = agent.files(&place, &program, |name| env::var_os(name));
            let done = match self {
                Setup::Install(_) => put_in(*agent, &files),
                Setup::Uninstall(_) => take_out(&files),
                Setup::Print(_) => Ok(show(&files)),
            };
            match done {
                Ok(text) => {
                    print(&text);
                }
                Err(reason) => code = fail(&reason, FAILED),
            }
        }
        code
    }
}

impl Which {
    fn place(&self) -> Result<Place, Misuse> {
        if !self.project {
            let home = dirs::home_dir().ok_or("there is no home directory: set HOME, or use --project")?;
            return Ok(Place::User(home));
        }
        let here =
            env::current_dir().map_err(|error| format!("cannot tell the current directory: {error}"))?;
        // A linked working tree and a submodule have a file there.
        let top = here.ancestors().find(|directory| directory.join(".git").exists());
        Ok(Place::Project(top.unwrap_or(&here).to_owned()))
    }
}

/// This program as it is found on the PATH, if it is: a package manager that has it behind a link may move it. Else
/// where it lies.
fn program() -> Result<PathBuf, Misuse> {
    let program =
        env::current_exe().map_err(|error| format!("cannot tell where this program is: {error}"))?;
    let real = |path: &Path| fs::canonicalize(path).ok();
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join("notifyhub"))
        .find(|candidate| real(candidate).is_some() && real(candidate) == real(&program));
    Ok(found.unwrap_or(program))
}

fn put_in(agent: Agent, files: &[HookFile]) -> Result<String, String> {
    let mut lines = Vec::new();
    let mut warnings = Vec::new();
    for file in files {
        let change = install(file).map_err(|error| error.to_string())?;
        lines.push(told(file, &change, "has the hooks already"));
        warnings.extend(file.told_twice().map(|reason| format!("! {}: {reason}", file.path.display())));
    }
    lines.append(&mut warnings);
    let hub = Configuration::read().ok().and_then(|configuration| configuration.url);
    let hub = hub.map_or_else(|| DEFAULT_URL.to_owned(), |url| without_password(&url.value));
    lines.push(format!("  It reports to {hub}. {}", agent.next_step()));
    Ok(lines.join("\n"))
}

fn take_out(files: &[HookFile]) -> Result<String, String> {
    let mut lines = Vec::new();
    for file in files {
        let change = uninstall(file).map_err(|error| error.to_string())?;
        lines.push(told(file, &change, "has none of these hooks"));
    }
    Ok(lines.join("\n"))
}

fn told(file: &HookFile, change: &Change, unchanged: &str) -> String {
    let what = match change {
        Change::None => unchanged.to_owned(),
        Change::Created => "is new".to_owned(),
        Change::Changed { backup: Some(backup) } => {
            format!("is changed; what it was before the first time: {}", backup.display())
        }
        Change::Changed { backup: None } => "is changed".to_owned(),
        Change::Restored => "is as it was before".to_owned(),
        Change::Removed => "is removed: there was nothing else in it".to_owned(),
    };
    format!("{} {} {what}", terminal::check_mark(), terminal::escaped(&file.path.display().to_string()))
}

/// The files' names go beside what is in them, so that this can be redirected.
fn show(files: &[HookFile]) -> String {
    let mut fragments = Vec::new();
    for file in files {
        let fragment = file.fragment();
        if !fragment.is_empty() {
            terminal::note(&format!("# {}", file.path.display()));
            fragments.push(fragment.trim_end().to_owned());
        }
    }
    fragments.join("\n")
}
