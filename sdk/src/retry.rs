//! When to try again, and when to give up: one policy for subscriptions and for posts.

use std::time::Duration;

use reqwest::{StatusCode, header::HeaderMap};

/// Whether an answer of this status says that trying again may help, whatever its body: a proxy answers 502, 503 and
/// 504 with a page of its own while the hub behind it starts (RFC 9110, section 15.6; RFC 6585; RFC 8470).
pub fn is_temporary(status: StatusCode) -> bool {
    status.is_server_error()
        || matches!(
            status,
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS
        )
}

/// How long an answer asks to wait (`Retry-After` in seconds: RFC 9110, section 10.2.3).
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get("retry-after")?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

/// Growing, random delays between attempts.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    /// The delay after the first failure.
    pub first: Duration,
    /// The longest delay.
    pub longest: Duration,
}

impl Backoff {
    /// How long to wait after so many failures in a row, at least 1: twice as long after each, with a random part of
    /// up to a half, so that not all come back in the same instant.
    pub fn delay(&self, failures: u32) -> Duration {
        let doubled = self.first.saturating_mul(1 << failures.saturating_sub(1).min(16));
        doubled.min(self.longest).mul_f64(0.5 + fastrand::f64() / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_up_to_the_longest() {
        let backoff = Backoff { first: Duration::from_millis(100), longest: Duration::from_secs(2) };
        for (failures, most_ms) in [(1, 100), (2, 200), (5, 1600), (6, 2000), (1000, 2000)] {
            let delay = backoff.delay(failures).as_millis();
            assert!((most_ms / 2..=most_ms).contains(&delay), "{delay} ms after {failures}");
        }
    }
}
