//! What is posted: the notification, its limits, and the check that turns a request into one.
//! A [`Draft`] is valid by construction; nothing behind the API checks it again.
//!
//! # Layout
//! - `words`: what a notification is made of besides texts: level, state, format, actions.
//! - `new`: a notification to post; `check`: whether it is valid, and the draft that it becomes then.
//! - `stored`: a stored notification, and what readers change of it.
//! - `encoded`: a stored notification with its JSON.
//! - `time`: how points in time are written.

mod check;
mod encoded;
mod new;
mod stored;
mod time;
mod words;

pub(crate) use self::time::{serialize_optional_timestamp, serialize_timestamp};
pub use self::{
    check::{Draft, InvalidNotification},
    encoded::EncodedNotification,
    new::NewNotification,
    stored::{Notification, Revision},
    time::rfc3339_millis,
    words::{Action, Format, Level, State, StoredAction},
};
