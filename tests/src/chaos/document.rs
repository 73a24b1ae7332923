//! Figures in a document: each tool writes the part between its own marks, and leaves the rest to people.

use std::{fmt::Write as _, fs, io, path::Path};

use notifyhub_bench::machine;

use super::{jetstream::JetStreamFigures, pauses::Pause, run::Figures, soak::SoakFigures};

/// Writes what chaos runs came to into RELIABILITY.md in this directory.
pub fn write_runs(runs: &[Figures], docs: &Path) -> io::Result<()> {
    write_into(&docs.join("RELIABILITY.md"), "chaos", &of_runs(runs, &machine::describe()))
}

/// Writes what runs of several hubs came to into RELIABILITY.md in this directory.
pub fn write_jetstream_runs(runs: &[JetStreamFigures], docs: &Path) -> io::Result<()> {
    write_into(
        &docs.join("RELIABILITY.md"),
        "chaos-jetstream",
        &of_jetstream_runs(runs, &machine::describe()),
    )
}

/// Writes `text` between `<!-- name -->` and `<!-- /name -->`.
pub(crate) fn write_into(document: &Path, name: &str, text: &str) -> io::Result<()> {
    let old = fs::read_to_string(document)?;
    let new = replaced(&old, name, text)
        .ok_or_else(|| io::Error::other(format!("{} has no part <!-- {name} -->", document.display())))?;
    fs::write(document, new)
}

fn replaced(old: &str, name: &str, text: &str) -> Option<String> {
    let (begin, end) = (format!("<!-- {name} -->"), format!("<!-- /{name} -->"));
    let from = old.find(&begin)? + begin.len();
    let to = old[from..].find(&end)? + from;
    Some(format!("{}\n{}\n{}", &old[..from], text.trim_end(), &old[to..]))
}

/// Tables of chaos runs.
fn of_runs(runs: &[Figures], machine: &str) -> String {
    let mut text = format!(
        "Measured {} on {machine}, {} build.\n\n| | {} |\n|---|{}\n",
        chrono::Utc::now().format("%Y-%m-%d"),
        profile(),
        runs.iter().map(|run| format!("seed {}", run.seed)).collect::<Vec<_>>().join(" | "),
        "---:|".repeat(runs.len()),
    );
    let mut row = |name: &str, value: &dyn Fn(&Figures) -> String| {
        let values: Vec<_> = runs.iter().map(value).collect();
        let _ = writeln!(text, "| {name} | {} |", values.join(" | "));
    };
    row("`--max-notifications`", &|run| run.max_notifications.to_string());
    row("acknowledged", &|run| run.acknowledged.to_string());
    row("requests / made again", &|run| format!("{} / {}", run.attempts, run.retries));
    row("stored in the end", &|run| run.stored.to_string());
    row("overtaken / deleted / dropped by retention", &|run| {
        format!("{} / {} / {}", run.overtaken, run.deleted, run.dropped)
    });
    row("**lost / doubled in the store**", &|run| format!("**{} / {}**", run.lost, run.doubled));
    row("SIGKILL / SIGTERM", &|run| format!("{} / {}", run.kills, run.stops));
    row("connections of the proxies", &|run| run.deeds.connections.to_string());
    row("… cut / reset / cut in a request", &|run| {
        format!("{} / {} / {}", run.deeds.cut, run.deeds.reset, run.deeds.cut_requests)
    });
    row("… silent / not read", &|run| format!("{} / {}", run.deeds.muted, run.deeds.deafened));
    row("… delayed / split", &|run| format!("{} / {}", run.deeds.delayed, run.deeds.split));
    row("took", &|run| format!("{:.0} s", run.took.as_secs_f64()));
    text += "\n| subscriber | events | connections | gaps announced | lost / doubled / out of order / other |\n|---|---:|---:|---:|---:|\n";
    for run in runs {
        for (name, counts) in &run.subscribers {
            let _ = writeln!(
                text,
                "| {name}, keeping {} | {} | {} | {} | **{} / {} / {} / {}** |",
                run.max_notifications,
                counts.events,
                counts.connections,
                counts.gaps,
                counts.lost,
                counts.doubled,
                counts.out_of_order,
                counts.other
            );
        }
    }
    text
}

/// A table of runs of several hubs.
fn of_jetstream_runs(runs: &[JetStreamFigures], machine: &str) -> String {
    let mut text = format!(
        "Measured {} on {machine}, {} build.\n\n| | {} |\n|---|{}\n",
        chrono::Utc::now().format("%Y-%m-%d"),
        profile(),
        runs.iter().map(|run| format!("seed {}", run.seed)).collect::<Vec<_>>().join(" | "),
        "---:|".repeat(runs.len()),
    );
    let mut row = |name: &str, value: &dyn Fn(&JetStreamFigures) -> String| {
        let values: Vec<_> = runs.iter().map(value).collect();
        let _ = writeln!(text, "| {name} | {} |", values.join(" | "));
    };
    row("`--max-notifications`", &|run| run.max_notifications.to_string());
    row("`sync_interval`", &|run| run.sync.to_owned());
    row("acknowledged", &|run| run.acknowledged.to_string());
    row("requests / made again", &|run| format!("{} / {}", run.attempts, run.retries));
    row("stored in the end", &|run| run.stored.to_string());
    row("**lost / doubled in the store**", &|run| format!("**{} / {}**", run.lost, run.doubled));
    row("**two hubs that told different things under one id**", &|run| format!("**{}**", run.disagreements));
    row("**hubs whose list differs in the end**", &|run| format!("**{}**", run.unequal));
    row("events read by 12 subscribers", &|run| run.seen.events.to_string());
    row("… lost / doubled / out of order / other", &|run| {
        let seen = run.seen;
        format!("**{} / {} / {} / {}**", seen.lost, seen.doubled, seen.out_of_order, seen.other)
    });
    row("hubs left or lost / resumed / gaps announced", &|run| {
        format!("{} / {} / {}", run.changes, run.resumed, run.seen.gaps)
    });
    let seconds = |duration: std::time::Duration| format!("{:.1} s", duration.as_secs_f64());
    row("longest time without an acknowledgement", &|run| seconds(run.longest_pause(|pause| pause.length)));
    row("… less what of it two brokers were down", &|run| seconds(run.longest_pause(Pause::with_majority)));
    row("**… from the last broker on that was killed or frozen in it**", &|run| {
        format!("**{}**", seconds(run.longest_pause(|pause| pause.after_last_broker)))
    });
    row("faults", &|run| run.faults().to_string());
    let kinds: std::collections::BTreeSet<_> = runs.iter().flat_map(|run| run.faults.keys()).collect();
    for kind in kinds {
        row(&format!("… {kind}"), &|run| run.faults.get(kind).copied().unwrap_or_default().to_string());
    }
    row("took", &|run| format!("{:.0} s", run.took.as_secs_f64()));
    text += "\nPauses of more than 8 s, when they began, and when each fault in them did:\n\n";
    for run in runs {
        for pause in run.pauses.iter().filter(|pause| pause.is_long()) {
            let _ = writeln!(text, "- keeping {}: {pause}", run.max_notifications);
        }
    }
    text
}

/// The build that was measured.
const fn profile() -> &'static str {
    if cfg!(debug_assertions) { "debug" } else { "release" }
}

/// The table of a soak.
pub(crate) fn of_soak(soak: &SoakFigures, machine: &str) -> String {
    format!(
        "Measured {} on {machine}, {} build: {:.0} minutes, seed {}.\n\n{}",
        chrono::Utc::now().format("%Y-%m-%d"),
        profile(),
        soak.took.as_secs_f64() / 60.0,
        soak.seed,
        soak.table()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_marks_is_written_anew() {
        let old = "a\n<!-- x -->\nold\n<!-- /x -->\nb\n";
        assert_eq!(replaced(old, "x", "new\n").as_deref(), Some("a\n<!-- x -->\nnew\n<!-- /x -->\nb\n"));
        assert_eq!(replaced(old, "y", "new"), None);
    }
}
