//! Headers that keep browsers from treating an answer as something it is not. Every answer has them, whoever makes it.

use poem::{
    Response,
    http::{HeaderName, HeaderValue},
};

/// Set on every answer that does not say something of its own.
const HEADERS: [(&str, &str); 5] = [
    // The content is of the type it is declared to be (WHATWG Fetch, section 3.6).
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    // Pages of other sites may not embed it (WHATWG Fetch, section 3.7).
    ("cross-origin-resource-policy", "same-origin"),
    // Nor hold a window of it (WHATWG HTML, section 7.1.3).
    ("cross-origin-opener-policy", "same-origin"),
    // An answer that is no page of ours loads nothing, should a browser show it.
    (
        "content-security-policy",
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
];

/// Adds the headers.
pub fn add(response: &mut Response) {
    for (name, value) in HEADERS {
        let value = HeaderValue::from_static(value);
        response.headers_mut().entry(HeaderName::from_static(name)).or_insert(value);
    }
}

/// The headers as lines that end in CR LF, for an answer that is written by hand.
pub fn lines() -> String {
    HEADERS.iter().flat_map(|(name, value)| [*name, ": ", *value, "\r\n"]).collect()
}
