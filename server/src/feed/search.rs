//! Which notifications a list is of. Pure: it looks at one notification at a time.

use notifyhub_adapters::filter::{has_words, is_any};

use crate::notification::{Level, Notification, State};

/// Which notifications are meant; an empty filter means all. Values of one kind are alternatives, kinds combine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// All of these are contained in the message, the title, the link, the source, the actor or a tag, whatever the
    /// case.
    pub words: Vec<String>,
    /// Of one of these levels.
    pub levels: Vec<Level>,
    /// With one of these tags.
    pub tags: Vec<String>,
    /// With none of these tags.
    pub without_tags: Vec<String>,
    /// About one of these sources.
    pub sources: Vec<String>,
    /// From one of these actors.
    pub actors: Vec<String>,
    /// In one of these states.
    pub states: Vec<State>,
    /// Of one of these keys.
    pub keys: Vec<String>,
    /// Open, or not.
    pub open: Option<bool>,
}

impl Filter {
    /// Whether it means all.
    pub fn is_empty(&self) -> bool {
        *self == Filter::default()
    }

    /// Whether it means this one.
    pub fn matches(&self, notification: &Notification) -> bool {
        is_any(&self.levels, notification.level.as_ref())
            && is_any(&self.states, notification.state.as_ref())
            && is_any(&self.sources, notification.source.as_ref())
            && is_any(&self.actors, notification.actor.as_ref())
            && is_any(&self.keys, notification.key.as_ref())
            && self.open.is_none_or(|open| notification.is_open() == open)
            && (self.tags.is_empty() || notification.tags.iter().any(|tag| self.tags.contains(tag)))
            && !notification.tags.iter().any(|tag| self.without_tags.contains(tag))
            && self.has_words(notification)
    }

    fn has_words(&self, notification: &Notification) -> bool {
        let named = [&notification.title, &notification.link, &notification.source, &notification.actor];
        let fields = std::iter::once(&notification.message).chain(named.into_iter().flatten());
        has_words(&self.words, fields.chain(&notification.tags))
    }
}

#[cfg(test)]
mod tests {
    use chrono::Utc;
    use uuid::Uuid;

    use super::*;
    use crate::notification::NewNotification;

    fn notification(new: NewNotification) -> Notification {
        new.check().expect("valid").notification(Uuid::now_v7(), Utc::now())
    }

    #[test]
    fn all_words_have_to_be_there_in_any_field() {
        let item = notification(NewNotification {
            message: "Deploy of the Shop failed".into(),
            title: Some("Pipeline".into()),
            link: Some("https://ci.example.com/runs/214".into()),
            source: Some("web-shop".into()),
            tags: vec!["ci".into()],
            ..NewNotification::default()
        });
        let matches = |text| {
            Filter { words: notifyhub_adapters::filter::words(text), ..Filter::default() }.matches(&item)
        };
        assert!(matches("SHOP pipeline runs/214 web-shop"));
        assert!(matches("\"the shop\" ci"));
        assert!(!matches("\"shop the\""));
        assert!(!matches("shop nowhere"));
    }

    #[test]
    fn values_of_one_kind_are_alternatives_and_kinds_combine() {
        let item = notification(NewNotification {
            message: "x".into(),
            state: Some(State::Waiting),
            source: Some("a".into()),
            tags: vec!["t".into(), "u".into()],
            ..NewNotification::default()
        });
        let some = |filter: Filter| filter.matches(&item);
        assert!(some(Filter { sources: vec!["b".into(), "a".into()], ..Filter::default() }));
        assert!(!some(Filter { sources: vec!["a".into()], actors: vec!["c".into()], ..Filter::default() }));
        assert!(some(Filter { levels: vec![Level::Warning], open: Some(true), ..Filter::default() }));
        assert!(!some(Filter { open: Some(false), ..Filter::default() }));
        assert!(some(Filter { tags: vec!["u".into()], ..Filter::default() }));
        assert!(!some(Filter {
            tags: vec!["t".into()],
            without_tags: vec!["u".into()],
            ..Filter::default()
        }));
    }
}
