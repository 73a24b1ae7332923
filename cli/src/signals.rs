//! What signals mean to whoever started this program.

use std::{fs, sync::LazyLock};

/// The signals that were to be ignored when it was started, a bit each.
static IGNORED: LazyLock<u64> = LazyLock::new(|| {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask =
        status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
    mask.unwrap_or_default()
});

/// Whether this one was to be ignored, as under nohup. It has to stay so: whoever catches it no longer ignores it. To be
/// asked before it is caught.
pub(crate) fn is_ignored(signal: i32) -> bool {
    *IGNORED >> (signal - 1) & 1 == 1
}
