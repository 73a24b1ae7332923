//! Prometheus Alertmanager's webhook: alerts of one group, firing or resolved.

use serde_json::Value;

use crate::{Foreign, Level, Note, Outcome, Refusal, State, look::Look as _};

/// How many alerts of a group are listed.
const MAX_ALERTS: usize = 10;

pub(crate) fn read(request: &Foreign) -> Result<Outcome, Refusal> {
    let body = request.json()?;
    let alerts = body.items("alerts");
    let name =
        body.first_text(&["commonLabels.alertname", "groupLabels.alertname"]).unwrap_or_else(|| match alerts
            .len()
        {
            1 => "1 alert".into(),
            count => format!("{count} alerts"),
        });
    let status = body.text("status").unwrap_or("firing");
    let (level, state) = of_alerts(&body);
    Ok(Note {
        title: Some(format!("[{}] {name}", status.to_uppercase())),
        message: lines(alerts),
        level: Some(level),
        state: Some(state),
        tags: tags("alertmanager", &body),
        link: alerts
            .iter()
            .find_map(|alert| alert.text("generatorURL"))
            .or_else(|| body.text("externalURL"))
            .map(str::to_owned),
        source: source(&body),
        actor: Some("alertmanager".into()),
        key: body.text("groupKey").map(str::to_owned),
        ..Note::default()
    }
    .into())
}

/// What the group's status and severity mean. What fires waits for a person, until it is resolved.
pub(crate) fn of_alerts(body: &Value) -> (Level, State) {
    if matches!(body.first_text(&["status", "state"]).as_deref(), Some("resolved" | "ok")) {
        return (Level::Success, State::Done);
    }
    let labels = body.items("alerts").iter().map(|alert| alert.at("labels")).chain([body.at("commonLabels")]);
    let mut severities = labels.filter_map(|labels| labels.first_text(&["severity", "priority", "level"]));
    let level = if severities.any(|word| Level::from_word(&word) == Some(Level::Error)) {
        Level::Error
    } else {
        Level::Warning
    };
    (level, State::Waiting)
}

/// One line an alert: what its annotations say, or else its labels.
pub(crate) fn lines(alerts: &[Value]) -> String {
    let mut lines: Vec<String> = Vec::new();
    for alert in alerts.iter().take(MAX_ALERTS) {
        let said =
            alert.first_text(&["annotations.summary", "annotations.description", "annotations.message"]);
        let line = said.unwrap_or_else(|| {
            let labels = alert.at("labels").as_object().into_iter().flatten();
            let labels = labels.filter_map(|(name, value)| Some(format!("{name}={}", value.as_str()?)));
            labels.collect::<Vec<_>>().join(" ")
        });
        let is_mixed = alerts.iter().any(|other| other.text("status") != alert.text("status"));
        let line = if is_mixed && alert.text("status") == Some("resolved") {
            format!("resolved: {line}")
        } else {
            line
        };
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    if alerts.len() > MAX_ALERTS {
        lines.push(format!("… and {} more", alerts.len() - MAX_ALERTS));
    }
    lines.join("\n")
}

pub(crate) fn tags(sender: &str, body: &Value) -> Vec<String> {
    let of_labels = ["alertname", "severity"].iter().filter_map(|name| body.at("commonLabels").text(name));
    [sender].into_iter().chain(of_labels).map(str::to_owned).collect()
}

/// What the alerts are about, as most rules label it.
pub(crate) fn source(body: &Value) -> Option<String> {
    body.at("commonLabels").first_text(&["service", "job", "namespace", "instance", "grafana_folder"])
}
