//! Which notifications are told: the same filters as a list of the hub has, looked at here, one notification at a time.

use clap::Args;
use notifyhub_sdk::{Level, State, types::Notification};

/// Which notifications are told. Values of one option are alternatives, options combine.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Selection {
    /// Only those about this source; may be given several times, as all of these.
    #[arg(long = "source", value_name = "NAME", help_heading = "Which")]
    sources: Vec<String>,

    /// Only those of this level: info, success, warning, error.
    #[arg(long = "level", short, value_name = "LEVEL", help_heading = "Which", value_parser = word::<Level>)]
    levels: Vec<Level>,

    /// Only those in this state: waiting, running, done, failed.
    #[arg(long = "state", value_name = "STATE", help_heading = "Which", value_parser = word::<State>)]
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

fn word<T: std::str::FromStr<Err = notifyhub_sdk::vocabulary::UnknownWord>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| "it is none of those that there are; --help names them".to_owned())
}

impl Selection {
    /// Whether this one is told.
    pub(crate) fn has(&self, notification: &Notification) -> bool {
        fn any<T: PartialEq>(wanted: &[T], found: Option<&T>) -> bool {
            wanted.is_empty() || found.is_some_and(|found| wanted.contains(found))
        }
        any(&self.levels, notification.level.as_ref())
            && any(&self.states, notification.state.as_ref())
            && any(&self.sources, notification.source.as_ref())
            && any(&self.actors, notification.actor.as_ref())
            && any(&self.keys, notification.key.as_ref())
            && self.has_tags(&notification.tags)
            && self.has_words(notification)
    }

    fn has_tags(&self, found: &[String]) -> bool {
        let without = |tag: &String| tag.strip_prefix('-').filter(|tag| !tag.is_empty()).map(str::to_owned);
        let mut wanted = self.tags.iter().filter(|tag| without(tag).is_none()).peekable();
        (wanted.peek().is_none() || wanted.any(|tag| found.contains(tag)))
            && !self.tags.iter().filter_map(without).any(|tag| found.contains(&tag))
    }

    fn has_words(&self, notification: &Notification) -> bool {
        let Some(text) = &self.grep else { return true };
        let named =
            [&notification.title, &notification.link, &notification.source, &notification.actor].into_iter();
        let fields: Vec<String> = std::iter::once(&notification.message)
            .chain(named.flatten())
            .chain(&notification.tags)
            .map(|field| field.to_lowercase())
            .collect();
        words(text).iter().all(|word| fields.iter().any(|field| field.contains(word.as_str())))
    }
}

/// Separated by spaces, those in double quotes together.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (index, part) in text.split('"').enumerate() {
        if index % 2 == 1 {
            words.push(part.to_lowercase());
        } else {
            words.extend(part.split_whitespace().map(str::to_lowercase));
        }
    }
    words.retain(|word| !word.is_empty());
    words
}
