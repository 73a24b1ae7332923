//! Who is told, and what waits to be sent to each. A message about something takes the place of one that was not sent
//! yet; what is settled before it was sent is not sent at all.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use uuid::Uuid;

use super::{
    message::{Asks, Message, News},
    subscription::{NewSubscription, Subscription},
};

/// How many messages wait for one device; the oldest give way.
const MAX_WAITING: usize = 64;
/// How many notifications a device is remembered to show.
const MAX_SHOWN: usize = 256;
/// A message that could not be sent for so long is not news any more.
const GIVE_UP_AFTER: Duration = Duration::from_hours(1);
/// How long to wait after the first failure, and at most when a service does not say; doubled each time.
const SHORTEST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_mins(1);
/// However long a service asks to be left alone.
const LONGEST_RETRY_AFTER: Duration = Duration::from_hours(1);

/// What is to be sent, to whom.
#[derive(Clone, Debug)]
pub(super) struct Parcel {
    /// The device.
    pub(super) to: Arc<Subscription>,
    pub(super) message: Message,
    /// When it became news.
    pub(super) since: Instant,
    /// What the device showed about it before.
    before: Option<Uuid>,
}

/// What became of a parcel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The service has it.
    Sent,
    /// There is no such subscription any more.
    Gone,
    /// The service does not take it, now or later.
    Refused,
    /// Not now; after so long, if the service says so.
    Later(Option<Duration>),
}

/// What settling a parcel came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Settled {
    /// Nothing more is to be done.
    Done,
    /// It is tried again.
    WillRetry,
    /// It was tried for long enough.
    GivenUp,
}

struct Device {
    subscription: Arc<Subscription>,
    /// Oldest first; at most one about each thing.
    waiting: VecDeque<(Message, Instant)>,
    /// Which notification it shows about what, as far as known.
    shown: BTreeMap<Arc<str>, Uuid>,
    is_busy: bool,
    failures: u32,
    not_before: Option<Instant>,
}

/// See the module.
#[derive(Default)]
pub(super) struct Devices(BTreeMap<String, Device>);

impl Devices {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is kept of them.
    pub(super) fn kept(&self) -> Vec<NewSubscription> {
        self.0.values().map(|device| device.subscription.kept.clone()).collect()
    }

    /// Adds one, or changes what it wants.
    pub(super) fn put(&mut self, subscription: Subscription) {
        let subscription = Arc::new(subscription);
        match self.0.get_mut(&subscription.id()) {
            Some(device) => device.subscription = subscription,
            None => {
                let device = Device {
                    subscription: Arc::clone(&subscription),
                    waiting: VecDeque::new(),
                    shown: BTreeMap::new(),
                    is_busy: false,
                    failures: 0,
                    not_before: None,
                };
                self.0.insert(subscription.id(), device);
            }
        }
    }

    /// The address of the one with this id, as it is kept.
    pub(super) fn endpoint(&self, id: &str) -> Option<String> {
        self.0.get(id).map(|device| device.subscription.kept.endpoint.clone())
    }

    pub(super) fn remove(&mut self, id: &str) -> bool {
        self.0.remove(id).is_some()
    }

    /// Something that was told before this process began: all of them may show it.
    pub(super) fn note_shown(&mut self, message: &Message) {
        for device in self.0.values_mut() {
            device.show(&message.about, Some(message.id));
        }
    }

    /// Puts a message up for all who want it; says for how many another had to give way.
    pub(super) fn post(&mut self, message: &Message, now: Instant) -> u64 {
        self.0.values_mut().map(|device| u64::from(device.post(message, now))).sum()
    }

    /// The next parcel that may be sent now, to a device that is not being sent to.
    pub(super) fn take(&mut self, now: Instant) -> Option<Parcel> {
        // Services that do not answer must not hold up those that do.
        let due = self.0.values_mut().filter(|device| device.due().is_some_and(|due| due <= now));
        let device = due.min_by_key(|device| device.failures)?;
        let (message, since) = device.waiting.pop_front()?;
        device.is_busy = true;
        // From here on it may be there.
        let shows = matches!(message.news, News::Asks(..)).then_some(message.id);
        let before = device.show(&message.about, shows);
        Some(Parcel { to: Arc::clone(&device.subscription), message, since, before })
    }

    /// When the next parcel may be sent.
    pub(super) fn next_due(&self, now: Instant) -> Option<Instant> {
        self.0.values().filter_map(Device::due).min().map(|due| due.max(now))
    }

    /// Takes note of what became of a parcel.
    pub(super) fn settle(&mut self, parcel: Parcel, outcome: Outcome, now: Instant) -> Settled {
        let Some(device) = self.0.get_mut(&parcel.to.id()) else { return Settled::Done };
        device.is_busy = false;
        let Outcome::Later(asked) = outcome else {
            device.failures = 0;
            device.not_before = None;
            return Settled::Done;
        };
        let wait = (SHORTEST_WAIT * 2_u32.saturating_pow(device.failures.min(16))).min(LONGEST_WAIT);
        device.failures += 1;
        device.show(&parcel.message.about, parcel.before);
        device.not_before = Some(now + asked.map_or(wait, |asked| asked.clamp(wait, LONGEST_RETRY_AFTER)));
        if now.duration_since(parcel.since) > GIVE_UP_AFTER {
            return Settled::GivenUp;
        }
        // Something newer about the same may have come meanwhile.
        if !device.waiting.iter().any(|(message, _)| message.about == parcel.message.about) {
            device.waiting.push_front((parcel.message, parcel.since));
        }
        Settled::WillRetry
    }
}

impl Device {
    /// Notes which notification it shows about something, if any; says which it showed before.
    fn show(&mut self, about: &Arc<str>, id: Option<Uuid>) -> Option<Uuid> {
        let Some(id) = id else { return self.shown.remove(about) };
        let before = self.shown.insert(Arc::clone(about), id);
        if self.shown.len() > MAX_SHOWN {
            self.shown.pop_first();
        }
        before
    }

    fn due(&self) -> Option<Instant> {
        let (_, since) = self.waiting.front().filter(|_| !self.is_busy)?;
        Some(self.not_before.unwrap_or(*since))
    }

    /// Whether another message had to give way.
    fn post(&mut self, message: &Message, now: Instant) -> bool {
        let NewSubscription { failures, withdrawals, .. } = self.subscription.kept;
        let place = self.waiting.iter().position(|(waiting, _)| waiting.about == message.about);
        match &message.news {
            News::Asks(Asks::Failed, _) if !failures => return false,
            News::Asks(..) => {
                if let Some(place) = place {
                    self.waiting.remove(place);
                }
                self.waiting.push_back((message.clone(), now));
            }
            News::Settled => {
                // What waits about it may be newer.
                if place.is_some_and(|place| self.waiting[place].0.id != message.id) {
                    return false;
                }
                if let Some(place) = place {
                    self.waiting.remove(place);
                }
                if let Some(id) = self.shown.get(&message.about).copied().filter(|_| withdrawals) {
                    let closing = Message { id, ..message.clone() };
                    self.waiting.push_back((closing, now));
                }
            }
        }
        let is_full = self.waiting.len() > MAX_WAITING;
        if is_full {
            self.waiting.pop_front();
        }
        is_full
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
    use ring::{
        agreement::{ECDH_P256, EphemeralPrivateKey},
        rand::SystemRandom,
    };

    use super::*;
    use crate::{
        notification::NewNotification,
        web_push::{services::Services, subscription::NewSubscription},
    };

    fn devices(failures: bool, withdrawals: bool) -> Devices {
        let mut devices = Devices::default();
        devices.put(subscription("https://push.example/1", failures, withdrawals));
        devices
    }

    fn subscription(endpoint: &str, failures: bool, withdrawals: bool) -> Subscription {
        let key = EphemeralPrivateKey::generate(&ECDH_P256, &SystemRandom::new()).expect("a key");
        let subscription = NewSubscription {
            endpoint: endpoint.into(),
            p256dh: BASE64.encode(key.compute_public_key().expect("a point")),
            auth: BASE64.encode([1; 16]),
            failures,
            withdrawals,
        };
        subscription.check(&Services::default()).expect("valid")
    }

    fn asks(about: &str, asks: Asks) -> Message {
        let new: NewNotification = serde_json::from_str("{\"message\":\"?\"}").expect("valid");
        let notification = new.check().expect("valid").notification(Uuid::now_v7(), chrono::Utc::now());
        Message { about: about.into(), id: notification.id, news: News::Asks(asks, Arc::new(notification)) }
    }

    fn settled(message: &Message) -> Message {
        Message { news: News::Settled, ..message.clone() }
    }

    /// Sends everything that is due.
    fn sent(devices: &mut Devices) -> Vec<Message> {
        std::iter::from_fn(|| {
            let parcel = devices.take(Instant::now())?;
            assert_eq!(devices.settle(parcel.clone(), Outcome::Sent, Instant::now()), Settled::Done);
            Some(parcel.message)
        })
        .collect()
    }

    #[test]
    fn what_is_settled_before_it_is_sent_is_not_sent() {
        let mut devices = devices(true, true);
        let question = asks("a", Asks::Waiting);
        devices.post(&question, Instant::now());
        devices.post(&settled(&question), Instant::now());
        assert_eq!(sent(&mut devices), []);
    }

    #[test]
    fn what_is_shown_is_closed_whatever_came_in_between() {
        let mut devices = devices(true, true);
        let (first, second) = (asks("a", Asks::Waiting), asks("a", Asks::Waiting));
        devices.post(&first, Instant::now());
        assert_eq!(sent(&mut devices), std::slice::from_ref(&first));
        // The second overtakes the first, and is settled before it was sent.
        devices.post(&settled(&first), Instant::now());
        devices.post(&second, Instant::now());
        devices.post(&settled(&second), Instant::now());
        assert_eq!(sent(&mut devices), [settled(&first)]);
        devices.post(&settled(&first), Instant::now());
        assert_eq!(sent(&mut devices), [], "it is closed already");
    }

    #[test]
    fn what_overtakes_takes_the_place_of_what_it_settles() {
        let mut devices = devices(true, true);
        let (first, second) = (asks("a", Asks::Waiting), asks("a", Asks::Waiting));
        devices.post(&first, Instant::now());
        let parcel = devices.take(Instant::now()).expect("one");
        assert!(devices.take(Instant::now()).is_none(), "one at a time");
        devices.post(&settled(&first), Instant::now());
        devices.post(&second, Instant::now());
        assert_eq!(devices.settle(parcel, Outcome::Sent, Instant::now()), Settled::Done);
        assert_eq!(sent(&mut devices), [second]);
    }

    #[test]
    fn each_device_has_what_it_wants() {
        let mut devices = devices(false, false);
        let (failure, question) = (asks("a", Asks::Failed), asks("b", Asks::Waiting));
        devices.post(&failure, Instant::now());
        devices.post(&question, Instant::now());
        assert_eq!(sent(&mut devices), std::slice::from_ref(&question));
        devices.post(&settled(&question), Instant::now());
        assert_eq!(sent(&mut devices), []);
    }

    #[test]
    fn a_message_is_tried_again_after_what_the_service_says_and_not_for_ever() {
        let mut devices = devices(true, true);
        let (question, began) = (asks("a", Asks::Waiting), Instant::now());
        devices.post(&question, began);
        let parcel = devices.take(began).expect("one");
        let asked = Duration::from_secs(30);
        assert_eq!(devices.settle(parcel, Outcome::Later(Some(asked)), began), Settled::WillRetry);
        assert!(devices.take(began + Duration::from_millis(29_999)).is_none());
        assert_eq!(devices.next_due(began), Some(began + asked));
        let parcel = devices.take(began + asked).expect("it is due");
        assert_eq!(devices.settle(parcel, Outcome::Later(None), began + asked), Settled::WillRetry);
        assert_eq!(devices.next_due(began), Some(began + asked + 2 * SHORTEST_WAIT), "doubled");
        let late = began + GIVE_UP_AFTER + asked;
        let parcel = devices.take(late).expect("it is due");
        assert_eq!(devices.settle(parcel, Outcome::Later(None), late), Settled::GivenUp);
        assert!(devices.next_due(late).is_none());
    }

    #[test]
    fn what_is_settled_before_a_service_took_it_is_not_told() {
        let mut devices = devices(true, true);
        let question = asks("a", Asks::Waiting);
        devices.post(&question, Instant::now());
        let parcel = devices.take(Instant::now()).expect("one");
        devices.settle(parcel, Outcome::Later(None), Instant::now());
        devices.post(&settled(&question), Instant::now());
        assert!(devices.next_due(Instant::now()).is_none());
    }

    #[test]
    fn who_answers_comes_before_who_does_not() {
        let mut devices = devices(true, true);
        devices.put(subscription("https://push.example/2", true, true));
        let now = Instant::now();
        devices.post(&asks("a", Asks::Waiting), now);
        let first = devices.take(now).expect("one");
        let failing = first.to.id();
        devices.settle(first, Outcome::Later(None), now);
        let other = devices.take(now).expect("another");
        assert_ne!(other.to.id(), failing);
        devices.settle(other, Outcome::Sent, now);
        devices.post(&asks("b", Asks::Waiting), now);
        let next = devices.take(now + LONGEST_WAIT).expect("one");
        assert_ne!(next.to.id(), failing);
        assert_eq!(devices.take(now + LONGEST_WAIT).expect("the other").to.id(), failing);
    }

    #[test]
    fn an_address_is_one_device_however_it_is_spelled() {
        let mut devices = devices(true, true);
        devices.put(subscription("HTTPS://Push.Example:443/1", false, true));
        assert_eq!(devices.len(), 1);
        assert_eq!(devices.kept()[0].endpoint, "https://push.example/1");
    }

    #[test]
    fn what_waits_for_a_device_is_bounded() {
        let mut devices = devices(true, true);
        let dropped: u64 = (0..MAX_WAITING + 3)
            .map(|number| devices.post(&asks(&number.to_string(), Asks::Failed), Instant::now()))
            .sum();
        assert_eq!((dropped, sent(&mut devices).len()), (3, MAX_WAITING));
    }

    #[test]
    fn what_a_device_that_is_gone_was_sent_does_not_matter() {
        let mut devices = devices(true, true);
        devices.post(&asks("a", Asks::Waiting), Instant::now());
        let parcel = devices.take(Instant::now()).expect("one");
        assert!(devices.remove(&parcel.to.id()));
        assert_eq!(devices.settle(parcel, Outcome::Later(None), Instant::now()), Settled::Done);
        assert!(devices.is_empty());
    }
}
