//! Which notifications are told: the same filters as a list of the hub has, looked at here, one notification at a time.

use clap::Args;
use notifyhub_adapters::filter::{has_words, is_any, with_and_without, words};
use notifyhub_sdk::{Level, State, types::Notification};

use crate::values::word;

/// Which notifications are told. Values of one option are alternatives, options combine.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Selection {
    /// Only those about this source; may be given several times, as all of these.
    #[arg(long = "source", value_name = "NAME", help_heading = "Which")]
    sources: Vec<String>,

    /// Only those of this level.
    #[arg(long = "level", short, value_name = "LEVEL", help_heading = "Which", value_parser = word::<Level>(Level::WORDS))]
    levels: Vec<Level>,

    /// Only those in this state.
    #[arg(long = "state", value_name = "STATE", help_heading = "Which", value_parser = word::<State>(State::WORDS))]
    states: Vec<State>,

    /// Only those with exactly this tag; with `-` before it (--tag=-WORD), those without.
    #[arg(long = "tag", value_name = "WORD", help_heading = "Which", allow_hyphen_values = true)]
    tags: Vec<String>,

    /// Only those from this actor.
    #[arg(long = "actor", value_name = "NAME", help_heading = "Which")]
    actors: Vec<String>,

    /// Only those of this key.
    #[arg(long = "key", value_name = "KEY", help_heading = "Which")]
    keys: Vec<String>,

    /// Only those with all of these words in message, title, link, source, actor or tags, whatever the case; words in
    /// double quotes have to stand together.
    #[arg(long, value_name = "WORDS", help_heading = "Which")]
    grep: Option<String>,
}

impl Selection {
    /// Whether this one is told.
    pub(crate) fn has(&self, notification: &Notification) -> bool {
        is_any(&self.levels, notification.level.as_ref())
            && is_any(&self.states, notification.state.as_ref())
            && is_any(&self.sources, notification.source.as_ref())
            && is_any(&self.actors, notification.actor.as_ref())
            && is_any(&self.keys, notification.key.as_ref())
            && self.has_tags(&notification.tags)
            && self.has_words(notification)
    }

    fn has_tags(&self, found: &[String]) -> bool {
        let (with, without) = with_and_without(self.tags.clone());
        (with.is_empty() || found.iter().any(|tag| with.contains(tag)))
            && !found.iter().any(|tag| without.contains(tag))
    }

    fn has_words(&self, notification: &Notification) -> bool {
        let Some(text) = &self.grep else { return true };
        let named = [&notification.title, &notification.link, &notification.source, &notification.actor];
        let fields = std::iter::once(&notification.message).chain(named.into_iter().flatten());
        has_words(&words(text), fields.chain(&notification.tags))
    }
}
