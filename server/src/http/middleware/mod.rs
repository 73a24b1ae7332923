//! What applies to every request, one concern a file. `router` puts them in order.

pub mod client_address;
pub mod host;
pub mod origin;
pub mod rate_limit;
pub(super) mod request_id;
pub mod token;
pub(super) mod token_guesses;

use poem::http::Method;

/// Whether a method only reads (RFC 9110, section 9.2.1); every other one may change something.
pub(super) fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE)
}
