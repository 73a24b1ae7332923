//! A stored notification with its JSON, which is made once.

use bytes::Bytes;

use super::stored::Notification;

/// A notification together with its JSON. The text is made once; the log stores it, the frame wraps it and
/// every list quotes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedNotification {
    /// The value.
    pub notification: Notification,
    /// The value as one line of JSON behind a comma, so that an array is put together from slices of what is
    /// stored. It holds no raw CR or LF, for JSON escapes control characters (RFC 8259, section 7).
    after_comma: Bytes,
}

impl EncodedNotification {
    /// Encodes a notification.
    pub fn new(notification: Notification) -> Self {
        let mut text = Vec::with_capacity(256 + notification.message.len());
        text.push(b',');
        serde_json::to_writer(&mut text, &notification).expect("strings and numbers always encode");
        EncodedNotification { notification, after_comma: text.into() }
    }

    /// Reads back what was stored.
    pub fn from_json(json: &str) -> Result<Self, serde_json::Error> {
        Ok(EncodedNotification {
            notification: serde_json::from_str(json)?,
            after_comma: [",", json].concat().into(),
        })
    }

    /// The notification as one line of JSON.
    pub fn json(&self) -> Bytes {
        self.after_comma.slice(1..)
    }

    /// The same text as a string.
    pub fn json_str(&self) -> &str {
        std::str::from_utf8(&self.after_comma[1..]).expect("JSON is UTF-8")
    }

    /// A comma and the notification's JSON: an item of an array, but for the first.
    pub fn after_comma(&self) -> &Bytes {
        &self.after_comma
    }

    /// How long the JSON is, in bytes.
    pub fn json_len(&self) -> usize {
        self.after_comma.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use chrono::Utc;
    use uuid::Uuid;

    use super::{super::new::NewNotification, *};

    #[test]
    fn json_is_one_line_without_unset_fields_and_reads_back_as_it_was() {
        let text = "a\r\nb\0\"'\u{2028}🎉";
        let new = NewNotification { message: text.into(), ..NewNotification::default() };
        let notification = new.check().expect("valid").notification(Uuid::now_v7(), Utc::now());
        let encoded = EncodedNotification::new(notification);
        let json = encoded.json_str();
        assert!(!json.contains(['\r', '\n', '\0']));
        let fields: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(json).expect("an object");
        assert_eq!(fields.keys().map(String::as_str).collect::<Vec<_>>(), ["id", "message", "timestamp"]);
        let back = EncodedNotification::from_json(encoded.json_str()).expect("reads back");
        assert_eq!(back, encoded);
        assert_eq!(back.notification.message, text);
    }
}
