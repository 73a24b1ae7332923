//! Grafana's alerting webhook: Alertmanager's shape with title and message made ready, and the older one of dashboards.

use crate::{
    Foreign, Note, Outcome, Refusal,
    alertmanager::{lines, of_alerts, source, tags},
    look::Look as _,
};

pub(crate) fn read(request: &Foreign) -> Result<Outcome, Refusal> {
    let body = request.json()?;
    let alerts = body.items("alerts");
    let (level, state) = of_alerts(&body);
    // Its own message repeats every label; what the annotations say is what matters.
    let said = alerts.iter().any(|alert| {
        alert.first_text(&["annotations.summary", "annotations.description", "annotations.message"]).is_some()
    });
    let message =
        if said { lines(alerts) } else { body.text("message").map_or_else(|| lines(alerts), str::to_owned) };
    let link = ["panelURL", "dashboardURL", "generatorURL"]
        .iter()
        .find_map(|name| alerts.iter().find_map(|alert| alert.text(name)))
        .map(str::to_owned)
        .or_else(|| body.first_text(&["externalURL", "ruleUrl"]));
    Ok(Note {
        title: body.first_text(&["title", "ruleName"]),
        message,
        level: Some(level),
        state: Some(state),
        tags: tags("grafana", &body),
        link,
        source: source(&body),
        actor: Some("grafana".into()),
        key: body
            .text("groupKey")
            .map(str::to_owned)
            .or_else(|| body.word("ruleId").map(|rule| format!("grafana:{rule}"))),
        ..Note::default()
    }
    .into())
}
