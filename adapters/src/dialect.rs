//! The formats, and how a request is recognised that does not say which it is.

use serde_json::Value;

use crate::{
    Foreign, Outcome, Refusal, agents, alertmanager, apprise, discord, earlier_hub, github, gitlab, gotify,
    grafana, kuma, look::Look as _, ntfy, plain, slack,
};

/// A format that other programs send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// A coding agent's events, each by itself. To understand them in their order there is [`agents::Sessions`].
    Agent(agents::Agent),
    /// Prometheus Alertmanager.
    Alertmanager,
    /// Apprise: its API, `json://` and `form://`.
    Apprise,
    /// Discord's webhooks.
    Discord,
    /// The earlier hub's clients.
    EarlierHub,
    /// GitHub, Gitea, Forgejo.
    GitHub,
    /// GitLab.
    GitLab,
    /// Gotify.
    Gotify,
    /// Grafana's alerts.
    Grafana,
    /// Uptime Kuma.
    Kuma,
    /// ntfy.
    Ntfy,
    /// Plain text, forms, JSON of any shape.
    Plain,
    /// Slack's incoming webhooks, Mattermost's, Rocket.Chat's.
    Slack,
}

impl Dialect {
    /// All but the agents, by the names that addresses have: `/hooks/<name>`.
    pub const NAMES: [(&'static str, Dialect); 16] = [
        ("alertmanager", Dialect::Alertmanager),
        ("apprise", Dialect::Apprise),
        ("discord", Dialect::Discord),
        ("earlier-hub", Dialect::EarlierHub),
        ("forgejo", Dialect::GitHub),
        ("gitea", Dialect::GitHub),
        ("github", Dialect::GitHub),
        ("gitlab", Dialect::GitLab),
        ("gotify", Dialect::Gotify),
        ("grafana", Dialect::Grafana),
        ("kuma", Dialect::Kuma),
        ("mattermost", Dialect::Slack),
        ("ntfy", Dialect::Ntfy),
        ("plain", Dialect::Plain),
        ("slack", Dialect::Slack),
        ("uptime-kuma", Dialect::Kuma),
    ];

    /// The format or agent of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        let format = Dialect::NAMES.iter().find(|(known, _)| *known == name).map(|(_, dialect)| *dialect);
        format.or_else(|| agents::Agent::from_name(name).map(Dialect::Agent))
    }

    /// Recognises a request by what only its sender sends.
    pub fn recognise(request: &Foreign) -> Self {
        for (header, dialect) in [
            ("X-Gitea-Event", Dialect::GitHub),
            ("X-Forgejo-Event", Dialect::GitHub),
            ("X-GitHub-Event", Dialect::GitHub),
            ("X-Gitlab-Event", Dialect::GitLab),
        ] {
            if request.header(header).is_some() {
                return dialect;
            }
        }
        match request.object() {
            Ok(body @ Value::Object(_)) => Dialect::recognise_object(&body),
            _ => Dialect::Plain,
        }
    }

    fn recognise_object(body: &Value) -> Self {
        let has = |name: &str| !body.at(name).is_null();
        if body.at("alerts").is_array() {
            // Grafana sends Alertmanager's fields too, and these besides.
            return if has("orgId") || has("title") || has("state") {
                Dialect::Grafana
            } else {
                Dialect::Alertmanager
            };
        }
        if body.get("monitor").is_some() && body.get("heartbeat").is_some() {
            return Dialect::Kuma;
        }
        if has("hook_event_name") || has("hookName") || body.text("type") == Some("agent-turn-complete") {
            return Dialect::Agent(agents::Agent::recognise(body));
        }
        if body.text("object_kind").is_some() {
            return Dialect::GitLab;
        }
        if body.at("embeds").is_array() || (body.text("content").is_some() && !has("message")) {
            return Dialect::Discord;
        }
        if body.at("attachments").is_array() && body.text("version") == Some("1.0") && has("message") {
            return Dialect::Apprise;
        }
        if body.at("attachments").is_array() || body.at("blocks").is_array() {
            return Dialect::Slack;
        }
        if has("topic") {
            return Dialect::Ntfy;
        }
        if body.text("data.message").is_some() {
            return Dialect::EarlierHub;
        }
        if has("extras") && has("message") {
            return Dialect::Gotify;
        }
        Dialect::Plain
    }

    /// What a request in this format comes to. The query may set what the format leaves open, or say it better.
    pub fn map(self, request: &Foreign) -> Result<Outcome, Refusal> {
        let outcome = match self {
            Dialect::Agent(agent) => Ok(agent.read(request)?.outcome()),
            Dialect::Alertmanager => alertmanager::read(request),
            Dialect::Apprise => apprise::read(request),
            Dialect::Discord => discord::read(request),
            Dialect::EarlierHub => earlier_hub::read(request),
            Dialect::GitHub => github::read(request),
            Dialect::GitLab => gitlab::read(request),
            // These two have their own meaning for the query.
            Dialect::Gotify => return gotify::read(request)?.outcome(),
            Dialect::Ntfy => return ntfy::read(request)?.outcome(),
            Dialect::Grafana => grafana::read(request),
            Dialect::Kuma => kuma::read(request),
            Dialect::Plain => plain::read(request),
            Dialect::Slack => slack::read(request),
        }?;
        match outcome {
            Outcome::Post(mut note) => {
                note.set_by_address(request);
                Outcome::Post(note)
            }
            other => other,
        }
        .tidy()
    }
}
