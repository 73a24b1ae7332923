//! One event of any agent, whatever its names for things are.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{
    Agent,
    texts::{base_name, first_line, first_paragraph, tool_call},
};
use crate::{
    Foreign, Level, Note, Outcome, Refusal, State,
    look::Look as _,
    note::tidy_key,
    secrets::{hidden_in_command, hidden_in_text},
};

/// Ten years: no time is out of a clock's range because of an age.
const MAX_AGE_MS: u64 = 10 * 365 * 24 * 3600 * 1000;

/// What happened in a session of an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Whose session.
    pub agent: Agent,
    /// Its name, unless the agent does not say.
    pub session: Option<String>,
    /// Which of the agents that it started speaks, if it is one of them.
    pub subagent: Option<String>,
    /// The project it works on.
    pub project: Option<String>,
    /// The branch that is checked out there, where the sender looked.
    pub branch: Option<String>,
    /// The machine it runs on, where that is not the one people sit at.
    pub host: Option<String>,
    /// When it happened by its sender's clock, in milliseconds since 1970; comparable within a session.
    pub at_ms: Option<u64>,
    /// How long ago it happened when it was sent. Zero unless it was kept until the hub could be reached.
    pub age: Duration,
    /// When it happened, if that is not now. Whoever has a clock fills it in, from the age.
    pub timestamp: Option<DateTime<Utc>>,
    /// The sender's name for it: what comes of the same event once more is the same.
    pub delivery: Option<String>,
    /// What happened.
    pub kind: Kind,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It waits for a person.
    Asks {
        /// For what.
        text: String,
        /// The call that it wants to make, if it is one.
        call: Option<String>,
        /// Whether it only says that it asks, not what.
        is_vague: bool,
    },
    /// A call was made, so that it was allowed.
    Called(String),
    /// Somebody answered.
    Answered,
    /// Somebody said what to do next.
    Prompted,
    /// It said this; that it is done is told by another event.
    Said(String),
    /// It is done.
    Done(Option<String>),
    /// It is done with its turn, and so many things that it started go on.
    Paused(usize),
    /// It gave up.
    Failed {
        /// Why.
        text: String,
        /// Whether that passes by itself: a limit was reached.
        is_limit: bool,
    },
    /// It has nothing to do.
    Idle(String),
    /// Something else worth knowing.
    Told(String),
    /// The session is over.
    Ended,
    /// Nothing that anybody needs to know.
    Other,
}

impl Agent {
    /// Reads an event. The query may say what the agent does not: `?event=`, `?project=`, `?branch=`, `?host=`, and, of
    /// one that comes late, `?at_ms=` and `?age_ms=`.
    pub fn read(self, request: &Foreign) -> Result<Event, Refusal> {
        let body = request.json()?;
        let name = request
            .query("event")
            .or_else(|| body.first_text(&["hook_event_name", "hookEventName", "event", "hookName", "type"]))
            .unwrap_or_default();
        let directory =
            body.first_text(&["cwd", "working_dir", "directory", "workingDirectory"]).or_else(|| {
                ["workspace_roots", "workspaceRoots"]
                    .iter()
                    .find_map(|name| body.items(name).first()?.as_str().map(str::to_owned))
            });
        let number = |name| request.query(name)?.parse().ok();
        let subagent = body.first_text(&["agent_id", "agentId", "parentID"]);
        let kind = Kind::of(&canonical(&name), &body);
        // Agents that were started by this one report to it; only their questions come to a person.
        let kind = match kind {
            Kind::Asks { .. } | Kind::Called(_) | Kind::Answered => kind,
            _ if subagent.is_some() => Kind::Other,
            kind => kind,
        };
        Ok(Event {
            agent: self,
            session: body.first_text(&[
                "session_id",
                "sessionId",
                "sessionID",
                "thread-id",
                "thread_id",
                "conversation_id",
                "taskId",
            ]),
            subagent,
            project: request.query("project").or_else(|| directory.and_then(|path| base_name(&path))),
            branch: request.query("branch"),
            host: request.query("host"),
            at_ms: number("at_ms"),
            age: Duration::from_millis(number("age_ms").unwrap_or_default().min(MAX_AGE_MS)),
            timestamp: None,
            delivery: None,
            kind,
        })
    }
}

/// `PermissionRequest`, `permission.asked`, `permission_request`: in lower case, letters and digits alone.
fn canonical(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

impl Kind {
    fn of(name: &str, body: &Value) -> Self {
        match name {
            "permissionrequest" | "permissionasked" | "permissionupdated" | "permissionv2asked" => {
                asks_permission(body)
            }
            "pretooluse" | "beforetool" => before_tool(body),
            "questionasked" => asks(question(body).unwrap_or_else(|| "it has a question".into())),
            "posttooluse" | "posttoolusefailure" | "aftertool" => {
                call(body).map_or(Kind::Answered, Kind::Called)
            }
            "permissionreplied" | "questionreplied" | "questionrejected" | "elicitationresult" => {
                Kind::Answered
            }
            "userpromptsubmit" | "userpromptsubmitted" | "beforeagent" | "beforesubmitprompt" => {
                Kind::Prompted
            }
            "notification" => notification(body),
            "stop" | "afteragent" | "agentstop" | "agentturncomplete" | "sessionidle" | "taskcomplete" => {
                stop(body)
            }
            "afteragentresponse" => answer(body).map_or(Kind::Other, Kind::Said),
            "stopfailure" | "sessionerror" | "erroroccurred" => failure(body),
            "taskcompleted" => body
                .first_text(&["task_subject", "task_description"])
                .map_or(Kind::Other, |subject| Kind::Told(format!("Task done: {subject}"))),
            "teammateidle" => {
                body.text("teammate_name").map_or(Kind::Other, |name| Kind::Told(format!("{name} is idle")))
            }
            "sessionend" => Kind::Ended,
            _ => Kind::Other,
        }
    }
}

fn asks(text: String) -> Kind {
    Kind::Asks { text, call: None, is_vague: false }
}

/// The call that a tool's event is about.
fn call(body: &Value) -> Option<String> {
    let name = body.first_text(&["tool_name", "toolName", "permission"])?;
    let input = ["tool_input", "toolInput", "toolArgs", "patterns", "metadata"];
    let input = input.iter().map(|name| body.at(name)).find(|input| !input.is_null()).unwrap_or(&Value::Null);
    // Copilot sends it as a text of JSON.
    let inner = input.as_str().and_then(|text| serde_json::from_str(text).ok()).filter(Value::is_object);
    Some(tool_call(&name, inner.as_ref().unwrap_or(input)))
}

fn asks_permission(body: &Value) -> Kind {
    match call(body) {
        Some(call) => Kind::Asks { text: call.clone(), call: Some(call), is_vague: false },
        None => Kind::Asks {
            // Some say the command here.
            text: body
                .first_text(&["title", "message"])
                .map_or_else(|| "a permission".into(), |text| hidden_in_command(&text)),
            call: None,
            is_vague: true,
        },
    }
}

/// The tools by which it talks to a person.
fn before_tool(body: &Value) -> Kind {
    let text = match body.first_text(&["tool_name", "toolName"]).as_deref() {
        Some("AskUserQuestion" | "ask_user") => question(body.at("tool_input")),
        Some("ExitPlanMode" | "exit_plan_mode") => {
            let heading = body.text("tool_input.plan").and_then(first_line);
            Some(heading.map_or_else(|| "Plan ready".into(), |heading| format!("Plan ready: {heading}")))
        }
        _ => return Kind::Other,
    };
    let text = text.unwrap_or_else(|| "it has a question".into());
    Kind::Asks { text, call: call(body), is_vague: false }
}

fn question(body: &Value) -> Option<String> {
    let first = body.items("questions").first()?;
    first.first_text(&["question", "header"]).as_deref().and_then(first_line)
}

fn notification(body: &Value) -> Kind {
    let said = body.first_text(&["message", "title"]).unwrap_or_default();
    let kind = body.first_text(&["notification_type", "notificationType"]).map(|kind| canonical(&kind));
    // Before there were types, there were texts.
    let kind = kind.unwrap_or_else(|| match &said {
        text if text.contains("permission") => "permissionprompt".into(),
        text if text.contains("waiting for your input") => "idleprompt".into(),
        _ => String::new(),
    });
    match kind.as_str() {
        // Gemini says here what it asks for.
        "toolpermission" => {
            let detail = body
                .at("details")
                .first_text(&["command", "filePath", "fileName", "url", "toolName", "title"]);
            let is_vague = detail.is_none();
            let text = detail.map_or(said, |detail| hidden_in_command(&detail));
            Kind::Asks { text, call: None, is_vague }
        }
        "permissionprompt" | "elicitationdialog" | "elicitationurldialog" | "agentneedsinput" => {
            Kind::Asks { text: said, call: None, is_vague: true }
        }
        "agentcompleted" => Kind::Told(said),
        "idleprompt" | "agentidle" => Kind::Idle(said),
        _ => Kind::Other,
    }
}

fn answer(body: &Value) -> Option<String> {
    let names = ["last_assistant_message", "last-assistant-message", "prompt_response", "response", "text"];
    body.first_text(&names).as_deref().and_then(first_paragraph)
}

fn stop(body: &Value) -> Kind {
    match body.text("status") {
        // The user did that.
        Some("aborted" | "cancelled" | "canceled") => return Kind::Answered,
        Some("error" | "failed") => return failure(body),
        _ => {}
    }
    match body.items("background_tasks").len() {
        0 => Kind::Done(answer(body)),
        count => Kind::Paused(count),
    }
}

fn failure(body: &Value) -> Kind {
    let said = body.first_text(&[
        "error.data.message",
        "error.message",
        "error.name",
        "error",
        "error_message",
        "errorMessage",
    ]);
    let word = said.unwrap_or_else(|| "error".into());
    if word == "MessageAbortedError" {
        return Kind::Answered;
    }
    let is_limit = ["rate_limit", "rate limit", "overloaded", "usage limit", "quota"]
        .iter()
        .any(|limit| word.to_lowercase().contains(limit));
    let detail =
        body.first_text(&["error_details", "last_assistant_message"]).as_deref().and_then(first_line);
    let detail =
        detail.filter(|detail| *detail != word).map(|detail| format!(" — {detail}")).unwrap_or_default();
    Kind::Failed { text: format!("Stopped: {}{detail}", word.replace('_', " ")), is_limit }
}

impl Event {
    /// What all notifications of the session go by.
    pub fn key(&self) -> Option<String> {
        let session = self.session.as_ref()?;
        tidy_key(&format!("{}:{session}", self.agent.name()))
    }

    /// What it comes to, seen by itself.
    pub fn outcome(&self) -> Outcome {
        match (&self.kind, self.key()) {
            (
                Kind::Asks { .. }
                | Kind::Done(_)
                | Kind::Paused(_)
                | Kind::Failed { .. }
                | Kind::Idle(_)
                | Kind::Told(_),
                _,
            ) => self.note().map_or(Outcome::Nothing, Outcome::from),
            (Kind::Prompted | Kind::Answered | Kind::Called(_) | Kind::Ended, Some(key)) => {
                Outcome::Withdraw(key)
            }
            _ => Outcome::Nothing,
        }
    }

    /// The notification that tells it, if it is one to be told; it fits.
    pub(super) fn note(&self) -> Option<Note> {
        let (message, state, level, tag) = match &self.kind {
            Kind::Asks { text, is_vague: true, .. } => {
                (text.clone(), Some(State::Waiting), Level::Warning, Some("input.required"))
            }
            Kind::Asks { text, .. } => {
                (format!("Needs you: {text}"), Some(State::Waiting), Level::Warning, Some("input.required"))
            }
            Kind::Done(text) => (
                text.clone().unwrap_or_else(|| "Turn complete".into()),
                Some(State::Done),
                Level::Success,
                Some("task.complete"),
            ),
            Kind::Paused(1) => {
                ("Goes on in the background: 1 task".into(), Some(State::Running), Level::Info, None)
            }
            Kind::Paused(count) => {
                (format!("Goes on in the background: {count} tasks"), Some(State::Running), Level::Info, None)
            }
            Kind::Failed { text, is_limit: true } => {
                (text.clone(), Some(State::Failed), Level::Warning, Some("resource.limit"))
            }
            Kind::Failed { text, .. } => {
                (text.clone(), Some(State::Failed), Level::Error, Some("task.error"))
            }
            Kind::Idle(text) | Kind::Told(text) => (text.clone(), None, Level::Info, None),
            _ => return None,
        };
        let agent = self.agent.name();
        let tags = ["agent", agent].into_iter().chain(tag).chain(self.host.as_deref());
        let tags = tags.map(str::to_owned).collect();
        let message = if message.trim().is_empty() { format!("{agent} needs you") } else { message };
        Note {
            message: hidden_in_text(&message),
            title: match (&self.project, &self.branch) {
                (Some(project), Some(branch)) => Some(format!("{project} · {branch}")),
                (project, _) => project.clone(),
            },
            level: Some(level),
            tags,
            source: self.project.clone(),
            actor: Some(agent.into()),
            key: self.key(),
            state,
            timestamp: self.timestamp,
            delivery: self.delivery.clone(),
            ..Note::default()
        }
        .tidy()
        .ok()
    }
}
