//! One hook of an agent, and how to tell ours from others.

use super::Agent;

/// What is to be run at an event.
#[derive(Clone, Debug)]
pub(super) struct Hook {
    /// The event's name.
    pub(super) event: &'static str,
    /// What its entry is: an object that holds the command, or one that lists such objects (`hooks`).
    pub(super) entry: Value,
}

/// What formats have in common.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(String),
    Number(u32),
    Flag(bool),
    List(Vec<Value>),
    Object(Vec<(&'static str, Value)>),
}

impl Value {
    pub(super) fn text(text: &str) -> Self {
        Value::Text(text.to_owned())
    }

    /// The command in an entry, and the name of its field.
    pub(super) fn command(&self) -> Option<(&'static str, &str)> {
        let Value::Object(fields) = self else { return None };
        fields.iter().find_map(|(name, value)| match value {
            Value::Text(command) if COMMAND_FIELDS.contains(name) => Some((*name, &**command)),
            Value::List(items) if *name == "hooks" => items.iter().find_map(Value::command),
            _ => None,
        })
    }
}

/// The fields that hold a command.
pub(super) const COMMAND_FIELDS: [&str; 2] = ["command", "bash"];

/// Whether a command is `notifyhub hook AGENT`, with whatever path before it and arguments behind it.
pub(super) fn is_ours(command: &str, agent: Agent) -> bool {
    const PROGRAM: &str = "notifyhub";
    command.match_indices(PROGRAM).any(|(start, _)| {
        let before = command[..start].chars().next_back();
        let after = &command[start + PROGRAM.len()..];
        let after = after.strip_prefix(".exe").unwrap_or(after).trim_start_matches(['"', '\'']);
        let rest = after.strip_prefix(" hook ").and_then(|rest| rest.strip_prefix(agent.name()));
        before.is_none_or(|c| matches!(c, '/' | '\\' | '"' | '\'' | ' '))
            && rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '-'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ours_is_whatever_runs_this_program_for_this_agent() {
        for (command, expected) in [
            ("notifyhub hook codex", true),
            ("/usr/bin/notifyhub hook codex", true),
            ("'/home/a b/notifyhub' hook codex Stop", true),
            (r"C:\bin\notifyhub.exe hook codex", true),
            ("notifyhub hook codex 2>/dev/null || true", true),
            ("notifyhub hook codex-cli", false),
            ("notifyhub hook claude-code", false),
            ("my-notifyhub hook codex", false),
            ("notifyhub-push codex", false),
            ("echo notifyhub", false),
        ] {
            assert_eq!(is_ours(command, Agent::Codex), expected, "{command}");
        }
    }
}
