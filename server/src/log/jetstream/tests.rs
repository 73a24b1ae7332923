//! What the stream's messages come to: hubs that read them late, when some were compacted and some cleared away, hold the
//! same as one that has read all of them, and decide as one would alone. No broker: the stream is as the engine keeps it,
//! in a few lines.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    num::NonZeroU64,
};

use chrono::Utc;
use proptest::prelude::*;
use uuid::Uuid;

use super::{
    backlog::{Backlog, Read},
    message::{Message, Part, Record, notification_subject},
    state::{Litter, State},
};
use crate::{
    event_id::{Epoch, Seq},
    log::{Appended, Change, Command, Entry, IdempotencyKey, Retention},
    notification::{NewNotification, Revision, State as NotificationState},
};

/// A stream with `max_msgs_per_subject: 1`.
#[derive(Default)]
struct Stream {
    messages: BTreeMap<u64, (Record, Part)>,
    by_subject: HashMap<String, u64>,
    last: u64,
}

impl Stream {
    /// `false`: something was stored after `after`.
    fn store(&mut self, append: Uuid, messages: &[Message], after: u64) -> bool {
        if after != self.last {
            return false;
        }
        for (index, message) in messages.iter().enumerate() {
            self.last += 1;
            let record = message.encode();
            if let Some(voided) = self.by_subject.insert(record.subject.clone(), self.last) {
                self.messages.remove(&voided);
            }
            let part = Part { append, index: index as u64, count: messages.len() as u64 };
            self.messages.insert(self.last, (record, part));
        }
        true
    }

    fn purge(&mut self, is_meant: impl Fn(u64, &str) -> bool) {
        self.messages.retain(|number, (record, _)| !is_meant(*number, &record.subject));
    }

    fn tidy(&mut self, litter: &Litter, first_of_use: u64) {
        if let Some(clear) = litter.cleared {
            self.purge(|number, subject| subject.starts_with("n.") && number < clear.get());
        }
        for (seq, id) in &litter.dead {
            if seq.get() < first_of_use {
                self.purge(|number, subject| subject.starts_with("n.") && number < first_of_use);
            } else {
                self.purge(|_, subject| subject == notification_subject(*id));
            }
        }
    }
}

/// A hub: what it has read, and what it has handed over.
struct Hub {
    state: State,
    backlog: Backlog,
    /// As a replica holds it.
    held: Vec<Entry>,
    /// The notifications that it has told of.
    told: HashSet<Uuid>,
    /// Whoever reads here was told that they start afresh, or that all is gone, up to this message.
    told_through: u64,
    tidies: bool,
}

impl Hub {
    /// Reads the whole stream anew.
    fn start(stream: &Stream, tidies: bool) -> Self {
        let mut state = State::default();
        for (number, (record, _)) in &stream.messages {
            state.fold(*number, Message::decode(record).ok(), tidies);
        }
        state.fold(stream.last, None, tidies);
        let (held, backlog) = (state.stored().entries, Backlog::after(stream.last));
        Hub { state, backlog, held, told: HashSet::new(), told_through: stream.last, tidies }
    }

    /// Reads at most so many messages.
    fn read(&mut self, stream: &Stream, count: usize) {
        let messages: Vec<_> = stream.messages.range(self.backlog.newest() + 1..).take(count).collect();
        for (number, (record, part)) in messages {
            let message = Message::decode(record).ok();
            self.backlog.push(Read { number: *number, part: Some(*part), message });
        }
        self.hand_over(stream);
    }

    fn read_everything(&mut self, stream: &Stream) {
        self.read(stream, usize::MAX);
        if self.backlog.newest() < stream.last {
            self.backlog.push(Read { number: stream.last, part: None, message: None });
        }
        self.hand_over(stream);
        assert_eq!(self.state.position(), stream.last, "nothing is held back for ever");
    }

    fn hand_over(&mut self, stream: &Stream) {
        self.backlog.answer(stream.last);
        let taken = self.backlog.take(self.state.oldest_resume_point().get(), false);
        if taken.is_lost {
            *self = Hub::start(stream, self.tidies);
            return;
        }
        for Read { number, message, .. } in taken.messages {
            let folded = self.state.fold(number, message, self.tidies);
            if let Some(entry) = folded.entry {
                match &entry.change {
                    Change::Put(encoded) => drop(self.told.insert(encoded.notification.id)),
                    Change::Remove(id) => drop(self.told.insert(*id)),
                    Change::Clear => self.told_through = number,
                    Change::Read(_) | Change::Epoch(_) => {}
                }
                self.held.retain(|earlier| !entry.change.subject().voids(earlier.change.subject()));
                self.held.push(entry);
            }
            for dropped in folded.dropped {
                for entry in self.held.iter_mut().filter(|entry| entry.seq == dropped.seq) {
                    entry.change = Change::Remove(dropped.id);
                }
            }
        }
        let point = self.state.oldest_resume_point();
        self.held
            .retain(|entry| entry.seq > point || !matches!(entry.change, Change::Remove(_) | Change::Clear));
    }

    /// As the committer does it.
    fn append(&mut self, stream: &mut Stream, command: &Command, retention: &Retention) -> Appended {
        loop {
            let plan = self.state.plan([command], retention, Utc::now());
            if plan.messages.is_empty() && plan.after == stream.last
                || !plan.messages.is_empty() && stream.store(Uuid::now_v7(), &plan.messages, plan.after)
            {
                self.read_everything(stream);
                if let Some(outcome) = plan.outcomes.into_iter().next() {
                    return outcome.expect("no key is used twice for another content");
                }
            } else {
                self.read_everything(stream);
            }
        }
    }

    /// What it holds, but for what only those can ask for who were not away as long as another hub.
    fn content_after(&self, point: Seq) -> Vec<Entry> {
        let entries = self.state.stored().entries.into_iter();
        entries
            .filter(|entry| entry.seq > point || !matches!(entry.change, Change::Remove(_) | Change::Clear))
            .collect()
    }
}

#[derive(Clone, Debug)]
enum Step {
    Post {
        card: Option<usize>,
        state: Option<NotificationState>,
        key: Option<usize>,
    },
    Remove(prop::sample::Index),
    Revise(prop::sample::Index),
    Withdraw(usize),
    Read(prop::sample::Index),
    Clear,
    /// A hub reads some of what there is.
    Lag(usize),
    Tidy,
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let state = prop::sample::select(vec![
        NotificationState::Waiting,
        NotificationState::Running,
        NotificationState::Done,
        NotificationState::Failed,
    ]);
    prop_oneof![
        8 => (prop::option::of(0_usize..3), prop::option::of(state), prop::option::weighted(0.3, 0_usize..6))
            .prop_map(|(card, state, key)| Step::Post { card, state, key }),
        2 => any::<prop::sample::Index>().prop_map(Step::Remove),
        2 => any::<prop::sample::Index>().prop_map(Step::Revise),
        1 => (0_usize..3).prop_map(Step::Withdraw),
        1 => any::<prop::sample::Index>().prop_map(Step::Read),
        1 => Just(Step::Clear),
        4 => (1_usize..8).prop_map(Step::Lag),
        3 => Just(Step::Tidy),
        1 => Just(Step::Restart),
    ]
}

fn command(step: &Step, published: &[Uuid], number: usize) -> Option<Command> {
    let picked = |index: &prop::sample::Index| (!published.is_empty()).then(|| *index.get(published));
    Some(match step {
        Step::Post { card, state, key } => {
            // What is posted under a key is always the same.
            let message = key.map_or_else(|| format!("post {number}"), |key| format!("under {key}"));
            let (card, state) = if key.is_some() { (None, None) } else { (*card, *state) };
            let card = card.map(|card| format!("card {card}"));
            let new = NewNotification { message, key: card, state, ..NewNotification::default() };
            let draft = new.check().expect("valid");
            let fingerprint = draft.fingerprint();
            let idempotency = key.map(|key| IdempotencyKey { key: format!("key {key}"), fingerprint });
            Command::Publish { draft: Box::new(draft), idempotency }
        }
        Step::Remove(index) => Command::Remove(vec![picked(index)?]),
        Step::Revise(index) => Command::Revise(
            picked(index)?,
            Revision { resolved: Some(number.is_multiple_of(2)), ..Revision::default() },
        ),
        Step::Withdraw(card) => Command::Withdraw(format!("card {card}")),
        Step::Read(index) => Command::Read(picked(index)?),
        Step::Clear => Command::Clear,
        Step::Lag(_) | Step::Tidy | Step::Restart => return None,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn hubs_that_read_late_hold_what_one_holds_that_reads_all(
        steps in prop::collection::vec((0_usize..3, step()), 1..80)
    ) {
        let retention = Retention { max_entries: 24, ..Retention::keeping(NonZeroU64::new(4).expect("not zero")) };
        let mut stream = Stream::default();
        let begin = Message::Entry { change: Change::Epoch(Epoch::random()), published: None };
        stream.store(Uuid::nil(), &[begin], 0);
        let mut hubs: Vec<_> = (0..3).map(|_| Hub::start(&stream, true)).collect();
        let mut all = Hub::start(&stream, false);
        let (mut published, mut published_at, mut by_key) = (Vec::new(), HashMap::new(), HashMap::new());
        for (number, (hub, step)) in steps.iter().enumerate() {
            let hub = &mut hubs[*hub];
            match step {
                Step::Lag(count) => hub.read(&stream, *count),
                Step::Tidy => {
                    let litter = hub.state.litter().clone();
                    stream.tidy(&litter, hub.state.first_of_use());
                    hub.state.is_tidied(&litter);
                }
                Step::Restart => *hub = Hub::start(&stream, true),
                _ => {}
            }
            let Some(command) = command(step, &published, number) else { continue };
            let appended = hub.append(&mut stream, &command, &retention);
            all.read_everything(&stream);
            if let Some(id) = appended.notification.as_ref().map(|stored| stored.notification.id) {
                if !published.contains(&id) {
                    prop_assert!(published.last().is_none_or(|last| *last < id), "ids rise over all hubs");
                    published.push(id);
                    published_at.insert(id, stream.last);
                }
                if let Step::Post { key: Some(key), .. } = step {
                    let first = *by_key.entry(*key).or_insert(id);
                    prop_assert_eq!((first, appended.replayed), (id, number != first_use(&steps, *key)));
                }
            }
        }
        hubs.push(Hub::start(&stream, false));
        for hub in &mut hubs {
            hub.read_everything(&stream);
            for (id, at) in &published_at {
                let is_told = hub.told.contains(id) || *at <= hub.told_through;
                prop_assert!(is_told, "{} was missed without a word", id);
            }
            prop_assert_eq!(&hub.held, &hub.state.stored().entries, "what was handed over is what can be read");
            let point = hub.state.oldest_resume_point().max(all.state.oldest_resume_point());
            prop_assert_eq!(hub.content_after(point), all.content_after(point));
        }
        // And once all is cleared away the broker holds nothing else.
        for hub in &hubs {
            stream.tidy(hub.state.litter(), hub.state.first_of_use());
        }
        let kept = stream.messages.values().filter(|(record, _)| record.subject.starts_with("n.")).count();
        let is_about = |entry: &&Entry| matches!(entry.change, Change::Put(_) | Change::Remove(_));
        prop_assert_eq!(kept, all.state.stored().entries.iter().filter(is_about).count());
    }
}

/// The step that is the first to use a key.
fn first_use(steps: &[(usize, Step)], key: usize) -> usize {
    let is_use =
        |(_, step): &(usize, Step)| matches!(step, Step::Post { key: Some(used), .. } if *used == key);
    steps.iter().position(is_use).expect("it is used")
}

#[test]
fn one_append_takes_as_many_commands_as_fit() {
    let mut state = State::default();
    let post = |message: String| {
        let draft = NewNotification { message, ..NewNotification::default() }.check().expect("valid");
        Command::Publish { draft: Box::new(draft), idempotency: None }
    };
    let retention = Retention::keeping(NonZeroU64::new(10_000).expect("not zero"));
    let many: Vec<_> = (0..1000).map(|number| post(number.to_string())).collect();
    let plan = state.plan(&many, &retention, Utc::now());
    assert_eq!((plan.outcomes.len(), plan.messages.len()), (400, 400));
    let large: Vec<_> = (0..1000).map(|_| post("x".repeat(4000))).collect();
    let plan = state.plan(&large, &retention, Utc::now());
    assert!((200..300).contains(&plan.outcomes.len()), "{}", plan.outcomes.len());
}
