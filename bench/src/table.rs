//! Tables of the reports, and figures as they stand in them.

use std::fmt::Write as _;

use crate::scenario::ms;

/// A section that is a table.
pub(crate) fn table(
    heading: &str,
    text: &str,
    columns: &[&str],
    rows: impl Iterator<Item = Vec<String>>,
) -> String {
    format!("\n## {heading}\n\n{text}\n\n{}", grid(columns, rows))
}

/// The table alone.
pub(crate) fn grid(columns: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut table = format!("| {} |\n|", columns.join(" | "));
    table += &"---|".repeat(columns.len());
    table += "\n";
    for row in rows {
        let _ = writeln!(table, "| {} |", row.join(" | "));
    }
    table
}

/// Nanoseconds, as precise as is of use.
pub(crate) fn time(nanoseconds: u64) -> String {
    match ms(nanoseconds) {
        long if long >= 100.0 => format!("{long:.0} ms"),
        short if short >= 1.0 => format!("{short:.1} ms"),
        shorter => format!("{shorter:.2} ms"),
    }
}

/// Bytes in KiB.
pub(crate) fn kib(bytes: f64) -> String {
    format!("{:.2} KiB", bytes / 1024.0)
}

/// A number with a comma between thousands.
pub(crate) fn count(number: usize) -> String {
    if number < 1_000 { number.to_string() } else { format!("{},{:03}", number / 1_000, number % 1_000) }
}
