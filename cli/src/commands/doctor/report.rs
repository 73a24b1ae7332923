//! What was found, told line by line as it is found, or as JSON at the end.

use std::io::{IsTerminal as _, Write as _};

use serde_json::{Value, json};

use crate::terminal::{coloured, one_line, print};

/// How something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Ok,
    Warning,
    Failed,
}

/// What was found of one thing.
pub(super) struct Finding {
    standing: Standing,
    found: String,
    /// What to do about it.
    advice: Option<String>,
}

impl Finding {
    /// It is as it should be.
    pub(super) fn ok(found: impl Into<String>) -> Self {
        Finding { standing: Standing::Ok, found: found.into(), advice: None }
    }

    /// It works, but.
    pub(super) fn warning(found: impl Into<String>, advice: impl Into<String>) -> Self {
        Finding { standing: Standing::Warning, found: found.into(), advice: Some(advice.into()) }
    }

    /// It does not work.
    pub(super) fn failed(found: impl Into<String>, advice: impl Into<String>) -> Self {
        Finding { standing: Standing::Failed, found: found.into(), advice: Some(advice.into()) }
    }

    /// Whether it does not work.
    pub(super) fn is_failed(&self) -> bool {
        self.standing == Standing::Failed
    }

    /// Whether it works, but.
    #[cfg(test)]
    pub(super) fn is_warning(&self) -> bool {
        self.standing == Standing::Warning
    }
}

/// All that was found.
pub(super) struct Report {
    hub: String,
    is_json: bool,
    checks: Vec<(&'static str, Finding)>,
}

impl Report {
    pub(super) fn begin(hub: &str, is_json: bool) -> Self {
        if !is_json {
            print(&format!("{hub}:"));
        }
        Report { hub: hub.to_owned(), is_json, checks: Vec::new() }
    }

    /// Tells it at once: some things take their time.
    pub(super) fn add(&mut self, check: &'static str, finding: Finding) {
        if !self.is_json {
            let is_terminal = std::io::stdout().is_terminal();
            let mark = match finding.standing {
                Standing::Ok => coloured("✓", "32", is_terminal),
                Standing::Warning => coloured("!", "33", is_terminal),
                Standing::Failed => coloured("✗", "31", is_terminal),
            };
            let advice = finding.advice.as_deref().map(|advice| format!("\n    {}", one_line(advice)));
            print(&format!("{mark} {check}: {}{}", one_line(&finding.found), advice.unwrap_or_default()));
        }
        self.checks.push((check, finding));
    }

    /// Tells who sits there why it takes long.
    pub(super) fn say_waiting(&self, what: &str) {
        let mut output = std::io::stderr();
        if !self.is_json && output.is_terminal() {
            let _ = writeln!(output, "… {what}");
        }
    }

    /// Whether nothing is wrong.
    pub(super) fn end(self) -> bool {
        let is_ok = self.checks.iter().all(|(_, finding)| finding.standing != Standing::Failed);
        if self.is_json {
            let checks: Vec<Value> =
                self.checks.iter().map(|(check, finding)| as_json(check, finding)).collect();
            print(&json!({ "hub": self.hub, "ok": is_ok, "checks": checks }).to_string());
        }
        is_ok
    }
}

fn as_json(check: &str, finding: &Finding) -> Value {
    let result = match finding.standing {
        Standing::Ok => "ok",
        Standing::Warning => "warning",
        Standing::Failed => "failed",
    };
    let mut check = json!({ "check": check, "result": result, "found": finding.found });
    if let Some(advice) = &finding.advice {
        check["advice"] = advice.clone().into();
    }
    check
}
