//! The filters that lists and deletions share, as they stand in an address.

use notifyhub_adapters::filter;

use crate::{
    feed::Filter,
    notification::{Level, State},
};

/// What the parameters say.
pub(super) struct FilterParameters {
    pub(super) q: Option<String>,
    pub(super) level: Vec<Level>,
    pub(super) tag: Vec<String>,
    pub(super) source: Vec<String>,
    pub(super) actor: Vec<String>,
    pub(super) state: Vec<State>,
    pub(super) key: Vec<String>,
    pub(super) open: Option<bool>,
}

impl From<FilterParameters> for Filter {
    fn from(parameters: FilterParameters) -> Self {
        // `?tag=` asks for nothing in particular.
        let named = |values: Vec<String>| values.into_iter().filter(|value| !value.is_empty()).collect();
        let (with, without) = filter::with_and_without(parameters.tag);
        Filter {
            words: parameters.q.as_deref().map(filter::words).unwrap_or_default(),
            levels: parameters.level,
            tags: named(with),
            without_tags: without,
            sources: named(parameters.source),
            actors: named(parameters.actor),
            states: parameters.state,
            keys: named(parameters.key),
            open: parameters.open,
        }
    }
}
