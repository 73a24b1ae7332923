//! The hooks of coding agents: which files hold them, and what has to stand there so that the agent reports to the hub.
//! What else is in those files is somebody else's, and stays as it is: order, comments, indentation.
//!
//! # Layout
//! - `agent`: the agents, their files and their events.
//! - `hook`: one hook, and how to tell ours from others.
//! - `json`, `toml`: hooks among other settings.
//! - `file`: a file on the disk, changed in one step.

mod agent;
mod file;
mod hook;
mod json;
mod toml;

pub(crate) use self::{
    agent::{Agent, Place},
    file::{Change, install, uninstall},
};

use self::hook::Hook;

/// A file that an agent reads its hooks from.
#[derive(Clone, Debug)]
pub(crate) struct HookFile {
    /// Where it is.
    pub(crate) path: std::path::PathBuf,
    contents: Contents,
    /// How many of the folders it is in are ours: they go with it.
    own_folders: usize,
}

#[derive(Clone, Debug)]
enum Contents {
    /// Hooks among other settings, as JSON. Comments are allowed.
    Json { agent: Agent, hooks: Vec<Hook>, version: Option<u32> },
    /// Hooks among other settings, as TOML.
    Toml { agent: Agent, hooks: Vec<Hook> },
    /// A file that is ours as a whole.
    Whole(String),
}

/// A line at the head of files that are ours as a whole, unless their format has no comments.
const MARK: &str = "written by `notifyhub hook install`";

/// What cannot be read, or is not what the agent would take.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unreadable {
    /// Counted from 1.
    line: usize,
    reason: String,
}

impl HookFile {
    /// The file with our hooks in it; what it holds now is `text`. The same text, if they are there already.
    fn with_hooks(&self, text: Option<&str>) -> Result<String, Unreadable> {
        let text = text.unwrap_or_default();
        match &self.contents {
            Contents::Json { agent, hooks, version } => json::install(text, *agent, hooks, *version),
            Contents::Toml { agent, hooks } if hooks.is_empty() => toml::uninstall(text, *agent),
            Contents::Toml { agent, hooks } => toml::install(text, *agent, hooks),
            Contents::Whole(ours) => Ok(ours.clone()),
        }
    }

    /// The file without our hooks: the same text, if there are none; empty, if it was ours as a whole.
    fn without_hooks(&self, text: &str) -> Result<String, Unreadable> {
        match &self.contents {
            Contents::Json { agent, .. } => json::uninstall(text, *agent),
            Contents::Toml { agent, .. } => toml::uninstall(text, *agent),
            Contents::Whole(ours) if text == ours || text.contains(MARK) => Ok(String::new()),
            Contents::Whole(_) => Ok(text.to_owned()),
        }
    }

    /// Why what is told would be told twice, if there is something else in the file that tells it.
    pub(crate) fn told_twice(&self) -> Option<String> {
        let (Contents::Json { agent, .. } | Contents::Toml { agent, .. }) = &self.contents else {
            return None;
        };
        let text = std::fs::read_to_string(&self.path).ok()?;
        let address = format!("/hooks/{}", agent.name());
        if text.contains(&address) {
            return Some(format!("something else in it posts to {address} too; take that out"));
        }
        let notify = text.lines().find(|line| line.trim_start().starts_with("notify"))?;
        notify.contains("notifyhub").then(|| "`notify` tells the end of each turn too; take it out".into())
    }

    /// What would be written where there is no such file yet.
    pub(crate) fn fragment(&self) -> String {
        self.with_hooks(None).expect("nothing is always readable")
    }
}

#[cfg(test)]
mod tests;
