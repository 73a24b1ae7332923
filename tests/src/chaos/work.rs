//! What is posted, as the seed decides, and what must be stored of it in the end.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
};

use super::{
    dice::{dice, log_uniform},
    item::Item,
};

/// How many cards are posted to.
const CARDS: usize = 12;

/// One post.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    pub(crate) message: String,
    /// Without one it must not be tried again.
    pub(crate) idempotency_key: Option<String>,
    /// The card it is about: a newer post of it takes the place of an open one.
    pub(crate) card: Option<String>,
    pub(crate) state: Option<&'static str>,
    /// What is done with it as soon as it is acknowledged.
    pub(crate) then: Then,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    Nothing,
    Delete,
    Resolve,
}

impl Post {
    /// The `number`th post. Where little is kept nothing is deleted by hand, so that what is kept can be told exactly.
    pub(crate) fn of(seed: u64, number: usize, keeps_all: bool) -> Self {
        let mut dice = dice(seed, "post", number);
        let padding = "x".repeat(log_uniform(&mut dice, 1, 1500));
        let is_card = dice.u32(..100) < 25;
        let (card, state) = if is_card {
            let state = ["running", "running", "waiting", "done", "failed"][dice.usize(..5)];
            (Some(format!("card {}", dice.usize(..CARDS))), Some(state))
        } else {
            (None, None)
        };
        let then = match dice.u32(..100) {
            _ if is_card || !keeps_all => Then::Nothing,
            0..5 => Then::Delete,
            5..10 => Then::Resolve,
            _ => Then::Nothing,
        };
        Post {
            message: format!("{number} {padding}"),
            idempotency_key: Some(format!("chaos-{seed}-{number}")),
            card,
            state,
            then,
        }
    }

    fn is_open(&self) -> bool {
        matches!(self.state, Some("running" | "waiting"))
    }
}

/// What has been acknowledged.
#[derive(Default)]
pub(crate) struct Ledger(Mutex<BTreeMap<String, Post>>);

/// What must hold once all is acknowledged. Notifications are named by their ids, which rise.
pub(crate) struct Expected {
    /// Those that must be stored.
    pub(crate) stored: BTreeMap<String, Post>,
    /// Those that were overtaken.
    pub(crate) overtaken: BTreeSet<String>,
    /// Those that were deleted.
    pub(crate) deleted: BTreeSet<String>,
    /// Those that are older than what the hub keeps.
    pub(crate) dropped: BTreeMap<String, Post>,
}

impl Ledger {
    /// A post was acknowledged under this id. `false`: the id was given before.
    pub(crate) fn acknowledge(&self, id: String, post: Post) -> bool {
        self.0.lock().expect("no one panics with it in hand").insert(id, post).is_none()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.lock().expect("no one panics with it in hand").len()
    }

    /// What is kept of it: ids rise with the order in which the hub has stored them.
    pub(crate) fn expected(&self, max_notifications: usize) -> Expected {
        let posts = self.0.lock().expect("no one panics with it in hand").clone();
        let mut newest_of_card = BTreeMap::new();
        for (id, post) in &posts {
            if let Some(card) = &post.card {
                newest_of_card.insert(card.clone(), id.clone());
            }
        }
        let mut expected = Expected {
            stored: BTreeMap::new(),
            overtaken: BTreeSet::new(),
            deleted: BTreeSet::new(),
            dropped: BTreeMap::new(),
        };
        let mut kept = 0;
        for (id, post) in posts.into_iter().rev() {
            let is_newest = post.card.as_ref().is_none_or(|card| newest_of_card[card] == id);
            if post.then == Then::Delete {
                expected.deleted.insert(id);
            } else if post.is_open() && !is_newest {
                expected.overtaken.insert(id);
            } else if post.is_open() || kept < max_notifications {
                kept += usize::from(!post.is_open());
                expected.stored.insert(id, post);
            } else {
                expected.dropped.insert(id, post);
            }
        }
        expected
    }
}

/// How what is stored differs from what must be.
#[derive(Debug, Default)]
pub(crate) struct Differences {
    /// Acknowledged ones that must be stored and are not.
    pub(crate) lost: usize,
    /// Stored ones that must not be.
    pub(crate) doubled: usize,
    /// Each, in words.
    pub(crate) told: Vec<String>,
}

impl Expected {
    /// Compares what must be stored with what is.
    pub(crate) fn differences(&self, stored: &BTreeMap<String, Item>) -> Differences {
        let mut differences = Differences::default();
        for (id, post) in &self.stored {
            match stored.get(id) {
                Some(item)
                    if item.message == post.message && item.is_resolved == (post.then == Then::Resolve) => {}
                Some(item) => {
                    differences.told.push(format!("stored as something else: {item:?}, not {post:?}"));
                }
                None => {
                    differences.lost += 1;
                    differences.told.push(format!("acknowledged and not stored: {id} {:.20}", post.message));
                }
            }
        }
        for (id, item) in stored {
            if !self.stored.contains_key(id) {
                differences.doubled += 1;
                differences.told.push(format!("stored and should not be: {id} {:.20}", item.message));
            }
        }
        differences
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(state: &'static str) -> Post {
        let plain = Post::of(1, 1, false);
        Post { card: Some("a".into()), state: Some(state), then: Then::Nothing, ..plain }
    }

    #[test]
    fn what_is_open_gives_way_to_the_next_of_its_card_and_what_is_closed_to_retention() {
        let ledger = Ledger::default();
        for (id, state) in
            [("1", "running"), ("2", "done"), ("3", "failed"), ("4", "waiting"), ("5", "running")]
        {
            assert!(ledger.acknowledge(id.into(), card(state)));
        }
        assert!(!ledger.acknowledge("5".into(), card("done")));
        let ledger = Ledger::default();
        for (id, state) in
            [("1", "running"), ("2", "done"), ("3", "failed"), ("4", "waiting"), ("5", "running")]
        {
            ledger.acknowledge(id.into(), card(state));
        }
        let expected = ledger.expected(1);
        assert_eq!(expected.stored.keys().collect::<Vec<_>>(), ["3", "5"]);
        assert_eq!(expected.overtaken.iter().collect::<Vec<_>>(), ["1", "4"]);
        assert_eq!(expected.dropped.keys().collect::<Vec<_>>(), ["2"]);
    }
}
