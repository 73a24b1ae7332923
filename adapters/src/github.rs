//! Webhooks of GitHub, and of Gitea and Forgejo, which send the same shapes: builds, pushes, pull requests, issues, releases.

use serde_json::Value;

use crate::{
    Foreign, Level, Note, Outcome, Refusal, State,
    look::Look as _,
    note::{cut, one_line},
};

/// How much of a comment is shown.
const MAX_EXCERPT_CHARS: usize = 300;
/// How many commits of a push are listed.
const MAX_COMMITS: usize = 5;

pub(crate) fn read(request: &Foreign) -> Result<Outcome, Refusal> {
    let events = ["X-Gitea-Event", "X-Forgejo-Event", "X-GitHub-Event"];
    let Some(event) = events.iter().find_map(|name| request.header(name)) else {
        return Err(Refusal::Unreadable("the header X-GitHub-Event is missing".into()));
    };
    let body = request.object()?;
    let repository = body.text("repository.full_name").unwrap_or_default();
    let action = body.text("action").unwrap_or_default();
    let note = match event {
        "workflow_run" if action == "completed" => workflow_run(&body, repository),
        "check_suite" if action == "completed" => check_suite(&body, repository),
        "push" => push(&body),
        "pull_request" => pull_request(&body, action),
        "issues" => issue(&body, action),
        "issue_comment" | "pull_request_comment" if action == "created" => comment(&body),
        "pull_request_review" if action == "submitted" => review(&body),
        "release" if matches!(action, "published" | "released") => release(&body, action),
        "deployment_status" => deployment(&body),
        _ => None,
    };
    let Some(note) = note else { return Ok(Outcome::Nothing) };
    let of_event = if matches!(event, "workflow_run" | "check_suite") { "ci" } else { event };
    let mut tags = vec!["github".to_owned(), of_event.replace('_', "-")];
    if request.header("X-Gitea-Event").or(request.header("X-Forgejo-Event")).is_some() {
        "gitea".clone_into(&mut tags[0]);
    }
    tags.extend(note.tags);
    Ok(Note {
        title: note.title.or_else(|| Some(repository.to_owned())),
        source: body.text("repository.name").map(str::to_owned),
        actor: note.actor.or_else(|| body.text("sender.login").map(str::to_owned)),
        tags,
        ..note
    }
    .into())
}

/// What a build's end means.
fn of_conclusion(conclusion: &str) -> (Level, Option<State>) {
    match conclusion {
        "success" => (Level::Success, Some(State::Done)),
        "failure" | "timed_out" | "startup_failure" | "error" => (Level::Error, Some(State::Failed)),
        "action_required" => (Level::Warning, Some(State::Waiting)),
        _ => (Level::Info, Some(State::Done)),
    }
}

fn workflow_run(body: &Value, repository: &str) -> Option<Note> {
    let run = body.at("workflow_run");
    let conclusion = run.text("conclusion")?;
    let name = run.first_text(&["name", "display_name"]).or_else(|| body.first_text(&["workflow.name"]))?;
    let branch = run.text("head_branch").unwrap_or_default();
    let number = run.word("run_number").map(|number| format!(" #{number}")).unwrap_or_default();
    let what = run.first_text(&["display_title", "head_commit.message"]);
    let what = what.and_then(|what| what.lines().next().map(|line| format!(" — {line}"))).unwrap_or_default();
    let (level, state) = of_conclusion(conclusion);
    Some(Note {
        message: format!("{name}{number} on {branch}: {}{what}", conclusion.replace('_', " ")),
        level: Some(level),
        state,
        tags: vec![branch.to_owned()],
        link: run.text("html_url").map(str::to_owned),
        actor: Some("ci".into()),
        key: Some(format!("{repository}/{name}/{branch}")),
        ..Note::default()
    })
}

fn check_suite(body: &Value, repository: &str) -> Option<Note> {
    let suite = body.at("check_suite");
    // Its own builds come as `workflow_run`.
    if suite.text("app.slug") == Some("github-actions") {
        return None;
    }
    let conclusion = suite.text("conclusion")?;
    let name = suite.text("app.name").unwrap_or("Checks");
    let branch = suite.text("head_branch").unwrap_or_default();
    let what = suite.text("head_commit.message").and_then(|text| text.lines().next());
    let what = what.map(|line| format!(" — {line}")).unwrap_or_default();
    let (level, state) = of_conclusion(conclusion);
    Some(Note {
        message: format!("{name} on {branch}: {}{what}", conclusion.replace('_', " ")),
        level: Some(level),
        state,
        tags: vec![branch.to_owned()],
        link: body
            .text("repository.html_url")
            .zip(suite.text("head_sha"))
            .map(|(url, sha)| format!("{url}/commit/{sha}/checks")),
        actor: Some("ci".into()),
        key: Some(format!("{repository}/{name}/{branch}")),
        ..Note::default()
    })
}

fn push(body: &Value) -> Option<Note> {
    let reference = body.text("ref")?;
    let (kind, name) = match reference.strip_prefix("refs/tags/") {
        Some(tag) => ("tag", tag),
        None => ("branch", reference.strip_prefix("refs/heads/").unwrap_or(reference)),
    };
    let who = body
        .first_text(&["pusher.name", "pusher.login", "sender.login"])
        .unwrap_or_else(|| "Somebody".into());
    if body.at("deleted").as_bool() == Some(true) {
        let message = format!("{who} deleted the {kind} {name}");
        return Some(Note { message, level: Some(Level::Info), ..Note::default() });
    }
    let commits = body.items("commits");
    let mut message = match commits.len() {
        0 => format!("{who} pushed the {kind} {name}"),
        1 => format!("{who} pushed to {name}"),
        count => format!("{who} pushed {count} commits to {name}"),
    };
    for commit in commits.iter().take(MAX_COMMITS) {
        if let Some(line) = commit.text("message").and_then(|text| text.lines().next()) {
            message.push_str("\n• ");
            message.push_str(line);
        }
    }
    if commits.len() > MAX_COMMITS {
        message.push_str("\n…");
    }
    Some(Note {
        message,
        level: Some(Level::Info),
        tags: vec![name.to_owned()],
        link: body.first_text(&["compare", "compare_url", "head_commit.url"]),
        ..Note::default()
    })
}

fn pull_request(body: &Value, action: &str) -> Option<Note> {
    let request = body.at("pull_request");
    let is_merged = request.at("merged").as_bool() == Some(true);
    let verb = match action {
        "opened" | "reopened" => action,
        "closed" if is_merged => "merged",
        "closed" => "closed",
        "ready_for_review" => "ready for review",
        "review_requested" => "review requested",
        _ => return None,
    };
    Some(Note {
        message: format!(
            "Pull request #{} {verb}: {}",
            request.word("number").unwrap_or_default(),
            request.text("title").unwrap_or_default()
        ),
        level: Some(if is_merged { Level::Success } else { Level::Info }),
        link: request.text("html_url").map(str::to_owned),
        ..Note::default()
    })
}

fn issue(body: &Value, action: &str) -> Option<Note> {
    if !matches!(action, "opened" | "reopened" | "closed" | "assigned") {
        return None;
    }
    let issue = body.at("issue");
    Some(Note {
        message: format!(
            "Issue #{} {action}: {}",
            issue.word("number").unwrap_or_default(),
            issue.text("title").unwrap_or_default()
        ),
        level: Some(Level::Info),
        link: issue.text("html_url").map(str::to_owned),
        ..Note::default()
    })
}

fn comment(body: &Value) -> Option<Note> {
    let issue = if body.at("issue").is_object() { body.at("issue") } else { body.at("pull_request") };
    let text = one_line(body.text("comment.body")?, MAX_EXCERPT_CHARS)?;
    Some(Note {
        message: format!(
            "{} on #{} {}: {text}",
            body.text("comment.user.login").unwrap_or("Comment"),
            issue.word("number").unwrap_or_default(),
            issue.text("title").unwrap_or_default()
        ),
        level: Some(Level::Info),
        link: body.text("comment.html_url").map(str::to_owned),
        ..Note::default()
    })
}

fn review(body: &Value) -> Option<Note> {
    let (verb, level) = match body.text("review.state")?.to_lowercase().as_str() {
        "approved" => ("approved", Level::Success),
        "changes_requested" => ("asks for changes to", Level::Warning),
        _ => ("reviewed", Level::Info),
    };
    let text = body.text("review.body").map(|text| format!(": {}", cut(text, MAX_EXCERPT_CHARS)));
    Some(Note {
        message: format!(
            "{} {verb} #{} {}{}",
            body.text("review.user.login").unwrap_or("Somebody"),
            body.word("pull_request.number").unwrap_or_default(),
            body.text("pull_request.title").unwrap_or_default(),
            text.unwrap_or_default()
        ),
        level: Some(level),
        link: body.text("review.html_url").map(str::to_owned),
        ..Note::default()
    })
}

fn release(body: &Value, action: &str) -> Option<Note> {
    // One that is published is said to be released too.
    if action == "released" {
        return None;
    }
    let name = body.first_text(&["release.name", "release.tag_name"])?;
    Some(Note {
        message: format!("Release {name} published"),
        level: Some(Level::Success),
        link: body.text("release.html_url").map(str::to_owned),
        ..Note::default()
    })
}

fn deployment(body: &Value) -> Option<Note> {
    let status = body.at("deployment_status");
    let state = status.text("state")?;
    let (level, stands) = match state {
        "success" => (Level::Success, State::Done),
        "failure" | "error" => (Level::Error, State::Failed),
        "in_progress" | "queued" | "pending" => (Level::Info, State::Running),
        _ => return None,
    };
    let environment = status
        .first_text(&["environment"])
        .or_else(|| body.first_text(&["deployment.environment"]))
        .unwrap_or_default();
    let said = status.text("description").map(|text| format!(" — {text}")).unwrap_or_default();
    Some(Note {
        message: format!("Deployment to {environment}: {}{said}", state.replace('_', " ")),
        level: Some(level),
        state: Some(stands),
        link: status.first_text(&["log_url", "environment_url", "target_url"]),
        key: Some(format!(
            "{}/deployment/{environment}",
            body.text("repository.full_name").unwrap_or_default()
        )),
        ..Note::default()
    })
}
