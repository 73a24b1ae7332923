//! Headers that keep browsers from treating an answer as something it is not.

use poem::{
    Response,
    http::{HeaderName, HeaderValue, header},
};

/// Set on every answer that does not say something of its own.
const HEADERS: [(HeaderName, &str); 5] = [
    // The content is of the type it is declared to be (WHATWG Fetch, section 3.6).
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    // Pages of other sites may not embed it (WHATWG Fetch, section 3.7).
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    // Nor hold a window of it (WHATWG HTML, section 7.1.3).
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    // An answer that is no page of ours loads nothing, should a browser show it.
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
];

/// Adds the headers.
pub(in crate::http) fn add(response: &mut Response) {
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
}
