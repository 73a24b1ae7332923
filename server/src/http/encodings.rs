//! Which codings of a body a client takes (RFC 9110, section 12.5.3).

use poem::http::{HeaderMap, header};

/// Whether the request's `Accept-Encoding` allows a coding.
pub(super) fn accepts(headers: &HeaderMap, coding: &str) -> bool {
    let accepted =
        headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    allows(accepted, coding)
}

fn allows(accepted: &str, coding: &str) -> bool {
    accepted.split(',').any(|item| {
        let mut parts = item.split(';').map(str::trim);
        parts.next().is_some_and(|name| name.eq_ignore_ascii_case(coding))
            && !parts.any(|weight| matches!(weight, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_encoding_is_not_used() {
        assert!(allows("gzip, deflate, br", "br"));
        assert!(allows("BR;q=0.5", "br"));
        assert!(!allows("gzip, br;q=0", "br"));
        assert!(!allows("brotli", "br"));
    }
}
