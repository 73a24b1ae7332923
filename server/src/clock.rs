//! The time, whatever the machine's clock says: chrono's own way to ask panics before 1970. A leaf.

use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Utc};

/// The first second, since 1970, that HTTP cannot say any more: year 10000 (RFC 9110, section 5.6.7).
const END_OF_HTTP_TIME: u64 = 253_402_300_800;

/// What the clock says.
pub fn now() -> DateTime<Utc> {
    SystemTime::now().into()
}

/// Whether HTTP can say it. Each answer has to, and hyper panics where it cannot.
pub fn can_be_said() -> bool {
    SystemTime::now().duration_since(UNIX_EPOCH).is_ok_and(|since| since.as_secs() < END_OF_HTTP_TIME)
}
