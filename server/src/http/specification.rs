//! What poem-openapi has no word for, added to the specification that it writes: a request that follows the
//! specification is taken, and one that does not is refused.

use serde_json::{Map, Value, json};

/// Bodies whose unknown fields are refused, so that a misspelt one is not passed over.
const CLOSED: [&str; 6] =
    ["NewNotification", "Action", "RevisionBody", "MarkRead", "NewPushSubscription", "PushKeys"];

/// Bodies that have to say something.
const NOT_EMPTY: [&str; 1] = ["RevisionBody"];

/// What texts are, beyond what a schema can say: addresses (RFC 3986) with the schemes that their descriptions name, and what
/// a browser makes (RFC 8291).
const FORMATS: [(&str, &str, &str); 5] = [
    ("NewNotification", "link", "uri"),
    ("Action", "url", "uri"),
    ("NewPushSubscription", "endpoint", "push-endpoint"),
    ("PushKeys", "p256dh", "p256-point"),
    ("PushKeys", "auth", "push-secret"),
];

/// The specification with all that, ending in a line break.
pub(super) fn complete(spec: &str) -> String {
    let mut spec: Value = serde_json::from_str(spec).expect("poem-openapi writes JSON");
    let schemas = spec["components"]["schemas"].as_object_mut().expect("a specification has schemas");
    for name in CLOSED {
        schemas[name]["additionalProperties"] = json!(false);
    }
    for name in NOT_EMPTY {
        schemas[name]["minProperties"] = json!(1);
    }
    for (name, property, format) in FORMATS {
        schemas[name]["properties"][property]["format"] = json!(format);
    }
    for schema in schemas.values_mut() {
        let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
        properties.into_iter().flat_map(Map::values_mut).for_each(hoist_nullable);
        // A field that is left out says the same, and is what one would write.
        if let Some(example) = schema.get_mut("example").and_then(Value::as_object_mut) {
            example.retain(|_, value| !value.is_null());
        }
    }
    serde_json::to_string_pretty(&spec).expect("it was JSON") + "\n"
}

/// `null` is allowed beside an `allOf`; within it, it would have to be allowed by each of its parts.
fn hoist_nullable(property: &mut Value) {
    let parts = property.get_mut("allOf").and_then(Value::as_array_mut).into_iter().flatten();
    let said: Vec<_> = parts.filter_map(|part| part.as_object_mut()?.remove("nullable")).collect();
    if said.contains(&Value::Bool(true)) {
        property["nullable"] = Value::Bool(true);
    }
}
