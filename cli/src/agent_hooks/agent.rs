//! The agents: where they keep their hooks, and which events a person should hear of.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use clap::ValueEnum;

use super::{Contents, HookFile, MARK, hook::Hook, hook::Value};

/// A coding agent whose hooks can be installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Agent {
    /// Anthropic's Claude Code.
    ClaudeCode,
    /// OpenAI's Codex.
    Codex,
    /// GitHub's Copilot CLI.
    Copilot,
    /// Cursor.
    Cursor,
    /// Google's Gemini CLI.
    Gemini,
    /// Block's Goose.
    Goose,
    /// OpenCode.
    #[value(name = "opencode")]
    OpenCode,
}

/// Whose hooks.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// Of all sessions of the user with this home directory.
    User(PathBuf),
    /// Of the sessions in this project.
    Project(PathBuf),
}

impl Agent {
    /// As it stands on the command line.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Agent::ClaudeCode => "claude-code",
            Agent::Codex => "codex",
            Agent::Copilot => "copilot",
            Agent::Cursor => "cursor",
            Agent::Gemini => "gemini",
            Agent::Goose => "goose",
            Agent::OpenCode => "opencode",
        }
    }

    /// The files to write, so that the agent runs this program. `variable` is the environment.
    pub(crate) fn files(
        self,
        place: &Place,
        program: &Path,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Vec<HookFile> {
        let command = |event: Option<&str>| command_line(self, place, program, event);
        // A folder of the agent's own: in the project, or where its variable says, or in the home directory.
        let folder = |name: &str, variable_name: &str| match place {
            Place::Project(project) => project.join(name),
            Place::User(home) => match variable(variable_name).filter(|path| !path.is_empty()) {
                Some(path) if !variable_name.is_empty() => PathBuf::from(path),
                _ => home.join(name),
            },
        };
        let json = |path: PathBuf, hooks: Vec<Hook>, version: Option<u32>| HookFile {
            path,
            contents: Contents::Json { agent: self, hooks, version },
            own_folders: 0,
        };
        match self {
            Agent::ClaudeCode => {
                vec![json(
                    folder(".claude", "CLAUDE_CONFIG_DIR").join("settings.json"),
                    claude_code(&command(None)),
                    None,
                )]
            }
            Agent::Codex => codex(&folder(".codex", "CODEX_HOME"), &command(None)),
            Agent::Copilot => {
                let directory = match place {
                    Place::Project(project) => project.join(".github/hooks"),
                    Place::User(_) => folder(".copilot", "COPILOT_HOME").join("hooks"),
                };
                vec![json(directory.join("notifyhub.json"), copilot(command), Some(1))]
            }
            Agent::Cursor => {
                vec![json(folder(".cursor", "").join("hooks.json"), cursor(&command(None)), Some(1))]
            }
            Agent::Gemini => {
                vec![json(folder(".gemini", "").join("settings.json"), gemini(&command(None)), None)]
            }
            Agent::Goose => goose(&folder(".agents", "").join("plugins/notifyhub"), &command(None)),
            Agent::OpenCode => {
                let directory = match place {
                    Place::Project(project) => project.join(".opencode"),
                    Place::User(home) => match variable("XDG_CONFIG_HOME").filter(|path| !path.is_empty()) {
                        Some(path) => PathBuf::from(path).join("opencode"),
                        None => home.join(".config/opencode"),
                    },
                };
                let path = directory.join("plugins/notifyhub.js");
                vec![HookFile { path, contents: Contents::Whole(opencode(&command(None))), own_folders: 0 }]
            }
        }
    }

    /// What the user has to do so that the hooks are used.
    pub(crate) const fn next_step(self) -> &'static str {
        match self {
            Agent::ClaudeCode => "Sessions that start from now on report; /hooks in Claude Code lists it.",
            Agent::Codex => "Codex runs no hook that was not trusted: start it, and trust these in /hooks.",
            Agent::Cursor => "Cursor takes it up by itself; its settings list it under Hooks.",
            Agent::Gemini => "Sessions that start from now on report; /hooks panel in Gemini CLI lists it.",
            Agent::Copilot | Agent::Goose => "Sessions that start from now on report.",
            Agent::OpenCode => "Start OpenCode again: it loads plugins when it starts.",
        }
    }
}

/// The command line to write. In a user's file with the program's path, for agents that a desktop starts have another
/// PATH than a shell. In a project's without: other people have it elsewhere, or not at all, which is then no error.
fn command_line(agent: Agent, place: &Place, program: &Path, event: Option<&str>) -> String {
    let event = event.map(|event| format!(" {event}")).unwrap_or_default();
    match place {
        Place::User(_) => format!("{} hook {}{event}", quoted(&program.to_string_lossy()), agent.name()),
        Place::Project(_) => format!("notifyhub hook {}{event} 2>/dev/null || true", agent.name()),
    }
}

/// As one word of a shell.
fn quoted(path: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@:".contains(c);
    if path.chars().all(is_plain) { path.to_owned() } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

/// An entry that lists one command, as Claude Code has it and others after it.
fn listing(matcher: Option<&str>, handler: Vec<(&'static str, Value)>) -> Value {
    let handlers = ("hooks", Value::List(vec![Value::Object(handler)]));
    let matcher = matcher.map(|matcher| ("matcher", Value::text(matcher)));
    Value::Object(matcher.into_iter().chain([handlers]).collect())
}

/// What waits for a hook does so for as long as it takes: what need not wait does not. Of the end of a session and of
/// what `claude -p` says last nothing would be left if nobody waited.
fn claude_code(command: &str) -> Vec<Hook> {
    [
        ("Notification", None, true),
        ("PermissionRequest", None, true),
        ("PreToolUse", Some("AskUserQuestion|ExitPlanMode"), true),
        ("PostToolUse", None, true),
        ("Stop", None, false),
        ("StopFailure", None, false),
        ("UserPromptSubmit", None, true),
        ("SessionEnd", None, false),
    ]
    .into_iter()
    .map(|(event, matcher, is_async)| {
        let mut handler = vec![("type", Value::text("command")), ("command", Value::text(command))];
        handler.extend(is_async.then_some(("async", Value::Flag(true))));
        handler.push(("timeout", Value::Number(10)));
        Hook { event, entry: listing(matcher, handler) }
    })
    .collect()
}

/// A folder must not have hooks in two files: where there is a `hooks.json`, they stand in that, and no longer in the
/// other.
fn codex(folder: &Path, command: &str) -> Vec<HookFile> {
    let hooks = ["Stop", "PermissionRequest", "PostToolUse", "UserPromptSubmit", "SessionEnd"]
        .into_iter()
        .map(|event| {
            let handler = vec![
                ("type", Value::text("command")),
                ("command", Value::text(command)),
                ("timeout", Value::Number(10)),
            ];
            Hook { event, entry: listing(None, handler) }
        })
        .collect();
    let (json, toml) = (folder.join("hooks.json"), folder.join("config.toml"));
    let in_toml = |hooks| HookFile {
        path: toml.clone(),
        contents: Contents::Toml { agent: Agent::Codex, hooks },
        own_folders: 0,
    };
    if !json.exists() {
        return vec![in_toml(hooks)];
    }
    let contents = Contents::Json { agent: Agent::Codex, hooks, version: None };
    let mut files = vec![HookFile { path: json, contents, own_folders: 0 }];
    files.extend(toml.exists().then(|| in_toml(Vec::new())));
    files
}

/// The timeout is in milliseconds.
fn gemini(command: &str) -> Vec<Hook> {
    ["AfterAgent", "Notification", "BeforeAgent", "AfterTool", "SessionEnd"]
        .into_iter()
        .map(|event| {
            let handler = vec![
                ("name", Value::text("notifyhub")),
                ("type", Value::text("command")),
                ("command", Value::text(command)),
                ("timeout", Value::Number(5000)),
            ];
            Hook { event, entry: listing(None, handler) }
        })
        .collect()
}

fn cursor(command: &str) -> Vec<Hook> {
    ["stop", "afterAgentResponse", "beforeSubmitPrompt"]
        .into_iter()
        .map(|event| Hook { event, entry: Value::Object(vec![("command", Value::text(command))]) })
        .collect()
}

/// Its events do not say their name, so that the command does. None of those by which a hook can forbid something: where
/// the program is missing, that would be what it says.
fn copilot(command: impl Fn(Option<&str>) -> String) -> Vec<Hook> {
    ["agentStop", "errorOccurred", "notification", "postToolUse", "userPromptSubmitted", "sessionEnd"]
        .into_iter()
        .map(|event| {
            let handler = vec![
                ("type", Value::text("command")),
                ("bash", Value::Text(command(Some(event)))),
                ("timeoutSec", Value::Number(10)),
            ];
            Hook { event, entry: Value::Object(handler) }
        })
        .collect()
}

/// Without a matcher: `*` is none there, and the hook would silently not run.
fn goose(folder: &Path, command: &str) -> Vec<HookFile> {
    let hooks = ["Stop", "UserPromptSubmit", "SessionEnd"]
        .into_iter()
        .map(|event| {
            let handler = vec![
                ("type", Value::text("command")),
                ("command", Value::text(command)),
                ("timeout", Value::Number(10)),
            ];
            Hook { event, entry: listing(None, handler) }
        })
        .collect();
    let manifest = format!(
        "{{\n  \"name\": \"notifyhub\",\n  \"version\": \"{}\",\n  \"description\": \"Reports to NotifyHub; {MARK}\"\n}}\n",
        env!("CARGO_PKG_VERSION")
    );
    vec![
        HookFile { path: folder.join("plugin.json"), contents: Contents::Whole(manifest), own_folders: 1 },
        HookFile {
            path: folder.join("hooks/hooks.json"),
            contents: Contents::Json { agent: Agent::Goose, hooks, version: None },
            own_folders: 2,
        },
    ]
}

/// A plugin: OpenCode has no hooks that are commands. It runs the command itself, so that address, token and spool are
/// those of the command line. One after the other: what comes first is told first.
fn opencode(command: &str) -> String {
    let command = command.replace('\\', r"\\").replace('`', r"\`").replace("${", r"\${");
    OPENCODE.replace("COMMAND", &command).replace("MARK", MARK)
}

const OPENCODE: &str = include_str!("opencode.js");
