//! A notification as one line of a terminal: `14:26:45 ✗ shop  Build: 3 tests failed`.

use chrono::{DateTime, Local, TimeZone};
use notifyhub_sdk::{Level, State, types::Notification};

use crate::terminal::{coloured, one_line};

/// The line, with colours or without.
pub(super) fn line(notification: &Notification, is_coloured: bool) -> String {
    line_in(&Local, &Local::now(), notification, is_coloured)
}

fn line_in<Zone: TimeZone>(
    zone: &Zone,
    now: &DateTime<Zone>,
    notification: &Notification,
    is_coloured: bool,
) -> String
where
    Zone::Offset: std::fmt::Display,
{
    let paint = |text: &str, colour: &str| coloured(text, colour, is_coloured);
    let time = notification.timestamp.with_timezone(zone);
    let is_today = time.date_naive() == now.date_naive();
    let time = time.format(if is_today { "%H:%M:%S" } else { "%Y-%m-%d %H:%M:%S" }).to_string();
    let (mark, colour) = mark(notification);
    let mut parts = vec![paint(&time, "2"), paint(mark, colour)];
    parts.extend(notification.source.as_deref().map(|source| paint(&one_line(source), "36")));
    parts.extend(notification.title.as_deref().map(|title| paint(&format!("{}:", one_line(title)), "1")));
    parts.push(one_line(&notification.message));
    if notification.resolved_at.is_some() {
        parts.push(paint("(resolved)", "2"));
    } else if notification.snoozed_until.is_some_and(|until| until > *now) {
        parts.push(paint("(snoozed)", "2"));
    }
    parts.join(" ")
}

/// The state says more than the level.
fn mark(notification: &Notification) -> (&'static str, &'static str) {
    match (notification.state, notification.level) {
        (Some(State::Waiting), _) => ("?", "33"),
        (Some(State::Running), _) => ("▸", "34"),
        (Some(State::Done), _) | (_, Some(Level::Success)) => ("✓", "32"),
        (Some(State::Failed), _) | (_, Some(Level::Error)) => ("✗", "31"),
        (_, Some(Level::Warning)) => ("!", "33"),
        _ => ("·", "34"),
    }
}

#[cfg(test)]
mod tests {
    use chrono::Utc;
    use serde_json::{Value, json};

    use super::*;

    fn line_of(fields: &Value) -> String {
        let mut notification = json!({
            "id": "0198c5a5-5f31-7b02-8d1e-6a0f3c2b1d4e", "message": "Tests passed",
            "timestamp": "2026-08-20T14:26:45.009Z", "tags": [], "actions": [],
        });
        notification
            .as_object_mut()
            .expect("an object")
            .extend(fields.as_object().expect("an object").clone());
        let notification: Notification = serde_json::from_value(notification).expect("a notification");
        let now = Utc.with_ymd_and_hms(2026, 8, 20, 23, 0, 0).single().expect("a time");
        line_in(&Utc, &now, &notification, false)
    }

    #[test]
    fn a_line_says_when_how_it_stands_what_it_is_about_and_what() {
        assert_eq!(line_of(&json!({})), "14:26:45 · Tests passed");
        assert_eq!(
            line_of(&json!({ "source": "shop", "title": "Build", "state": "failed", "level": "info" })),
            "14:26:45 ✗ shop Build: Tests passed"
        );
        assert_eq!(
            line_of(&json!({ "timestamp": "2026-08-19T14:26:45Z", "level": "warning" })),
            "2026-08-19 14:26:45 ! Tests passed"
        );
        assert_eq!(
            line_of(&json!({ "resolved_at": "2026-08-20T15:00:00Z" })),
            "14:26:45 · Tests passed (resolved)"
        );
        assert_eq!(
            line_of(&json!({ "snoozed_until": "2026-08-21T15:00:00Z" })),
            "14:26:45 · Tests passed (snoozed)"
        );
        assert_eq!(line_of(&json!({ "snoozed_until": "2026-08-20T15:00:00Z" })), "14:26:45 · Tests passed");
    }

    #[test]
    fn nothing_in_it_steers_a_terminal() {
        let line = line_of(
            &json!({ "message": "a\r\n\u{1b}[2Jb\tc\u{9b}31m\u{202e}d", "title": "\u{7}t", "source": "\u{1b}]0;x\u{7}" }),
        );
        assert!(!line.chars().any(char::is_control), "{line:?}");
        assert!(line.ends_with("a ⏎ \\u{1b}[2Jb c\\u{9b}31m\\u{202e}d"), "{line:?}");
    }
}
