//! A name for each request, in the answer and in what is logged about it: the sender's own, or one made here.

use std::sync::atomic::{AtomicU64, Ordering};

use poem::{
    Request, Response,
    http::{HeaderName, HeaderValue},
};

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest that is taken over.
const MAX_ID_CHARS: usize = 64;

/// Makes names that are unique for as long as the hub runs.
pub(in crate::http) struct RequestIds {
    /// Sets the names of two runs apart.
    run: u32,
    next: AtomicU64,
}

impl RequestIds {
    pub(in crate::http) fn new() -> Self {
        RequestIds { run: fastrand::u32(..), next: AtomicU64::new(1) }
    }

    /// The sender's name for its request if it is one word, otherwise a new one.
    pub(in crate::http) fn of(&self, request: &Request) -> HeaderValue {
        let is_word = |value: &&HeaderValue| {
            (1..=MAX_ID_CHARS).contains(&value.len())
                && value
                    .as_bytes()
                    .iter()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_.:/+=".contains(byte))
        };
        request.headers().get(X_REQUEST_ID).filter(is_word).cloned().unwrap_or_else(|| {
            let id = format!("{:08x}-{}", self.run, self.next.fetch_add(1, Ordering::Relaxed));
            HeaderValue::try_from(id).expect("digits are valid in a header")
        })
    }
}

/// Has whoever answers the request find it.
pub(in crate::http) fn tell(id: &HeaderValue, request: &mut Request) {
    request.extensions_mut().insert(RequestId(id.clone()));
}

/// What [`tell`] has told.
pub(in crate::http) fn told(request: &Request) -> &str {
    request.extensions().get::<RequestId>().map_or("", |RequestId(id)| as_text(id))
}

/// As it is logged.
pub(in crate::http) fn as_text(id: &HeaderValue) -> &str {
    id.to_str().expect("it is one word")
}

#[derive(Clone)]
struct RequestId(HeaderValue);

/// Puts it into the answer.
pub(in crate::http) fn add(id: HeaderValue, response: &mut Response) {
    response.headers_mut().insert(X_REQUEST_ID, id);
}
