//! Whatever is sent: nothing panics, and what comes out fits into a notification.
#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

use std::time::Duration;

use notifyhub_adapters::{
    Dialect, Foreign, Note, Outcome,
    agents::{Agent, MAX_SESSIONS, Sessions},
    limits::{
        MAX_ACTIONS, MAX_ACTOR_CHARS, MAX_KEY_CHARS, MAX_LABEL_CHARS, MAX_LINK_CHARS, MAX_MESSAGE_CHARS,
        MAX_SOURCE_CHARS, MAX_TAG_CHARS, MAX_TAGS, MAX_TITLE_CHARS, is_action_address, is_web_address,
    },
    secrets::{hidden_in_command, hidden_in_words},
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn dialects() -> impl Iterator<Item = Dialect> {
    let agents = Agent::ALL.into_iter().map(Dialect::Agent);
    Dialect::NAMES.into_iter().map(|(_, dialect)| dialect).chain(agents)
}

fn assert_fits(note: &Note) {
    let within = |text: &str, max: usize| {
        let count = text.chars().count();
        assert!((1..=max).contains(&count), "{count} of {max}: {text}");
    };
    within(&note.message, MAX_MESSAGE_CHARS);
    assert!(!note.message.trim().is_empty());
    if let Some(title) = &note.title {
        within(title, MAX_TITLE_CHARS);
    }
    assert!(note.tags.len() <= MAX_TAGS);
    for tag in &note.tags {
        within(tag, MAX_TAG_CHARS);
    }
    if let Some(link) = &note.link {
        within(link, MAX_LINK_CHARS);
        assert!(is_web_address(link), "{link}");
    }
    let names =
        [(&note.source, MAX_SOURCE_CHARS), (&note.actor, MAX_ACTOR_CHARS), (&note.key, MAX_KEY_CHARS)];
    for (name, max) in names {
        if let Some(name) = name {
            within(name, max);
            assert!(!name.contains(char::is_control), "{name:?}");
        }
    }
    assert!(note.actions.len() <= MAX_ACTIONS);
    for action in &note.actions {
        within(&action.label, MAX_LABEL_CHARS);
        within(&action.url, MAX_LINK_CHARS);
        assert!(is_action_address(&action.url), "{}", action.url);
    }
}

fn assert_sound(outcome: &Outcome) {
    match outcome {
        Outcome::Post(note) => assert_fits(note),
        Outcome::Withdraw(key) | Outcome::Remove(key) => {
            assert!((1..=MAX_KEY_CHARS).contains(&key.chars().count()), "{key}");
        }
        Outcome::Nothing => {}
    }
}

/// The names that the formats look for, so that the values that are made up reach their inside.
const NAMES: [&str; 64] = [
    "message",
    "text",
    "title",
    "body",
    "type",
    "topic",
    "tags",
    "tag",
    "priority",
    "click",
    "actions",
    "label",
    "url",
    "action",
    "attachments",
    "blocks",
    "fields",
    "value",
    "color",
    "pretext",
    "fallback",
    "elements",
    "embeds",
    "content",
    "description",
    "name",
    "alerts",
    "labels",
    "annotations",
    "summary",
    "status",
    "commonLabels",
    "alertname",
    "severity",
    "groupKey",
    "version",
    "orgId",
    "heartbeat",
    "monitor",
    "msg",
    "id",
    "extras",
    "hook_event_name",
    "session_id",
    "cwd",
    "tool_name",
    "tool_input",
    "questions",
    "question",
    "error",
    "repository",
    "full_name",
    "workflow_run",
    "conclusion",
    "head_branch",
    "commits",
    "ref",
    "object_kind",
    "object_attributes",
    "project",
    "data",
    "pwd",
    "link",
    "key",
];

const EVENTS: [&str; 12] = [
    "PermissionRequest",
    "PreToolUse",
    "PostToolUse",
    "Notification",
    "Stop",
    "StopFailure",
    "SessionEnd",
    "UserPromptSubmit",
    "afterAgentResponse",
    "session.idle",
    "agent-turn-complete",
    "question.asked",
];

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "\\PC{0,20}",
        2 => any::<String>(),
        1 => "(é|x|<|>|\\*|_|`|\\||=\\?UTF-8\\?B\\?){0,400}",
        1 => "https?://[a-z.]{1,20}(/[a-z<>| ]{0,20})?",
        1 => (0_usize..3, 4000_usize..6000).prop_map(|(of, count)| ["é", "a b", "\n"][of].repeat(count)),
        1 => prop::sample::select(&EVENTS[..]).prop_map(str::to_owned),
        1 => prop::sample::select(vec!["completed", "failure", "success", "pipeline", "push", "firing", "#ff0000", "waiting"])
            .prop_map(str::to_owned),
    ]
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        6 => texts().prop_map(Value::String),
        1 => any::<i64>().prop_map(|number| json!(number)),
        1 => any::<f64>().prop_map(|number| json!(number)),
        1 => any::<bool>().prop_map(Value::Bool),
        1 => Just(Value::Null),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        let name =
            prop_oneof![8 => prop::sample::select(&NAMES[..]).prop_map(str::to_owned), 1 => any::<String>()];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec((name, inner), 0..8)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn requests() -> impl Strategy<Value = Foreign> {
    let body = prop_oneof![
        4 => values().prop_map(|value| value.to_string().into_bytes()),
        1 => prop::collection::vec(any::<u8>(), 0..600),
        1 => texts().prop_map(String::into_bytes),
    ];
    let header = (
        prop::sample::select(vec![
            "Title",
            "X-Priority",
            "Tags",
            "Click",
            "Actions",
            "Content-Type",
            "X-GitHub-Event",
            "X-Gitlab-Event",
            "Filename",
            "X-Sequence-ID",
            "X-Level",
            "X-Source",
        ]),
        prop_oneof![
            texts(),
            prop::sample::select(vec![
                "application/x-www-form-urlencoded",
                "multipart/form-data; boundary=a",
                "application/json",
                "push",
                "workflow_run",
                "issue_comment",
                "release",
                "5",
            ])
            .prop_map(str::to_owned)
        ],
    );
    let path = prop_oneof![
        prop::sample::select(vec!["/", "/a", "/a/b", "/a/b/clear", "/a/trigger", "//", "/%ff/%"])
            .prop_map(str::to_owned),
        texts(),
    ];
    (
        prop::sample::select(vec!["POST", "PUT", "GET", "DELETE"]),
        path,
        texts(),
        prop::collection::vec(header, 0..5),
        body,
    )
        .prop_map(|(method, path, query, headers, body)| Foreign {
            method: method.into(),
            path,
            query,
            headers: headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            body,
        })
}

/// Where secrets stand in commands.
const SECRET_FORMS: [&str; 18] = [
    "TOKEN=% make",
    "export PGPASSWORD='%'",
    "env DB_PASSWORD=\"%\" psql",
    "deploy --password %",
    "deploy --password='%' --dry-run",
    "deploy --api-key \"%\"",
    "curl -H 'Authorization: Bearer %' host",
    "curl -H \"X-Api-Key: %\"",
    "curl -u me:% host",
    "curl --user 'me:%'",
    "git clone https://me:%@host/x",
    "curl 'https://host/?a=1&access_token=%&b=2'",
    "curl -d '{\"user\":\"me\",\"clientSecret\":\"%\"}'",
    "curl -d \"{\\\"password\\\":\\\"%\\\"}\"",
    "login ghp_%",
    "login sk-%",
    "login xoxb-%",
    "login AKIA%",
];

/// A command, as agents ask whether they may run it.
fn agents_that_ask(command: &str) -> [(Agent, Value); 4] {
    [
        (
            Agent::ClaudeCode,
            json!({ "hook_event_name": "PermissionRequest", "session_id": "a", "tool_name": "Bash", "tool_input": { "command": command } }),
        ),
        (
            Agent::Copilot,
            json!({
                "hookEventName": "permissionRequest", "sessionId": "a", "toolName": "bash",
                "toolArgs": json!({ "command": command }).to_string(),
            }),
        ),
        (
            Agent::Gemini,
            json!({
                "hook_event_name": "Notification", "session_id": "a", "notification_type": "ToolPermission",
                "details": { "command": command },
            }),
        ),
        (
            Agent::OpenCode,
            json!({ "type": "permission.asked", "sessionID": "a", "permission": "bash", "patterns": [command] }),
        ),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_sent_comes_to_something_that_fits(request in requests()) {
        for dialect in dialects().chain([Dialect::recognise(&request)]) {
            if let Ok(outcome) = dialect.map(&request) {
                assert_sound(&outcome);
            }
        }
    }

    #[test]
    fn a_command_never_shows_the_secret_that_is_in_it(
        before in "([a-z]{1,6}[ /;&|]){0,3}",
        after in "( [a-z'\"]{1,6}){0,3}",
        form in prop::sample::select(&SECRET_FORMS[..]),
        secret in "[A-Z][0-9][a-zA-Z0-9._~+/-]{14,60}",
        word in "[A-Z][0-9][a-zA-Z0-9 ;&|,=:!?-]{14,60}[a-z]",
    ) {
        let secret = match form {
            _ if form.contains("'%'") => word,
            // What has no name is known by its characters.
            // In an address a slash is written otherwise.
            _ if form.contains("://me:") => secret.replace('/', "%2F"),
            _ if form.starts_with("login") => secret.replace(['~', '+', '/', '.'], "-"),
            _ => secret,
        };
        let command = format!("{before} {}{after}", form.replace('%', &secret));
        let told = hidden_in_command(&command);
        prop_assert!(!told.contains(&secret[2..]), "{told}");
        prop_assert_eq!(&hidden_in_command(&told), &told, "once more");
        let in_words = hidden_in_words(["sh", "-c", &command].map(str::to_owned)).join(" ");
        prop_assert!(!in_words.contains(&secret[2..]), "{in_words}");

        // Whichever way an agent tells it, whether it is cut or not.
        for (agent, event) in agents_that_ask(&command) {
            let Outcome::Post(note) = Dialect::Agent(agent).map(&Foreign::of_json(event.to_string())).unwrap() else {
                panic!("{event} is a question");
            };
            prop_assert!(!note.message.contains(&secret[2..14]), "{}: {}", agent.name(), note.message);
        }
    }

    #[test]
    fn words_never_show_the_secret_that_is_one(
        form in prop::sample::select(vec!["--password|%", "-H|Authorization: Bearer %", "DB_TOKEN=%", "--secret=%", "-u|me:%"]),
        secret in "[A-Z][0-9][a-zA-Z0-9 ;&|,=:!?'$-]{14,60}",
    ) {
        // Quotes are no part of a header's value.
        let secret = if form.contains("Bearer") { secret.replace('\'', "-") } else { secret };
        let words = form.replace('%', &secret);
        let words = words.splitn(2, |c| c == '|' && form.contains('|')).map(str::to_owned);
        let told = hidden_in_words(words).join(" ");
        prop_assert!(!told.contains(&secret[2..]), "{told}");
    }

    #[test]
    fn whatever_happens_in_sessions_comes_to_something_that_fits(
        events in prop::collection::vec((values(), prop::sample::select(&EVENTS[..]), 0_u64..3, 0_u64..2000), 0..30),
    ) {
        let mut sessions = Sessions::default();
        let mut now = Duration::ZERO;
        let mut asked = 0;
        let mut told = 0;
        for (mut value, name, session, wait) in events {
            now += Duration::from_millis(wait);
            if let Some(fields) = value.as_object_mut() {
                fields.insert("hook_event_name".into(), name.into());
                fields.insert("session_id".into(), session.to_string().into());
            }
            let mut outcomes = sessions.due(now);
            if let Ok(event) = Agent::ClaudeCode.read(&Foreign::of_json(value.to_string())) {
                asked += 1;
                outcomes.extend(sessions.take(event, now));
            }
            told += outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Post(_))).count();
            outcomes.iter().for_each(assert_sound);
            assert!(sessions.next_due().is_none_or(|due| due > now));
        }
        let outcomes = sessions.end();
        told += outcomes.len();
        outcomes.iter().for_each(assert_sound);
        assert_eq!(sessions.next_due(), None);
        assert!(told <= asked, "an event is told once at most");
    }
}

#[test]
fn sessions_are_bounded_and_a_forgotten_question_is_asked() {
    let mut sessions = Sessions::default();
    let ask = |session: usize| {
        let event = json!({
            "hook_event_name": "PermissionRequest", "session_id": session.to_string(),
            "tool_name": "Bash", "tool_input": { "command": "ls" },
        });
        Agent::ClaudeCode.read(&Foreign::of_json(event.to_string())).unwrap()
    };
    for session in 0..MAX_SESSIONS {
        assert_eq!(sessions.take(ask(session), Duration::from_micros(session as u64)), []);
    }
    let now = Duration::from_millis(700);
    let outcomes = sessions.take(ask(MAX_SESSIONS), now);
    let [Outcome::Post(note)] = &outcomes[..] else { panic!("{outcomes:?}") };
    assert_eq!(note.key.as_deref(), Some("claude-code:0"));
    assert_eq!(sessions.due(now + Duration::from_secs(1)).len(), MAX_SESSIONS);
}
