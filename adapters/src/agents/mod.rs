//! Coding agents. Their hooks tell what happens in a session, event by event; what a person should hear of it follows
//! from several: an agent that asks and is answered at once has not waited for anybody.
//!
//! # Layout
//! - `event`: one event of any agent, whatever its names for things are.
//! - `texts`: what of a long answer or of a tool's input is worth a line.
//! - `sessions`: events in their order, with the times passed in.

mod event;
mod sessions;
mod texts;

pub use self::{
    event::{Event, Kind},
    sessions::{HOLD, MAX_SESSIONS, Sessions},
};

use serde_json::Value;

use crate::look::Look as _;

/// A coding agent that reports its events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Agent {
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
    /// AWS' Kiro.
    Kiro,
    /// OpenCode, by the plugin in docs/INTEGRATIONS.md.
    OpenCode,
    /// Alibaba's Qwen Code.
    Qwen,
}

impl Agent {
    /// All of them.
    pub const ALL: [Agent; 9] = [
        Agent::ClaudeCode,
        Agent::Codex,
        Agent::Copilot,
        Agent::Cursor,
        Agent::Gemini,
        Agent::Goose,
        Agent::Kiro,
        Agent::OpenCode,
        Agent::Qwen,
    ];

    /// As it stands in addresses, keys and tags.
    pub const fn name(self) -> &'static str {
        match self {
            Agent::ClaudeCode => "claude-code",
            Agent::Codex => "codex",
            Agent::Copilot => "copilot",
            Agent::Cursor => "cursor",
            Agent::Gemini => "gemini",
            Agent::Goose => "goose",
            Agent::Kiro => "kiro",
            Agent::OpenCode => "opencode",
            Agent::Qwen => "qwen",
        }
    }

    /// The agent of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Agent::ALL.into_iter().find(|agent| agent.name() == name)
    }

    /// Whose event this is, as far as it shows. Several agents send Claude Code's shapes.
    pub(crate) fn recognise(body: &Value) -> Self {
        if body.text("type") == Some("agent-turn-complete") || !body.at("turn_id").is_null() {
            Agent::Codex
        } else if !body.at("cursor_version").is_null() {
            Agent::Cursor
        } else if matches!(body.text("hook_event_name"), Some("AfterAgent" | "BeforeAgent")) {
            Agent::Gemini
        } else {
            Agent::ClaudeCode
        }
    }
}
