//! An entry as the frame that subscribers are sent.

use super::resume::Epochs;
use crate::{
    log::{Change, Entry},
    sse::frame::Frame,
};

/// `None`: the entry says nothing to subscribers.
pub(super) fn encode(epochs: &Epochs, entry: &Entry) -> Option<Frame> {
    let id = epochs.event_id(entry.seq);
    match &entry.change {
        Change::Put(notification) => Some(Frame::notification(id, notification)),
        Change::Remove(notification_id) => Some(Frame::deleted(id, *notification_id)),
        Change::Clear => Some(Frame::cleared(id)),
        Change::Read(through) => Some(Frame::read(id, *through)),
        Change::Epoch(_) => None,
    }
}
