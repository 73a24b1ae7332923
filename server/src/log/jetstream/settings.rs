//! The stream's settings: what they must be, and how much the log keeps, which stands in its metadata. Pure.

use std::time::Duration;

use serde_json::{Value, json};

use super::failure::OpenError;
use crate::log::Retention;

/// What the stream's messages mean: hubs of other versions may read them.
const FORMAT: &str = "1";

/// The format of a stream that is being filled from another log: no hub takes it for whole.
const FILLING: &str = "filling";

/// Names in the stream's metadata.
const FORMAT_NAME: &str = "notifyhub-format";
const MAX_NOTIFICATIONS: &str = "notifyhub-max-notifications";
const MAX_AGE: &str = "notifyhub-max-age-ms";

/// How much the log keeps.
pub(super) fn retention(config: &Value, stream: &str, asked: &Retention) -> Retention {
    let metadata = |name: &str| config["metadata"][name].as_str();
    let count = metadata(MAX_NOTIFICATIONS).and_then(|text| text.parse().ok());
    let max_age = metadata(MAX_AGE).and_then(|text| text.parse().ok()).map(Duration::from_millis);
    let kept = match count {
        Some(count) if count != asked.max_notifications => Retention::keeping(count),
        _ => *asked,
    };
    let kept = kept.and_max_age(max_age);
    if (kept.max_notifications, kept.max_age) != (asked.max_notifications, asked.max_age) {
        tracing::warn!(
            stream,
            max_notifications = kept.max_notifications,
            max_age = ?kept.max_age,
            "the log keeps another number of notifications than this hub was started with, or for another time; \
             `nats stream edit --metadata` changes it for all hubs that start from then on"
        );
    }
    kept
}

/// The settings of the stream.
pub(super) fn wanted(stream: &str, replicas: u8, retention: &Retention) -> Value {
    let mut metadata = json!({
        FORMAT_NAME: FORMAT,
        MAX_NOTIFICATIONS: retention.max_notifications.to_string(),
    });
    if let Some(max_age) = retention.max_age {
        metadata[MAX_AGE] = max_age.as_millis().to_string().into();
    }
    json!({
        "name": stream,
        "description": "NotifyHub: one feed of notifications. Only hubs write to it.",
        "subjects": [format!("{stream}.>")],
        "retention": "limits",
        "storage": "file",
        "num_replicas": replicas,
        "max_msgs_per_subject": 1,
        "discard": "old",
        "max_msgs": -1,
        "max_bytes": -1,
        "max_age": 0,
        "max_msg_size": -1,
        "max_consumers": -1,
        // Not used: our idempotency keys are messages of their own.
        "duplicate_window": 100_000_000,
        "allow_msg_ttl": true,
        "allow_atomic": true,
        "metadata": metadata,
    })
}

/// The same settings, of a stream that is being filled from another log.
pub(super) fn filling(mut config: Value) -> Value {
    config["metadata"][FORMAT_NAME] = FILLING.into();
    config
}

/// The same settings, once it is filled.
pub(super) fn filled(mut config: Value) -> Value {
    config["metadata"][FORMAT_NAME] = FORMAT.into();
    config
}

pub(super) fn is_being_filled(config: &Value) -> bool {
    config["metadata"][FORMAT_NAME] == FILLING
}

/// Whether a stream has them.
pub(super) fn check(
    config: &Value,
    stream: &str,
    replicas: u8,
    retention: &Retention,
    may_be_filling: bool,
) -> Result<(), OpenError> {
    let wrong = |reason: String| Err(OpenError::Stream { stream: stream.to_owned(), reason });
    match config["metadata"][FORMAT_NAME].as_str() {
        Some(FORMAT) => {}
        Some(FILLING) if may_be_filling => {}
        Some(FILLING) => {
            return wrong(
                "a `notifyhub-server move` into it was not finished; run that again, which begins anew"
                    .into(),
            );
        }
        Some(_) => return wrong("a newer NotifyHub has written it; use that".into()),
        None => {
            return wrong("it was not made by NotifyHub; name another one with ?stream=".into());
        }
    }
    let wanted = wanted(stream, replicas, retention);
    let settings = [
        "subjects",
        "retention",
        "storage",
        "max_msgs_per_subject",
        "discard",
        "max_msgs",
        "max_age",
        "allow_msg_ttl",
        "allow_atomic",
    ];
    for name in settings {
        if config[name] != wanted[name] {
            return wrong(format!("its setting {name} is {}; it must be {}", config[name], wanted[name]));
        }
    }
    for name in ["sealed", "deny_delete", "deny_purge"] {
        if config[name] == true {
            return wrong(format!("its setting {name} is true; it must be false"));
        }
    }
    if config["max_bytes"].as_i64().is_some_and(|bytes| bytes > 0) {
        return wrong(format!(
            "its setting max_bytes is {}: the oldest messages would vanish without a word; it must be -1, \
             and --max-notifications bounds the feed",
            config["max_bytes"]
        ));
    }
    if config["num_replicas"] != replicas {
        tracing::warn!(
            stream,
            replicas = %config["num_replicas"],
            asked = replicas,
            "the stream is kept in another number of copies than asked for; `nats stream edit --replicas` changes it"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use super::*;

    #[test]
    fn a_stream_that_was_made_here_is_as_it_must_be_and_says_how_much_is_kept() {
        let own = Retention::keeping(NonZeroU64::new(7).expect("not zero"))
            .and_max_age(Some(Duration::from_secs(3)));
        let config = wanted("feed", 3, &own);
        assert_eq!(check(&config, "feed", 3, &own, false), Ok(()));
        let half = filling(config.clone());
        assert!(check(&half, "feed", 3, &own, false).is_err() && is_being_filled(&half));
        assert_eq!(check(&half, "feed", 3, &own, true), Ok(()));
        assert_eq!(filled(half), config);
        let other = Retention::keeping(NonZeroU64::new(9).expect("not zero"));
        let kept = retention(&config, "feed", &other);
        assert_eq!((kept.max_notifications, kept.max_age), (own.max_notifications, own.max_age));
        for (name, value) in [
            ("subjects", json!(["feed.*"])),
            ("storage", json!("memory")),
            ("max_msgs_per_subject", json!(2)),
            ("max_age", json!(1_000_000_000)),
            ("max_bytes", json!(1000)),
            ("allow_atomic", json!(false)),
            ("deny_purge", json!(true)),
            ("metadata", json!({})),
            ("metadata", json!({ "notifyhub-format": "2" })),
        ] {
            let mut changed = config.clone();
            changed[name] = value;
            assert!(check(&changed, "feed", 3, &own, false).is_err(), "{name}");
        }
    }
}
