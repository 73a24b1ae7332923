//! A notification, as far as it is looked at: posted, stored, or seen.

use serde_json::Value;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) id: String,
    pub(crate) message: String,
    pub(crate) is_resolved: bool,
}

/// A notification of the API's JSON.
pub(crate) fn item_of_json(notification: &Value) -> Item {
    let text = |name: &str| notification[name].as_str().unwrap_or_default().to_owned();
    Item { id: text("id"), message: text("message"), is_resolved: notification["resolved_at"].is_string() }
}
