//! A JSON array of notifications as slices of what is stored: putting one together copies pointers only, however many
//! readers want another length of it.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use crate::notification::EncodedNotification;

/// As long as this a slice is a piece of its own.
const WHOLE_BYTES: usize = 2 << 10;

/// As long as this a piece of small slices is complete.
const PIECE_BYTES: usize = 8 << 10;

/// The newest notifications and, behind them, every older one that is open: what all readers of one moment share.
#[derive(Debug, Default)]
pub(super) struct Snapshot {
    pub(super) items: Vec<Arc<EncodedNotification>>,
}

/// Which of a snapshot's items an array has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Selection {
    /// The first so many.
    First(usize),
    /// The first so many, and the open ones behind them.
    FirstAndOpen(usize),
}

impl Selection {
    fn has(self, index: usize, item: &EncodedNotification) -> bool {
        match self {
            Selection::First(count) => index < count,
            Selection::FirstAndOpen(count) => index < count || item.notification.is_open(),
        }
    }
}

/// See the module. It gives the array piece by piece.
#[derive(Clone, Debug)]
pub struct JsonArray {
    snapshot: Arc<Snapshot>,
    selection: Selection,
    len_bytes: usize,
    next: usize,
    part: Part,
}

/// An array in fewer pieces, for connections under hyper: each piece costs those about as much as copying some
/// kilobytes.
pub struct Pieces {
    array: JsonArray,
    /// A slice that was too long for the piece before it.
    held: Option<Bytes>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Start,
    First,
    Further,
    Done,
}

impl JsonArray {
    pub(super) fn new(snapshot: Arc<Snapshot>, selection: Selection) -> Self {
        let selected = snapshot.items.iter().enumerate().filter(|(index, item)| selection.has(*index, item));
        let (count, bytes) =
            selected.fold((0, 0), |(count, bytes), (_, item)| (count + 1, bytes + item.json_len()));
        let commas = usize::saturating_sub(count, 1);
        let len_bytes = bytes + commas + "[]".len();
        JsonArray { snapshot, selection, len_bytes, next: 0, part: Part::Start }
    }

    pub(super) fn of(items: Vec<Arc<EncodedNotification>>) -> Self {
        let all = Selection::First(items.len());
        JsonArray::new(Arc::new(Snapshot { items }), all)
    }

    /// How long the array is, in bytes.
    pub fn len_bytes(&self) -> usize {
        self.len_bytes
    }

    /// The array with small slices put together.
    pub fn pieces(self) -> Pieces {
        Pieces { array: self, held: None }
    }
}

/// A slice of the array, which nobody has a share in yet.
struct Slice<'a> {
    of: &'a Bytes,
    from: usize,
}

impl Slice<'_> {
    fn text(&self) -> &[u8] {
        &self.of[self.from..]
    }

    fn share(&self) -> Bytes {
        self.of.slice(self.from..)
    }
}

impl JsonArray {
    fn next_slice(&mut self) -> Option<Slice<'_>> {
        static START: Bytes = Bytes::from_static(b"[");
        static END: Bytes = Bytes::from_static(b"]");
        match self.part {
            Part::Start => {
                self.part = Part::First;
                return Some(Slice { of: &START, from: 0 });
            }
            Part::Done => return None,
            Part::First | Part::Further => {}
        }
        while let Some(item) = self.snapshot.items.get(self.next) {
            let index = self.next;
            self.next += 1;
            if self.selection.has(index, item) {
                let is_first = std::mem::replace(&mut self.part, Part::Further) == Part::First;
                return Some(Slice { of: item.after_comma(), from: usize::from(is_first) });
            }
        }
        self.part = Part::Done;
        Some(Slice { of: &END, from: 0 })
    }
}

impl Iterator for JsonArray {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        self.next_slice().map(|slice| slice.share())
    }
}

impl Iterator for Pieces {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        if let Some(held) = self.held.take() {
            return Some(held);
        }
        let mut piece = BytesMut::new();
        while piece.len() < PIECE_BYTES {
            let Some(slice) = self.array.next_slice() else { break };
            let text = slice.text();
            if text.len() >= WHOLE_BYTES {
                self.held = Some(slice.share());
                break;
            }
            if piece.is_empty() {
                piece.reserve(PIECE_BYTES + WHOLE_BYTES);
            }
            piece.extend_from_slice(text);
        }
        if piece.is_empty() { self.held.take() } else { Some(piece.freeze()) }
    }
}

#[cfg(test)]
mod tests {
    use chrono::Utc;
    use uuid::Uuid;

    use super::*;
    use crate::notification::{NewNotification, State};

    fn text(array: JsonArray) -> String {
        let announced = array.len_bytes();
        let pieces: Vec<Bytes> = array.collect();
        let text = String::from_utf8(pieces.concat()).expect("UTF-8");
        assert_eq!(text.len(), announced);
        text
    }

    #[test]
    fn an_array_is_as_long_as_it_says_and_holds_what_was_selected() {
        let items: Vec<_> = (0..4)
            .map(|n: u32| {
                let state = (n == 3).then_some(State::Waiting);
                let new = NewNotification { message: n.to_string(), state, ..NewNotification::default() };
                let draft = new.check().expect("valid");
                Arc::new(EncodedNotification::new(draft.notification(Uuid::now_v7(), Utc::now())))
            })
            .collect();
        let snapshot = Arc::new(Snapshot { items });
        let messages = |selection| {
            let text = text(JsonArray::new(Arc::clone(&snapshot), selection));
            let parsed: Vec<serde_json::Value> = serde_json::from_str(&text).expect("JSON");
            parsed.iter().map(|item| item["message"].as_str().expect("text").to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(messages(Selection::First(2)), ["0", "1"]);
        assert_eq!(messages(Selection::FirstAndOpen(2)), ["0", "1", "3"]);
        assert_eq!(messages(Selection::FirstAndOpen(9)), ["0", "1", "2", "3"]);
        assert_eq!(messages(Selection::FirstAndOpen(0)), ["3"]);
        assert!(messages(Selection::First(0)).is_empty());
        assert_eq!(text(JsonArray::of(Vec::new())), "[]");
    }

    #[test]
    fn small_slices_are_put_together_and_large_ones_are_not_copied() {
        let item = |length: usize| {
            let new = NewNotification { message: "x".repeat(length), ..NewNotification::default() };
            let draft = new.check().expect("valid");
            Arc::new(EncodedNotification::new(draft.notification(Uuid::now_v7(), Utc::now())))
        };
        let small = JsonArray::of((0..1000).map(|_| item(50)).collect());
        let pieces: Vec<_> = small.clone().pieces().collect();
        assert!(pieces.len() < 30, "{} pieces", pieces.len());
        assert_eq!(pieces.concat(), text(small).as_bytes());
        let items: Vec<_> = (0..10).map(|n| item(if n % 2 == 0 { 4000 } else { 10 })).collect();
        let mixed = JsonArray::of(items.clone());
        let large: Vec<_> = mixed.clone().pieces().filter(|piece| piece.len() >= WHOLE_BYTES).collect();
        assert_eq!(large.len(), 5);
        assert_eq!(large[4].as_ptr(), items[8].after_comma().as_ptr());
        assert_eq!(mixed.clone().pieces().collect::<Vec<_>>().concat(), text(mixed).as_bytes());
    }
}
