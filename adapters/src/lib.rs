//! What other programs send, as our notifications. Pure functions: a request as plain data goes in, and what to do comes
//! out. No I/O, no clock. The hub's inlets map with them. Besides, what the hub and the command line have to agree on.
//!
//! A sender cannot be taught, so nothing is refused over its form: text that is too long is cut, a link or a tag that
//! is none is dropped, what is unknown is passed over. Only where there is no text at all is there nothing to post.
//!
//! # Layout
//! - [`Dialect`]: the formats, and how a request is recognised.
//! - [`Foreign`]: a request. `multipart`, `rfc2047`, `look`: how its parts are read.
//! - [`Note`]: what comes out; [`limits`]: what fits into one, for the whole workspace.
//! - `alertmanager`, `apprise`, `discord`, `earlier_hub`, `github`, `gitlab`, `gotify`, `grafana`, `kuma`, `ntfy`, `plain`,
//!   `slack`: one format a file.
//! - [`filter`]: which notifications a filter means.
//! - [`secrets`]: what of a command line nobody is shown.
//! - [`agents`]: coding agents, whose events are to be understood in their order.

pub mod agents;
mod alertmanager;
mod apprise;
mod dialect;
mod discord;
mod earlier_hub;
pub mod filter;
mod foreign;
mod github;
mod gitlab;
pub mod gotify;
mod grafana;
mod kuma;
pub mod limits;
mod look;
mod multipart;
mod note;
pub mod ntfy;
mod plain;
mod rfc2047;
pub mod secrets;
mod slack;

pub use self::{
    dialect::Dialect,
    foreign::Foreign,
    note::{Action, Format, Level, Note, State},
};

use serde::{Deserialize, Serialize};

/// What a request comes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// A notification to post.
    Post(Box<Note>),
    /// What waits or runs under this key is settled: it is to be withdrawn.
    Withdraw(String),
    /// Everything under this key is to be removed.
    Remove(String),
    /// Nothing to tell.
    Nothing,
}

impl Outcome {
    /// What to do, within the limits.
    fn tidy(self) -> Result<Self, Refusal> {
        Ok(match self {
            Outcome::Post(note) => Outcome::Post(Box::new(note.tidy()?)),
            Outcome::Withdraw(key) => note::tidy_key(&key).map_or(Outcome::Nothing, Outcome::Withdraw),
            Outcome::Remove(key) => note::tidy_key(&key).map_or(Outcome::Nothing, Outcome::Remove),
            Outcome::Nothing => Outcome::Nothing,
        })
    }
}

impl From<Note> for Outcome {
    fn from(note: Note) -> Self {
        Outcome::Post(Box::new(note))
    }
}

/// Why a request comes to nothing that could be posted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no text in it.
    #[error("there is no text in it: send at least a message")]
    NoText,
    /// It is not what its sender says it is.
    #[error("the body cannot be read: {0}")]
    Unreadable(String),
    /// A topic of ntfy has other characters.
    #[error("a topic consists of 1 to 64 of the characters a-z A-Z 0-9 _ -")]
    Topic,
    /// A priority of ntfy is another word.
    #[error("a priority is 1 to 5, or one of min, low, default, high, max, urgent")]
    Priority,
    /// The hub would take it and not do it.
    #[error("this hub does not do `{0}`: leave it out")]
    Undoable(&'static str),
}
