//! What the stream's messages come to, and what a command therefore adds to them. Pure: every hub that has read the same
//! stream holds the same, whenever it began to read and whatever had been compacted by then.

use std::collections::{BTreeMap, HashMap, VecDeque};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::message::{KeyHash, Message, Retained, hash_of};
use crate::{
    clock,
    event_id::{Epoch, Seq},
    log::{
        AppendError, Appended, Change, Command, Dropped, Entry, EntryPage, MAX_IDEMPOTENCY_KEYS, ReadError,
        Retention, Stored,
        idempotency::FirstUse,
        index::{Index, Step},
        window::Window,
    },
};

/// The most messages that one append takes commands for; the broker stores at most 1000 in one step, and one command may
/// overtake [`MAX_OPEN`](crate::log::MAX_OPEN).
const BATCH_MESSAGES: usize = 400;

/// The same in bytes.
const BATCH_BYTES: usize = 1 << 20;

/// How much of what may be resumed over has to have passed before that alone is written down.
const RESUME_STEP: u64 = 16;

/// How many idempotency keys too many the broker may keep.
const KEYS_TOO_MANY: usize = 1000;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct State {
    index: Index,
    window: Window,
    keys: Keys,
    retained: Retained,
    epoch: Option<Epoch>,
    /// The newest message that was read.
    position: u64,
    /// The removals that can still be resumed over.
    tombstones: BTreeMap<Seq, Uuid>,
    litter: Litter,
}

/// What a message came to.
#[derive(Debug, Default)]
pub(super) struct Folded {
    pub(super) entry: Option<Entry>,
    pub(super) dropped: Vec<Dropped>,
}

/// What an append is to store, in one step, if nothing was stored after `after`.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) after: u64,
    pub(super) messages: Vec<Message>,
    /// What comes of the first commands, if it is stored. May be none: then it only makes room.
    pub(super) outcomes: Vec<Result<Appended, AppendError>>,
}

/// What the broker still holds although it is void.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Litter {
    /// Notifications that were dropped, and removals that nobody resumes over any more.
    pub(super) dead: BTreeMap<Seq, Uuid>,
    /// Everything about notifications before this entry.
    pub(super) cleared: Option<Seq>,
    /// Idempotency keys before this message.
    pub(super) keys: Option<u64>,
}

impl Litter {
    pub(super) fn is_empty(&self) -> bool {
        *self == Litter::default()
    }
}

impl State {
    /// The newest message that was read.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// The newest name of a stretch of the log.
    pub(super) fn epoch(&self) -> Option<Epoch> {
        self.epoch
    }

    pub(super) fn oldest_resume_point(&self) -> Seq {
        self.index.positions().oldest_resume_point
    }

    /// Nobody resumes before this entry at this hub, which may not have been told of all that was dropped there.
    pub(super) fn resume_after(&mut self, seq: Seq) {
        self.index.set_oldest_resume_point(seq);
        self.window.apply([], &[], self.index.positions());
    }

    /// All entries.
    pub(super) fn stored(&self) -> Stored {
        Stored { entries: self.window.entries(), oldest_resume_point: self.oldest_resume_point() }
    }

    pub(super) fn read_after(&self, after: Seq, max_bytes: usize) -> Result<EntryPage, ReadError> {
        self.window.read_after(after, max_bytes)
    }

    /// Takes in the next message; `None` if it says nothing. Whoever tidies up notes what it voids.
    pub(super) fn fold(&mut self, number: u64, message: Option<Message>, tidies: bool) -> Folded {
        let seq = Seq::new(number);
        let mut folded = Folded::default();
        self.position = self.position.max(number);
        match message {
            Some(Message::Entry { change, published }) => {
                let step = self.index.follow(Entry { seq, change }, published.unwrap_or(seq));
                self.index.advance(seq, Uuid::nil());
                self.note_entry(&step, tidies);
                self.window.apply([&step], &[], self.index.positions());
                folded.entry = Some(step.entry);
            }
            Some(Message::Key { key, first }) => {
                self.index.advance(seq, Uuid::nil());
                self.keys.remember(number, key, first);
                if tidies && self.keys.forgotten >= KEYS_TOO_MANY {
                    self.keys.forgotten = 0;
                    self.litter.keys = self.keys.by_age.front().map(|(oldest, _)| *oldest);
                }
            }
            Some(Message::Retention(retained)) => {
                self.index.advance(seq, retained.newest);
                let through = self.retained.through.max(retained.through);
                let point = self.retained.oldest_resume_point.max(retained.oldest_resume_point);
                self.retained = Retained { through, oldest_resume_point: point, newest: retained.newest };
                let ids = self.index.closed_up_to(through);
                folded.dropped = self.index.follow_dropped(ids);
                self.index.set_oldest_resume_point(Seq::new(point));
                self.window.apply([], &folded.dropped, self.index.positions());
                let passed = self.tombstones.split_off(&Seq::new(point).next());
                let passed = std::mem::replace(&mut self.tombstones, passed);
                if tidies {
                    self.litter.dead.extend(folded.dropped.iter().map(|dropped| (dropped.seq, dropped.id)));
                    self.litter.dead.extend(passed);
                }
            }
            None => self.index.advance(seq, Uuid::nil()),
        }
        folded
    }

    fn note_entry(&mut self, step: &Step, tidies: bool) {
        match &step.entry.change {
            Change::Remove(id) => {
                self.tombstones.insert(step.entry.seq, *id);
            }
            Change::Clear => {
                self.tombstones.clear();
                if tidies {
                    self.litter.dead.clear();
                    self.litter.cleared = Some(step.entry.seq);
                }
            }
            Change::Epoch(epoch) => self.epoch = Some(*epoch),
            Change::Put(_) | Change::Read(_) => {}
        }
    }

    /// What these commands add to what was read, and what comes of as many of them as fit into one append.
    pub(super) fn plan<'a>(
        &mut self,
        commands: impl IntoIterator<Item = &'a Command>,
        retention: &Retention,
        now: DateTime<Utc>,
    ) -> Plan {
        let mut plan = Plan { after: self.position, ..Plan::default() };
        let mut keys = HashMap::new();
        let mut bytes = 0;
        self.index.begin();
        for command in commands {
            if plan.messages.len() + keys.len() >= BATCH_MESSAGES || bytes >= BATCH_BYTES {
                break;
            }
            let outcome = self.carry_out(command, now, &mut keys, &mut plan.messages, &mut bytes);
            plan.outcomes.push(outcome);
        }
        let before = self.oldest_resume_point();
        let dropped = self.index.retain(retention, now);
        let point = self.oldest_resume_point();
        let newest_id = self.index.newest_id();
        self.index.roll_back();
        // Whoever resumes over a revision that was dropped has to be told, by an entry of its own.
        let revised = dropped.iter().filter(|dropped| dropped.is_revision && dropped.seq > point);
        let revised: Vec<_> = revised.map(|dropped| dropped.id).take(BATCH_MESSAGES).collect();
        if !revised.is_empty() && revised.iter().any(|id| self.index.is_stored(*id)) {
            let removals = revised.into_iter().filter(|id| self.index.is_stored(*id));
            let remove = |id| Message::Entry { change: Change::Remove(id), published: None };
            let messages: Vec<_> = removals.map(remove).collect();
            return Plan { after: self.position, messages, outcomes: Vec::new() };
        }
        let clears = |message: &Message| matches!(message, Message::Entry { change: Change::Clear, .. });
        let clears = plan.messages.iter().any(clears);
        plan.messages.extend(keys.into_iter().map(|(key, first)| Message::Key { key, first }));
        let passed = point.since(before) >= (retention.max_entries / RESUME_STEP).max(1);
        if !dropped.is_empty() || passed || clears {
            let dropped_through = dropped.iter().map(|dropped| dropped.id).max().unwrap_or_default();
            plan.messages.push(Message::Retention(Retained {
                through: self.retained.through.max(dropped_through),
                oldest_resume_point: if dropped.is_empty() && !passed { before } else { point }.get(),
                newest: newest_id,
            }));
        }
        plan
    }

    fn carry_out(
        &mut self,
        command: &Command,
        now: DateTime<Utc>,
        keys: &mut HashMap<KeyHash, FirstUse>,
        messages: &mut Vec<Message>,
        bytes: &mut usize,
    ) -> Result<Appended, AppendError> {
        let key = match command {
            Command::Publish { draft, idempotency: Some(key) } => {
                let hash = hash_of(&key.key);
                let first = keys.get(&hash).or_else(|| self.keys.get(&hash));
                if let Some(first) = first.filter(|first| first.is_remembered(now)) {
                    return if first.is_for(key) {
                        Ok(self.index.first_answer(draft, first))
                    } else {
                        Err(AppendError::KeyReused)
                    };
                }
                Some((hash, key.fingerprint))
            }
            _ => None,
        };
        let planned = self.index.carry_out(command, now);
        for step in planned.steps {
            if let Change::Put(encoded) = &step.entry.change {
                *bytes += encoded.json_len();
            }
            let published = (step.published != step.entry.seq).then_some(step.published);
            messages.push(Message::Entry { change: step.entry.change, published });
        }
        if let (Some((hash, fingerprint)), Some(notification)) = (key, &planned.appended.notification) {
            let id = notification.notification.id;
            let first = FirstUse { fingerprint: Some(fingerprint), id, time_ms: now.timestamp_millis() };
            keys.insert(hash, first);
        }
        Ok(planned.appended)
    }

    /// What is to be tidied up.
    pub(super) fn litter(&self) -> &Litter {
        &self.litter
    }

    /// No message about a notification before this one is of use.
    pub(super) fn first_of_use(&self) -> u64 {
        self.window.first_about_notifications().map_or(self.position + 1, Seq::get)
    }

    /// This was tidied up.
    pub(super) fn is_tidied(&mut self, litter: &Litter) {
        self.litter.dead.retain(|seq, _| !litter.dead.contains_key(seq));
        self.litter.cleared = self.litter.cleared.filter(|_| self.litter.cleared != litter.cleared);
        self.litter.keys = self.litter.keys.filter(|_| self.litter.keys != litter.keys);
    }
}

/// The idempotency keys that are remembered.
#[derive(Debug, Default)]
struct Keys {
    by_hash: HashMap<KeyHash, (u64, FirstUse)>,
    /// With the number of the message; oldest first.
    by_age: VecDeque<(u64, KeyHash)>,
    /// How many were forgotten that the broker may still keep.
    forgotten: usize,
}

impl Keys {
    fn get(&self, hash: &KeyHash) -> Option<&FirstUse> {
        self.by_hash.get(hash).map(|(_, first)| first)
    }

    fn remember(&mut self, number: u64, hash: KeyHash, first: FirstUse) {
        self.by_hash.insert(hash, (number, first));
        self.by_age.push_back((number, hash));
        let now = clock::now();
        while let Some((oldest, hash)) = self.by_age.front().copied() {
            let is_many = self.by_age.len() as u64 > MAX_IDEMPOTENCY_KEYS;
            let used = self.by_hash.get(&hash).filter(|(number, _)| *number == oldest);
            if !is_many && used.is_some_and(|(_, first)| first.is_remembered(now)) {
                break;
            }
            self.by_age.pop_front();
            if used.is_some() {
                self.by_hash.remove(&hash);
            }
            self.forgotten += usize::from(is_many);
        }
    }
}
