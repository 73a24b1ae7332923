//! What one subscriber has seen, and what of it must not be: something twice, out of order, after it was deleted, or a
//! fresh start that nobody announced.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    ops::AddAssign,
};

use super::{item::Item, work::Expected};

/// The most violations that are told of each subscriber.
const MAX_TOLD: usize = 10;

/// An event, whatever client received it.
#[derive(Clone, Debug)]
pub(crate) enum Seen {
    /// The connection was made, and goes on so.
    Hello { reason: String },
    /// What is stored, up to the event with this id.
    Init { event_id: String, items: Vec<Item> },
    /// A notification was published or revised.
    Put { event_id: String, item: Item },
    /// A notification is gone.
    Deleted { event_id: String, id: String },
    /// What no hub should send, or no client should make of it.
    Wrong(String),
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Observer {
    /// The number of the newest event.
    head: u64,
    /// What holds now, as this subscriber knows it.
    known: BTreeMap<String, Item>,
    /// How often each notification came as an event.
    puts: HashMap<String, u32>,
    deleted: HashSet<String>,
    /// Stretches of ids that a fresh start stands for: after the first, up to the second.
    covered: Vec<(String, String)>,
    newest: String,
    has_init: bool,
    /// A fresh start was announced; `true`: after a gap.
    awaits_init: Option<bool>,
    pub(crate) counts: Counts,
    /// Why the newest gap was announced, and after which number.
    pub(crate) gap: String,
    violations: Vec<String>,
}

/// What is counted of a subscriber.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Connections on which it was greeted.
    pub connections: usize,
    /// Events.
    pub events: usize,
    /// Announced gaps: fresh starts after the first.
    pub gaps: usize,
    /// Kept notifications that it did not see, and no gap was announced.
    pub lost: usize,
    /// Events that it saw twice.
    pub doubled: usize,
    /// Events that came after newer ones.
    pub out_of_order: usize,
    /// Everything else that must not be.
    pub other: usize,
}

impl Counts {
    /// Whether everything was as it must be.
    pub fn is_exact(&self) -> bool {
        self.lost + self.doubled + self.out_of_order + self.other == 0
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        self.connections += other.connections;
        self.events += other.events;
        self.gaps += other.gaps;
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.out_of_order += other.out_of_order;
        self.other += other.other;
    }
}

impl Observer {
    pub(crate) fn take(&mut self, seen: Seen) {
        self.counts.events += 1;
        match seen {
            Seen::Hello { reason } => self.hello(&reason),
            Seen::Init { event_id, items } => self.init(&event_id, items),
            Seen::Put { event_id, item } => {
                if self.advance(&event_id) {
                    self.put(item);
                }
            }
            Seen::Deleted { event_id, id } => {
                if self.advance(&event_id) {
                    self.known.remove(&id);
                    self.deleted.insert(id);
                }
            }
            Seen::Wrong(what) => {
                self.counts.other += 1;
                self.tell(what);
            }
        }
    }

    /// Whether it has seen this notification.
    pub(crate) fn knows(&self, id: &str) -> bool {
        self.known.contains_key(id)
    }

    /// Whether it has been told what is stored.
    pub(crate) const fn has_begun(&self) -> bool {
        self.has_init
    }

    /// Where it stands, in words.
    pub(crate) fn position(&self) -> String {
        format!("at number {}, {} notifications known", self.head, self.known.len())
    }

    /// Compares what it has seen with what must be; what was wrong, in words.
    pub(crate) fn judge(&mut self, stored: &BTreeMap<String, Item>, expected: &Expected) -> Vec<String> {
        for (id, item) in stored {
            match self.known.get(id) {
                Some(known) if known == item => {}
                Some(known) => {
                    self.counts.other += 1;
                    self.tell(format!("it knows {known:?}, and the hub has {item:?}"));
                }
                None => {
                    self.counts.lost += 1;
                    self.tell(format!("lost: {id} ({:.20})", item.message));
                }
            }
        }
        for id in self.known.keys().cloned().collect::<Vec<_>>() {
            if !stored.contains_key(&id) && !expected.dropped.contains_key(&id) {
                self.counts.other += 1;
                self.tell(format!("it still knows {id}, which is gone"));
            }
        }
        for (id, post) in expected.stored.iter().chain(&expected.dropped) {
            if !self.puts.contains_key(id) && !self.known.contains_key(id) && !self.is_covered(id) {
                self.counts.lost += 1;
                self.tell(format!("lost without a word: {id} ({:.20})", post.message));
            }
        }
        std::mem::take(&mut self.violations)
    }

    /// As [`Observer::judge`], by its name; where everything is kept a gap is wrong too.
    pub(crate) fn verdict(
        &mut self,
        name: &str,
        stored: &BTreeMap<String, Item>,
        expected: &Expected,
        keeps_all: bool,
    ) -> Vec<String> {
        let mut violations = self.judge(stored, expected);
        if keeps_all && self.counts.gaps > 0 {
            violations.push(format!("a gap, although all is kept: {}", self.gap));
        }
        violations.iter().map(|what| format!("{name}: {what}")).collect()
    }

    fn is_covered(&self, id: &str) -> bool {
        self.covered.iter().any(|(after, through)| after.as_str() < id && id <= through.as_str())
    }

    fn hello(&mut self, reason: &str) {
        self.counts.connections += 1;
        if self.awaits_init.is_some() && reason == "resumed" {
            self.counts.other += 1;
            self.tell("resumed before it had what the fresh start promised".into());
        }
        match reason {
            "resumed" => {}
            "fresh" if !self.has_init => self.awaits_init = Some(false),
            // `unknown`: even the name of its last event's stretch of the log is forgotten.
            "expired" | "unknown" => {
                self.awaits_init = Some(true);
                self.gap = format!("{reason} after number {}", self.head);
            }
            other => {
                self.counts.other += 1;
                self.tell(format!("started afresh as {other} at number {}", self.head));
                self.awaits_init = Some(true);
            }
        }
    }

    fn init(&mut self, event_id: &str, items: Vec<Item>) {
        match self.awaits_init.take() {
            Some(is_gap) => self.counts.gaps += usize::from(is_gap),
            None => {
                self.counts.other += 1;
                self.tell(format!("an unannounced fresh start at {event_id}"));
            }
        }
        self.has_init = true;
        self.head = self.head.max(number_of(event_id));
        self.known = items.into_iter().map(|item| (item.id.clone(), item)).collect();
        if let Some(newest) = self.known.keys().next_back().cloned() {
            self.covered.push((self.newest.clone(), newest.clone()));
            self.newest = newest.max(std::mem::take(&mut self.newest));
        }
    }

    /// Whether an event is newer than all before it.
    fn advance(&mut self, event_id: &str) -> bool {
        let number = number_of(event_id);
        if number > self.head {
            self.head = number;
            return true;
        }
        let (count, what) = if number == self.head {
            (&mut self.counts.doubled, "twice")
        } else {
            (&mut self.counts.out_of_order, "out of order")
        };
        *count += 1;
        self.tell(format!("{what}: {event_id} after number {}", self.head));
        false
    }

    fn put(&mut self, item: Item) {
        let times = self.puts.entry(item.id.clone()).or_default();
        *times += 1;
        let is_revision = item.is_resolved;
        if *times > 1 && (!is_revision || *times > 2) {
            self.counts.doubled += 1;
            self.tell(format!("twice, as other events: {item:?}"));
        } else if self.deleted.contains(&item.id) {
            self.counts.other += 1;
            self.tell(format!("after it was deleted: {item:?}"));
        } else if !is_revision && item.id < self.newest {
            self.counts.out_of_order += 1;
            self.tell(format!("published before what was seen: {item:?}"));
        }
        if self.newest < item.id {
            self.newest.clone_from(&item.id);
        }
        self.known.insert(item.id.clone(), item);
    }

    fn tell(&mut self, violation: String) {
        if self.violations.len() < MAX_TOLD {
            self.violations.push(violation);
        }
    }
}

/// The number in `<epoch>-<seq>`: it grows, whatever the epoch.
fn number_of(event_id: &str) -> u64 {
    let number = event_id.rsplit_once('-').and_then(|(_, number)| number.parse().ok());
    number.unwrap_or_else(|| panic!("no event id: {event_id:?}"))
}

#[cfg(test)]
mod tests {
    use super::{super::work::Ledger, *};

    fn put(number: u64, id: &str) -> Seen {
        Seen::Put { event_id: format!("e-{number}"), item: item(id) }
    }

    fn item(id: &str) -> Item {
        Item { id: id.into(), message: id.into(), is_resolved: false }
    }

    fn hello(reason: &str) -> Seen {
        Seen::Hello { reason: reason.into() }
    }

    fn judged(events: Vec<Seen>) -> (Counts, Vec<String>) {
        let ledger = Ledger::default();
        for id in ["a", "b", "c"] {
            let post = super::super::work::Post::of(0, 0, false);
            ledger.acknowledge(id.into(), super::super::work::Post { card: None, state: None, ..post });
        }
        let stored = ["a", "b", "c"].map(|id| (id.to_owned(), item(id))).into();
        let mut observer = Observer::default();
        for event in [hello("fresh"), Seen::Init { event_id: "e-0".into(), items: Vec::new() }] {
            observer.take(event);
        }
        for event in events {
            observer.take(event);
        }
        let violations = observer.judge(&stored, &ledger.expected(10));
        (observer.counts, violations)
    }

    #[test]
    fn each_violation_is_seen() {
        let (counts, violations) = judged(vec![put(1, "a"), hello("resumed"), put(2, "b"), put(3, "c")]);
        assert!(counts.is_exact(), "{violations:?}");
        let init = Seen::Init { event_id: "e-3".into(), items: ["a", "b", "c"].map(item).into() };
        let (counts, violations) = judged(vec![put(1, "a"), hello("expired"), init.clone()]);
        assert!(counts.is_exact() && counts.gaps == 1, "{violations:?}");

        assert!(judged(vec![put(1, "a"), put(3, "c")]).0.lost > 0);
        assert_eq!(judged(vec![put(1, "a"), put(2, "b"), put(2, "b"), put(3, "c")]).0.doubled, 1);
        assert_eq!(judged(vec![put(1, "a"), put(2, "b"), put(3, "b"), put(4, "c")]).0.doubled, 1);
        assert_eq!(judged(vec![put(1, "a"), put(3, "c"), put(2, "b")]).0.out_of_order, 1);
        assert_eq!(judged(vec![put(1, "a"), put(2, "c"), put(3, "b")]).0.out_of_order, 1);
        assert!(judged(vec![put(1, "a"), init]).0.other > 0, "a fresh start without a word");
        assert!(judged(vec![put(1, "a"), put(2, "b"), put(3, "c"), put(4, "d")]).0.other > 0);
        let deleted = Seen::Deleted { event_id: "e-4".into(), id: "b".into() };
        assert!(judged(vec![put(1, "a"), put(2, "b"), put(3, "c"), deleted]).0.lost > 0);
        assert!(judged(vec![put(1, "a"), put(2, "b"), put(3, "c"), hello("fresh")]).0.other > 0);
    }
}
