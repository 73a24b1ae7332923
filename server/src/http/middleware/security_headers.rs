//! Headers that keep browsers from treating an answer as something it is not.

use poem::{
    Response,
    http::{HeaderName, HeaderValue, header},
};

/// Set on every answer that does not say something of its own.
const HEADERS: [(HeaderName, &str); 3] = [
    // The content is of the type it is declared to be (WHATWG Fetch, section 3.6).
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    // Pages of other sites may not embed it (WHATWG Fetch, section 3.7).
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Adds the headers.
pub(in crate::http) fn add(response: &mut Response) {
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
}
