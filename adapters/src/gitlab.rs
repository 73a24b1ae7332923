//! GitLab's webhooks: pipelines, jobs, pushes, merge requests, issues, notes, releases.

use serde_json::Value;

use crate::{Foreign, Level, Note, Outcome, Refusal, State, look::Look as _, note::one_line};

/// How much of a comment is shown.
const MAX_EXCERPT_CHARS: usize = 300;

pub(crate) fn read(request: &Foreign) -> Result<Outcome, Refusal> {
    let body = request.object()?;
    let kind = body.first_text(&["object_kind", "event_name"]).unwrap_or_default();
    let project = body.first_text(&["project.path_with_namespace", "project_name"]).unwrap_or_default();
    let note = match kind.as_str() {
        "pipeline" => pipeline(&body, &project),
        "build" => job(&body, &project),
        "push" | "tag_push" => push(&body),
        "merge_request" => changed(&body, "Merge request !"),
        "issue" => changed(&body, "Issue #"),
        "note" => comment(&body),
        "release" => release(&body),
        _ => None,
    };
    let Some(note) = note else { return Ok(Outcome::Nothing) };
    let of_event =
        if matches!(kind.as_str(), "pipeline" | "build") { "ci".into() } else { kind.replace('_', "-") };
    let mut tags = vec!["gitlab".to_owned(), of_event];
    tags.extend(note.tags);
    Ok(Note {
        title: Some(project),
        source: body.first_text(&["project.name", "repository.name"]),
        actor: note
            .actor
            .or_else(|| body.first_text(&["user.username", "user_username", "user.name", "user_name"])),
        tags,
        ..note
    }
    .into())
}

/// What the end of a pipeline or a job means; `None` while it has none.
fn of_status(status: &str) -> Option<(Level, State)> {
    Some(match status {
        "success" => (Level::Success, State::Done),
        "failed" => (Level::Error, State::Failed),
        "canceled" | "skipped" => (Level::Info, State::Done),
        // It waits for somebody to press a button.
        "manual" => (Level::Warning, State::Waiting),
        _ => return None,
    })
}

fn pipeline(body: &Value, project: &str) -> Option<Note> {
    let pipeline = body.at("object_attributes");
    let status = pipeline.text("status")?;
    let (level, state) = of_status(status)?;
    let (id, branch) = (pipeline.word("id").unwrap_or_default(), pipeline.text("ref").unwrap_or_default());
    let what = body.first_text(&["commit.title", "commit.message"]);
    let what = what.and_then(|text| text.lines().next().map(|line| format!(" — {line}"))).unwrap_or_default();
    let url = body.text("project.web_url").map(|url| format!("{url}/-/pipelines/{id}"));
    Some(Note {
        message: format!("Pipeline #{id} on {branch}: {status}{what}"),
        level: Some(level),
        state: Some(state),
        tags: vec![branch.to_owned()],
        link: pipeline.text("url").map(str::to_owned).or(url),
        actor: Some("ci".into()),
        key: Some(format!("{project}/pipeline/{branch}")),
        ..Note::default()
    })
}

/// Only those that fail: the others are told by their pipeline.
fn job(body: &Value, project: &str) -> Option<Note> {
    if body.text("build_status") != Some("failed") || body.at("build_allow_failure").as_bool() == Some(true) {
        return None;
    }
    let (name, branch) = (body.text("build_name").unwrap_or("job"), body.text("ref").unwrap_or_default());
    let reason = body.text("build_failure_reason").filter(|reason| *reason != "unknown_failure");
    let reason = reason.map(|reason| format!(" ({})", reason.replace('_', " "))).unwrap_or_default();
    let url = body.first_text(&["project.web_url", "repository.homepage"]);
    Some(Note {
        message: format!("Job {name} on {branch} failed{reason}"),
        level: Some(Level::Error),
        state: Some(State::Failed),
        tags: vec![branch.to_owned()],
        link: url.map(|url| format!("{url}/-/jobs/{}", body.word("build_id").unwrap_or_default())),
        actor: Some("ci".into()),
        key: Some(format!("{project}/{name}/{branch}")),
        ..Note::default()
    })
}

fn push(body: &Value) -> Option<Note> {
    let name = body.text("ref")?.trim_start_matches("refs/heads/").trim_start_matches("refs/tags/");
    let who = body.first_text(&["user_name", "user_username"]).unwrap_or_else(|| "Somebody".into());
    let mut message = match body.at("total_commits_count").as_u64() {
        Some(0) | None => format!("{who} pushed {name}"),
        Some(1) => format!("{who} pushed to {name}"),
        Some(count) => format!("{who} pushed {count} commits to {name}"),
    };
    for commit in body.items("commits").iter().take(5) {
        if let Some(line) =
            commit.first_text(&["title", "message"]).as_deref().and_then(|text| text.lines().next())
        {
            message.push_str("\n• ");
            message.push_str(line);
        }
    }
    Some(Note {
        message,
        level: Some(Level::Info),
        tags: vec![name.to_owned()],
        link: body.text("project.web_url").map(|url| format!("{url}/-/commits/{name}")),
        ..Note::default()
    })
}

fn changed(body: &Value, what: &str) -> Option<Note> {
    let thing = body.at("object_attributes");
    let (verb, level) = match thing.text("action")? {
        "open" => ("opened", Level::Info),
        "reopen" => ("reopened", Level::Info),
        "close" => ("closed", Level::Info),
        "merge" => ("merged", Level::Success),
        "approved" => ("approved", Level::Success),
        _ => return None,
    };
    Some(Note {
        message: format!(
            "{what}{} {verb}: {}",
            thing.word("iid").unwrap_or_default(),
            thing.text("title").unwrap_or_default()
        ),
        level: Some(level),
        link: thing.text("url").map(str::to_owned),
        ..Note::default()
    })
}

fn comment(body: &Value) -> Option<Note> {
    let text = one_line(body.text("object_attributes.note")?, MAX_EXCERPT_CHARS)?;
    let on = body.first_text(&["merge_request.title", "issue.title", "commit.title", "snippet.title"]);
    let on = on.map(|title| format!(" on {title}")).unwrap_or_default();
    Some(Note {
        message: format!(
            "{}{on}: {text}",
            body.first_text(&["user.name", "user.username"]).unwrap_or_default()
        ),
        level: Some(Level::Info),
        link: body.text("object_attributes.url").map(str::to_owned),
        ..Note::default()
    })
}

fn release(body: &Value) -> Option<Note> {
    if body.text("action") != Some("create") {
        return None;
    }
    Some(Note {
        message: format!("Release {} published", body.first_text(&["name", "tag"])?),
        level: Some(Level::Success),
        link: body.text("url").map(str::to_owned),
        ..Note::default()
    })
}
