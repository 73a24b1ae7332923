//! What a log holds, by id, and the rules that decide what a command changes: overtaking, revisions, the read mark,
//! retention, the rising ids. Pure: a back end carries out what it is told here and undoes it if storing fails.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    event_id::{Epoch, Seq},
    log::{Appended, Change, Command, Dropped, Entry, Retention, idempotency::FirstUse},
    notification::{Draft, EncodedNotification, State},
};

/// The most notifications that are open at a time; beyond it the oldest running one gives way.
pub const MAX_OPEN: usize = 500;

/// A notification that is stored.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// The entry that holds it.
    pub(super) seq: Seq,
    /// The entry that published it: the same, unless it was revised since.
    pub(super) published: Seq,
    pub(super) notification: Arc<EncodedNotification>,
}

impl Dropped {
    fn of(id: Uuid, item: &Item) -> Self {
        Dropped { id, seq: item.seq, is_revision: item.seq != item.published }
    }
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// In the order of publishing.
    items: BTreeMap<Uuid, Item>,
    /// Those of them that are open.
    open: BTreeSet<Uuid>,
    open_by_key: HashMap<String, Vec<Uuid>>,
    state: Positions,
    undo: Option<Undo>,
}

/// The positions that entries move.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Positions {
    /// The newest entry.
    pub(super) head: Seq,
    /// The greatest id that was ever given out.
    newest_id: Uuid,
    /// The read mark, and the entry that holds it.
    pub(super) read: Option<(Seq, Uuid)>,
    pub(super) oldest_resume_point: Seq,
}

#[derive(Debug)]
struct Undo {
    state: Positions,
    items: Vec<(Uuid, Option<Item>)>,
}

/// What a back end has to store for an entry.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) entry: Entry,
    /// The entry that this one voids, if it is one.
    pub(super) voids: Option<Seq>,
    /// For a [`Change::Put`]: the entry that published it.
    pub(super) published: Seq,
}

/// What a command changes.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) steps: Vec<Step>,
    pub(super) appended: Appended,
}

impl Index {
    /// What a log held when it was opened: one entry of it. `published` is the entry that published the notification
    /// of a [`Change::Put`].
    pub(super) fn load(&mut self, entry: &Entry, published: Seq) {
        self.state.head = self.state.head.max(entry.seq);
        match &entry.change {
            Change::Put(notification) => {
                let id = notification.notification.id;
                self.state.newest_id = self.state.newest_id.max(id);
                let notification = Arc::clone(notification);
                self.set(id, Some(Item { seq: entry.seq, published, notification }));
            }
            Change::Remove(id) => self.state.newest_id = self.state.newest_id.max(*id),
            Change::Read(through) => self.state.read = Some((entry.seq, *through)),
            Change::Clear | Change::Epoch(_) => {}
        }
    }

    pub(super) fn set_oldest_resume_point(&mut self, point: Seq) {
        self.state.oldest_resume_point = self.state.oldest_resume_point.max(point);
        // The newest entry may have been dropped: its number is not given out again.
        self.state.head = self.state.head.max(point);
    }

    pub(super) fn positions(&self) -> Positions {
        self.state
    }

    /// From here on what is changed can be undone.
    pub(super) fn begin(&mut self) {
        self.undo = Some(Undo { state: self.state, items: Vec::new() });
    }

    /// Keeps what was changed.
    pub(super) fn commit(&mut self) {
        self.undo = None;
    }

    /// Goes back to where [`Index::begin`] was called.
    pub(super) fn roll_back(&mut self) {
        let Some(undo) = self.undo.take() else { return };
        for (id, item) in undo.items.into_iter().rev() {
            self.set(id, item);
        }
        self.state = undo.state;
    }

    /// The name of a log that is new: it stands before the first entry.
    pub(super) fn first_epoch() -> Entry {
        Entry { seq: Seq::START, change: Change::Epoch(Epoch::random()) }
    }

    /// Takes the next number for an entry that concerns the log itself.
    pub(super) fn append(&mut self, change: Change) -> Step {
        self.state.head = self.state.head.next();
        Step { entry: Entry { seq: self.state.head, change }, voids: None, published: self.state.head }
    }

    /// Decides what a command changes, and changes it here.
    pub(super) fn carry_out(&mut self, command: &Command, now: DateTime<Utc>) -> Plan {
        let mut plan = Plan::default();
        match command {
            Command::Publish { draft, .. } => self.publish(draft, now, &mut plan),
            Command::Revise(id, revision) => {
                let Some(item) = self.items.get(id) else { return plan };
                let revised = revision.of(&item.notification.notification, now);
                // What changes nothing is no entry.
                plan.appended.notification = Some(if revised == item.notification.notification {
                    Arc::clone(&item.notification)
                } else {
                    self.put(revised, &mut plan)
                });
            }
            Command::Remove(ids) => self.remove_all(ids, &mut plan),
            Command::Withdraw(key) => {
                let ids = self.open_by_key.get(key).cloned().unwrap_or_default();
                self.remove_all(&ids, &mut plan);
            }
            Command::Clear => {
                plan.appended.removed = self.items.len() as u64;
                if !self.items.is_empty() {
                    self.remove_everything();
                    plan.steps.push(self.append(Change::Clear));
                }
            }
            Command::Read(through) => self.read(*through, &mut plan),
            Command::Retain => {}
            Command::TakeOver(contents) => {
                for encoded in &contents.notifications {
                    let notification = encoded.notification.clone();
                    self.state.newest_id = self.state.newest_id.max(notification.id);
                    self.put(notification, &mut plan);
                }
                if let Some(through) = contents.read_through {
                    self.read(through, &mut plan);
                }
            }
        }
        plan
    }

    /// The notification of a post that was made before under the same idempotency key: as it is stored or, if it is
    /// not any more, as it was then.
    pub(super) fn first_answer(&self, draft: &Draft, first: &FirstUse) -> Appended {
        let notification = match self.items.get(&first.id) {
            Some(item) => Arc::clone(&item.notification),
            None => Arc::new(EncodedNotification::new(draft.notification(first.id, first.time()))),
        };
        Appended { notification: Some(notification), replayed: true, ..Appended::default() }
    }

    /// Drops the oldest notifications and the oldest entries beyond the limits. Open ones stay and do not count: there
    /// are few.
    pub(super) fn retain(&mut self, retention: &Retention, now: DateTime<Utc>) -> Vec<Dropped> {
        let mut dropped = Vec::new();
        let max = usize::try_from(retention.max_notifications.get()).unwrap_or(usize::MAX);
        let too_old = retention
            .max_age
            .and_then(|age| u64::try_from(age.as_millis()).ok())
            .and_then(|age_ms| u64::try_from(now.timestamp_millis()).ok()?.checked_sub(age_ms))
            .unwrap_or(0);
        let excess = (self.items.len() - self.open.len()).saturating_sub(max);
        let mut passed = Vec::new();
        for id in self.items.keys().filter(|id| !self.open.contains(*id)) {
            if passed.len() >= excess && unix_millis(id) >= too_old {
                break;
            }
            passed.push(*id);
        }
        for id in passed {
            if let Some(item) = self.set(id, None) {
                self.set_oldest_resume_point(item.published);
                dropped.push(Dropped::of(id, &item));
            }
        }
        self.set_oldest_resume_point(self.state.head.back(retention.max_entries));
        dropped
    }

    /// Whether there are as many as are kept: whatever was dropped would be dropped again.
    pub(super) fn is_full(&self, retention: &Retention) -> bool {
        (self.items.len() - self.open.len()) as u64 >= retention.max_notifications.get()
    }

    fn publish(&mut self, draft: &Draft, now: DateTime<Utc>, plan: &mut Plan) {
        let id = next_id(self.state.newest_id, now);
        self.state.newest_id = id;
        let mut notification = draft.notification(id, now);
        if let Some(overtaken) = notification.key.as_ref().and_then(|key| self.open_by_key.get(key)).cloned()
        {
            for earlier in overtaken {
                if let Some(item) = self.remove(earlier, plan) {
                    let earlier = &item.notification.notification;
                    if notification.is_open() && earlier.state == notification.state {
                        notification.since = earlier.since;
                    }
                }
            }
        }
        if notification.is_open() && self.open.len() >= MAX_OPEN {
            let is_running = |id: &&Uuid| {
                self.items
                    .get(*id)
                    .is_some_and(|item| item.notification.notification.state == Some(State::Running))
            };
            if let Some(oldest) = self.open.iter().find(is_running).or(self.open.first()).copied() {
                self.remove(oldest, plan);
            }
        }
        plan.appended.notification = Some(self.put(notification, plan));
    }

    fn put(
        &mut self,
        notification: crate::notification::Notification,
        plan: &mut Plan,
    ) -> Arc<EncodedNotification> {
        let id = notification.id;
        let encoded = Arc::new(EncodedNotification::new(notification));
        let mut step = self.append(Change::Put(Arc::clone(&encoded)));
        if let Some(earlier) = self.items.get(&id) {
            step.voids = Some(earlier.seq);
            step.published = earlier.published;
        }
        let item =
            Item { seq: step.entry.seq, published: step.published, notification: Arc::clone(&encoded) };
        self.set(id, Some(item));
        plan.steps.push(step);
        encoded
    }

    fn read(&mut self, through: Uuid, plan: &mut Plan) {
        let read = self.state.read;
        if read.is_none_or(|(_, mark)| mark < through) {
            let step = self.append(Change::Read(through));
            self.state.read = Some((step.entry.seq, through));
            plan.steps.push(Step { voids: read.map(|(seq, _)| seq), ..step });
        }
        plan.appended.read_through = self.state.read.map(|(_, mark)| mark);
    }

    fn remove_all(&mut self, ids: &[Uuid], plan: &mut Plan) {
        for id in ids {
            plan.appended.removed += u64::from(self.remove(*id, plan).is_some());
        }
    }

    fn remove_everything(&mut self) {
        for id in self.items.keys().copied().collect::<Vec<_>>() {
            self.set(id, None);
        }
    }

    fn remove(&mut self, id: Uuid, plan: &mut Plan) -> Option<Item> {
        let item = self.set(id, None)?;
        let step = self.append(Change::Remove(id));
        plan.steps.push(Step { voids: Some(item.seq), ..step });
        Some(item)
    }

    /// Every change of what is stored goes through here: the views of the open ones follow, and it can be undone.
    fn set(&mut self, id: Uuid, item: Option<Item>) -> Option<Item> {
        let is_open = item.as_ref().is_some_and(|item| item.notification.notification.is_open());
        let before = match item {
            Some(item) => self.items.insert(id, item),
            None => self.items.remove(&id),
        };
        if let Some(before) = before.as_ref().filter(|before| before.notification.notification.is_open()) {
            self.open.remove(&id);
            if let Some(key) = &before.notification.notification.key
                && let Some(ids) = self.open_by_key.get_mut(key)
            {
                ids.retain(|open| *open != id);
                if ids.is_empty() {
                    self.open_by_key.remove(key);
                }
            }
        }
        if is_open {
            self.open.insert(id);
            let key = self.items.get(&id).and_then(|item| item.notification.notification.key.clone());
            if let Some(key) = key {
                self.open_by_key.entry(key).or_default().push(id);
            }
        }
        if let Some(undo) = &mut self.undo {
            undo.items.push((id, before.clone()));
        }
        before
    }
}

/// What a log that several hubs share needs besides: taking in what another hub has stored.
#[cfg(any(test, feature = "nats", feature = "postgres"))]
impl Index {
    /// Takes in an entry that another hub has stored, as [`Index::carry_out`] did there. `published` as for
    /// [`Index::load`].
    pub(super) fn follow(&mut self, entry: Entry, published: Seq) -> Step {
        let voids = match &entry.change {
            Change::Put(encoded) => self.items.get(&encoded.notification.id).map(|item| item.seq),
            Change::Remove(id) => self.set(*id, None).map(|item| item.seq),
            Change::Clear => {
                self.remove_everything();
                None
            }
            Change::Read(_) => self.state.read.map(|(seq, _)| seq),
            Change::Epoch(_) => None,
        };
        self.load(&entry, published);
        Step { entry, voids, published }
    }

    /// Takes in what another hub's retention has dropped: those of `ids` that are stored here.
    pub(super) fn follow_dropped(&mut self, ids: impl IntoIterator<Item = Uuid>) -> Vec<Dropped> {
        let ids = ids.into_iter();
        ids.filter_map(|id| self.set(id, None).map(|item| Dropped::of(id, &item))).collect()
    }

    /// The stored notifications up to this id.
    pub(super) fn up_to(&self, through: Uuid) -> Vec<Uuid> {
        self.items.range(..=through).map(|(id, _)| *id).collect()
    }

    /// The stored notifications up to this id that are not open.
    #[cfg(feature = "nats")]
    pub(super) fn closed_up_to(&self, through: Uuid) -> Vec<Uuid> {
        self.items.range(..=through).map(|(id, _)| *id).filter(|id| !self.open.contains(id)).collect()
    }

    /// Whether this notification is stored.
    #[cfg(feature = "nats")]
    pub(super) fn is_stored(&self, id: Uuid) -> bool {
        self.items.contains_key(&id)
    }

    /// The greatest id that was ever given out, as far as is known.
    pub(super) fn newest_id(&self) -> Uuid {
        self.state.newest_id
    }

    /// Entries up to this number and ids up to this one were given out, whether or not any of them is still stored.
    pub(super) fn advance(&mut self, head: Seq, newest_id: Uuid) {
        self.state.head = self.state.head.max(head);
        self.state.newest_id = self.state.newest_id.max(newest_id);
    }
}

/// When a UUID of version 7 was made, in milliseconds since 1970 (RFC 9562, section 5.7).
pub(super) fn unix_millis(id: &Uuid) -> u64 {
    u64::try_from(id.as_u128() >> 80).unwrap_or(u64::MAX)
}

/// A UUID of version 7 that is greater than every one before it, whatever the clock does.
fn next_id(newest: Uuid, now: DateTime<Utc>) -> Uuid {
    const RANDOM_B: u128 = (1 << 62) - 1;
    let made = |unix_ms: u128, random: u128| {
        let random_a = (random >> 64) & 0xfff;
        Uuid::from_u128((unix_ms << 80) | (7 << 76) | (random_a << 64) | (0b10 << 62) | (random & RANDOM_B))
    };
    let unix_ms = u128::try_from(now.timestamp_millis()).unwrap_or(0) & ((1 << 48) - 1);
    let id = made(unix_ms, fastrand::u128(..));
    if id > newest {
        return id;
    }
    // A random step, so that ids of one millisecond cannot be guessed from each other.
    let step = u128::from(fastrand::u32(1..));
    if (newest.as_u128() & RANDOM_B) + step <= RANDOM_B {
        Uuid::from_u128(newest.as_u128() + step)
    } else {
        made((newest.as_u128() >> 80) + 1, fastrand::u128(..))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notification::NewNotification;

    fn publish(state: Option<State>, key: Option<&str>) -> Command {
        let new = NewNotification {
            message: "x".into(),
            state,
            key: key.map(Into::into),
            ..NewNotification::default()
        };
        Command::Publish { draft: Box::new(new.check().expect("valid")), idempotency: None }
    }

    #[test]
    fn ids_rise_whatever_the_clock_does() {
        let now = Utc::now();
        let mut newest = Uuid::nil();
        for step in 0..2000 {
            let clock =
                now + chrono::Duration::milliseconds(if step % 3 == 0 { -step * 1000 } else { step / 100 });
            let id = next_id(newest, clock);
            assert!(id > newest, "{id} after {newest}");
            assert_eq!((id.get_version_num(), id.get_variant()), (7, uuid::Variant::RFC4122));
            newest = id;
        }
        let last =
            Uuid::from_u128((1_u128 << 80) | (7 << 76) | (0xfff << 64) | (0b10 << 62) | ((1 << 62) - 1));
        assert!(next_id(last, DateTime::UNIX_EPOCH) > last);
    }

    /// Two hubs take turns on one log, each following the other.
    #[test]
    fn who_follows_another_hub_knows_and_decides_the_same() {
        let (mut one, mut other) = (Index::default(), Index::default());
        let (now, retention) = (Utc::now(), Retention::keeping(3.try_into().expect("not zero")));
        let mut newest = None;
        for step in 0..60_u32 {
            let (author, reader) =
                if step % 2 == 0 { (&mut one, &mut other) } else { (&mut other, &mut one) };
            let command = match (step % 7, newest) {
                (1, _) => publish(Some(State::Running), Some("a")),
                (3, Some(id)) => Command::Remove(vec![id]),
                (4, Some(id)) => {
                    let resolved =
                        crate::notification::Revision { resolved: Some(true), ..Default::default() };
                    Command::Revise(id, resolved)
                }
                (5, Some(id)) => Command::Read(id),
                (6, _) if step % 5 == 0 => Command::Clear,
                _ => publish(None, None),
            };
            let plan = author.carry_out(&command, now);
            newest = plan.appended.notification.map(|published| published.notification.id).or(newest);
            for step in plan.steps {
                let (voids, published) = (step.voids, step.published);
                let followed = reader.follow(step.entry, published);
                assert_eq!(followed.voids, voids);
            }
            let dropped = author.retain(&retention, now);
            let through = dropped.last().map_or(Uuid::nil(), |dropped| dropped.id);
            let stored = |index: &Index, id: &Uuid| index.items.contains_key(id);
            let gone = reader.up_to(through).into_iter().filter(|id| !stored(author, id));
            assert_eq!(reader.follow_dropped(gone.collect::<Vec<_>>()), dropped);
            reader.set_oldest_resume_point(author.positions().oldest_resume_point);
            let known =
                |index: &Index| format!("{:?} {:?} {:?}", index.items, index.open_by_key, index.state);
            assert_eq!(known(author), known(reader), "after {step} {command:?}");
        }
    }

    #[test]
    fn what_is_rolled_back_never_was() {
        let mut index = Index::default();
        index.carry_out(&publish(Some(State::Waiting), Some("a")), Utc::now());
        let before = format!("{:?} {:?} {:?}", index.items, index.open_by_key, index.state);
        index.begin();
        index.carry_out(&publish(Some(State::Running), Some("a")), Utc::now());
        index.carry_out(&publish(None, None), Utc::now());
        index.carry_out(&Command::Clear, Utc::now());
        index.carry_out(&Command::Read(Uuid::max()), Utc::now());
        index.roll_back();
        assert_eq!(format!("{:?} {:?} {:?}", index.items, index.open_by_key, index.state), before);
    }

    #[test]
    fn the_oldest_running_one_gives_way() {
        let mut index = Index::default();
        let now = Utc::now();
        for number in 0..MAX_OPEN {
            let state = if number == 0 { State::Waiting } else { State::Running };
            index.carry_out(&publish(Some(state), Some(&number.to_string())), now);
        }
        let second = *index.open.iter().nth(1).expect("there are many");
        let plan = index.carry_out(&publish(Some(State::Waiting), None), now);
        assert_eq!(index.open.len(), MAX_OPEN);
        assert_eq!(plan.steps[0].entry.change, Change::Remove(second));
    }
}
