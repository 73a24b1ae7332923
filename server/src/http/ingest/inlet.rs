//! Which request is which protocol's. A path that is the hub's own is never another's.

use notifyhub_adapters::{Dialect, ntfy};
use percent_encoding::percent_decode_str;
use poem::{
    Request,
    http::{HeaderMap, Method, header},
};

/// The first parts of paths that are no topics of ntfy: the hub's own, those of other protocols, and those that ntfy
/// keeps for itself.
const RESERVED: [&str; 34] = [
    "account",
    "admin",
    "api",
    "app",
    "assets",
    "docs",
    "events",
    "favicon",
    "file",
    "gotifyinfo",
    "health",
    "healthz",
    "hooks",
    "icons",
    "login",
    "message",
    "metrics",
    "notify",
    "openapi",
    "page",
    "ping",
    "public",
    "readyz",
    "services",
    "settings",
    "signup",
    "sounds",
    "static",
    "status",
    "v1",
    "v2",
    "version",
    "webhooks",
    "ws",
];

/// The shortest name of a hook that is an id made by Mattermost, rather than a misspelt format.
const MIN_HOOK_ID_CHARS: usize = 20;

/// How a request is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// As ntfy does.
    Ntfy,
    /// As Gotify does.
    Gotify,
    /// As Slack does.
    Slack,
    /// As Discord does.
    Discord,
    /// With 200 and a little JSON, or 204.
    Hook,
    /// As `POST /api/notifications` answers.
    Plain,
    /// With 204 and nothing else.
    Agent,
}

/// A way in for another program's requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) struct Inlet {
    pub(super) protocol: Protocol,
    /// What it sends; `None`: to be recognised.
    pub(super) dialect: Option<Dialect>,
    has_token_in_path: bool,
}

impl Inlet {
    const fn new(protocol: Protocol, dialect: Dialect) -> Self {
        Inlet { protocol, dialect: Some(dialect), has_token_in_path: false }
    }

    const fn with_token_in_path(protocol: Protocol, dialect: Dialect) -> Self {
        Inlet { protocol, dialect: Some(dialect), has_token_in_path: true }
    }

    /// The inlet of a request, if it is for one.
    pub(in crate::http) fn find(request: &Request) -> Option<Self> {
        let path = request.uri().path();
        let parts = path.split('/').filter(|part| !part.is_empty());
        let parts: Option<Vec<_>> = parts.map(|part| percent_decode_str(part).decode_utf8().ok()).collect();
        let parts = parts?;
        let parts: Vec<&str> = parts.iter().map(AsRef::as_ref).collect();
        match *request.method() {
            Method::POST | Method::PUT => Inlet::of_post(&parts, path, request.headers()),
            Method::GET => Inlet::of_get(&parts),
            Method::DELETE => match parts[..] {
                [topic, sequence] => ntfy_topic(topic, &[sequence]),
                _ => None,
            },
            _ => None,
        }
    }

    fn of_post(parts: &[&str], path: &str, headers: &HeaderMap) -> Option<Self> {
        match *parts {
            // Exactly: `//` is nothing.
            [] if path == "/" => Some(Inlet::new(Protocol::Ntfy, Dialect::Ntfy)),
            ["api", "notifications"] if path == "/api/notifications" => Inlet::of_api(headers),
            ["message"] => Some(Inlet::new(Protocol::Gotify, Dialect::Gotify)),
            ["notify"] | ["notify", _] => Some(Inlet::with_token_in_path(Protocol::Hook, Dialect::Apprise)),
            ["services", ..] | ["hooks", "slack" | "mattermost", ..] | ["api", "webhooks", _, _, "slack"] => {
                Some(Inlet::with_token_in_path(Protocol::Slack, Dialect::Slack))
            }
            ["hooks", "discord", ..] | ["api", "webhooks", _, _] => {
                Some(Inlet::with_token_in_path(Protocol::Discord, Dialect::Discord))
            }
            ["hooks"] => Some(Inlet { protocol: Protocol::Hook, dialect: None, has_token_in_path: false }),
            ["hooks", name] => Inlet::of_hook(name),
            [topic, ref rest @ ..] => ntfy_topic(topic, rest),
            [] => None,
        }
    }

    fn of_hook(name: &str) -> Option<Self> {
        match Dialect::from_name(name) {
            Some(dialect @ Dialect::Agent(_)) => Some(Inlet::new(Protocol::Agent, dialect)),
            Some(dialect) => Some(Inlet::new(Protocol::Hook, dialect)),
            None if name.len() >= MIN_HOOK_ID_CHARS && name.bytes().all(|b| b.is_ascii_alphanumeric()) => {
                Some(Inlet::with_token_in_path(Protocol::Slack, Dialect::Slack))
            }
            None => None,
        }
    }

    /// What is not our own JSON.
    fn of_api(headers: &HeaderMap) -> Option<Self> {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let media_type =
            text(header::CONTENT_TYPE).split(';').next().unwrap_or_default().trim().to_lowercase();
        match media_type.as_str() {
            "text/plain" | "text/markdown" | "application/x-www-form-urlencoded" | "multipart/form-data" => {
                Some(Inlet::new(Protocol::Plain, Dialect::Plain))
            }
            // It names itself, and has other names for the fields.
            "application/json" if text(header::USER_AGENT).starts_with("Apprise") => {
                Some(Inlet::new(Protocol::Plain, Dialect::Apprise))
            }
            _ => None,
        }
    }

    fn of_get(parts: &[&str]) -> Option<Self> {
        match *parts {
            ["hooks", "kuma" | "uptime-kuma"] => Some(Inlet::new(Protocol::Hook, Dialect::Kuma)),
            [topic, "publish" | "send" | "trigger"] => ntfy_topic(topic, &[]),
            [topic, sequence, what @ ("clear" | "read" | "delete")] => ntfy_topic(topic, &[sequence, what]),
            _ => None,
        }
    }

    pub(super) fn has_token_in_path(self) -> bool {
        self.has_token_in_path
    }

    /// Whether its sender may sign its requests.
    pub(super) fn may_be_signed(self) -> bool {
        matches!(self.dialect, Some(Dialect::GitHub))
    }
}

/// What the log says of a path: of one in which clients put tokens, no more than how it begins.
pub(in crate::http) fn told_path(inlet: Option<Inlet>, path: &str) -> &str {
    if inlet.is_some_and(|inlet| !inlet.has_token_in_path) {
        return path;
    }
    let mut parts = path
        .split('/')
        .filter(|part| !part.is_empty())
        .map(|part| percent_decode_str(part).decode_utf8_lossy());
    match (parts.next().as_deref(), parts.next().as_deref()) {
        (Some("hooks"), Some(_)) => "/hooks/…",
        (Some("services"), Some(_)) => "/services/…",
        (Some("notify"), Some(_)) => "/notify/…",
        (Some("api"), Some("webhooks")) => "/api/webhooks/…",
        _ => path,
    }
}

/// ntfy takes any first part of a path for a topic.
fn ntfy_topic(topic: &str, rest: &[&str]) -> Option<Inlet> {
    let is_known = match *rest {
        [] | [_] => true,
        [_, what] => matches!(what, "clear" | "read" | "delete"),
        _ => false,
    };
    let are_names = rest.iter().chain([&topic]).all(|part| ntfy::is_name(part));
    (is_known && are_names && !RESERVED.contains(&topic)).then_some(Inlet::new(Protocol::Ntfy, Dialect::Ntfy))
}

#[cfg(test)]
mod tests {
    use notifyhub_adapters::agents::Agent;

    use super::*;

    fn find(method: Method, path: &str, headers: &[(&str, &str)]) -> Option<Inlet> {
        let mut builder = Request::builder().method(method).uri_str(path);
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        Inlet::find(&builder.finish())
    }

    #[test]
    fn a_request_is_one_protocols_or_the_hubs_own() {
        let slack = Some((Protocol::Slack, Some(Dialect::Slack)));
        let ntfy = Some((Protocol::Ntfy, Some(Dialect::Ntfy)));
        for (method, path, expected) in [
            (Method::POST, "/", ntfy),
            (Method::PUT, "/backups", ntfy),
            (Method::POST, "/backups/disk-1?title=x", ntfy),
            (Method::PUT, "/backups/disk-1/clear", ntfy),
            (Method::DELETE, "/backups/disk-1", ntfy),
            (Method::GET, "/backups/trigger", ntfy),
            (Method::GET, "/backups/disk-1/delete", ntfy),
            (Method::GET, "/backups", None),
            (Method::GET, "/backups/json", None),
            (Method::GET, "/", None),
            (Method::DELETE, "/", None),
            (Method::POST, "//", None),
            (Method::POST, "/a/b/c", None),
            (Method::POST, "/has.dot", None),
            (Method::POST, "/%ff", None),
            (Method::POST, "/hooks/slack", slack),
            (Method::POST, "/hooks/slack/0123456789abcdef", slack),
            (Method::POST, "/services/T000/B000/xxxx", slack),
            (Method::POST, "/hooks/3ccdd113474722377935511fc85d3dd4", slack),
            (Method::POST, "/hooks/clade-code", None),
            (Method::POST, "/api/webhooks/1/token", Some((Protocol::Discord, Some(Dialect::Discord)))),
            (Method::POST, "/message?token=x", Some((Protocol::Gotify, Some(Dialect::Gotify)))),
            (Method::POST, "/notify/key", Some((Protocol::Hook, Some(Dialect::Apprise)))),
            (Method::POST, "/hooks", Some((Protocol::Hook, None))),
            (Method::POST, "/hooks/github", Some((Protocol::Hook, Some(Dialect::GitHub)))),
            (
                Method::POST,
                "/hooks/claude-code",
                Some((Protocol::Agent, Some(Dialect::Agent(Agent::ClaudeCode)))),
            ),
            (Method::GET, "/hooks/claude-code", None),
            (Method::POST, "/api/notify", None),
            (Method::POST, "/api/notifications", None),
        ] {
            let found = find(method.clone(), path, &[]).map(|inlet| (inlet.protocol, inlet.dialect));
            assert_eq!(found, expected, "{method} {path}");
        }
    }

    #[test]
    fn the_log_says_no_more_of_a_path_than_it_may() {
        for (method, path, told) in [
            (Method::POST, "/hooks/slack/secret", "/hooks/…"),
            (Method::GET, "/hooks/slack/secret", "/hooks/…"),
            (Method::POST, "/hooks/secret", "/hooks/…"),
            (Method::GET, "//%68ooks/secret", "/hooks/…"),
            (Method::DELETE, "/services/T/B/secret", "/services/…"),
            (Method::PATCH, "/api/webhooks/1/secret", "/api/webhooks/…"),
            (Method::POST, "/notify/secret", "/notify/…"),
            (Method::POST, "/hooks/claude-code", "/hooks/claude-code"),
            (Method::POST, "/backups", "/backups"),
            (Method::GET, "/api/notifications", "/api/notifications"),
        ] {
            let inlet = Inlet::find(&Request::builder().method(method.clone()).uri_str(path).finish());
            assert_eq!(told_path(inlet, path), told, "{method} {path}");
        }
    }

    #[test]
    fn what_is_the_hubs_own_is_no_topic() {
        let spec: serde_json::Value =
            serde_json::from_str(&crate::http::spec()).expect("the specification is JSON");
        let paths = spec["paths"].as_object().expect("paths").keys().map(String::as_str);
        for path in paths.chain(["/docs", "/docs/x", "/openapi.json", "/assets/x", "/icons/x"]) {
            for method in [Method::POST, Method::PUT, Method::DELETE, Method::GET] {
                assert_eq!(find(method.clone(), path, &[]), None, "{method} {path}");
            }
        }
    }

    #[test]
    fn the_api_takes_text_and_forms_besides_its_own_json() {
        let of = |media_type: &str, agent: &str| {
            find(Method::POST, "/api/notifications", &[("Content-Type", media_type), ("User-Agent", agent)])
                .and_then(|inlet| inlet.dialect)
        };
        assert_eq!(of("text/plain; charset=utf-8", "curl"), Some(Dialect::Plain));
        assert_eq!(of("multipart/form-data; boundary=x", "curl"), Some(Dialect::Plain));
        assert_eq!(of("application/json", "Apprise"), Some(Dialect::Apprise));
        assert_eq!(of("application/json", "curl"), None);
        assert_eq!(of("application/xml", "curl"), None);
    }
}
