//! The one error body: what every answer of status 400 and above carries, wherever it is made.

use serde::Serialize;

#[derive(Serialize)]
struct Error<'a> {
    code: &'a str,
    message: &'a str,
}

/// The body as JSON: a word for programs, which stays the same from version to version, and a sentence for people
/// that says what was wrong and what would be right.
pub fn json(code: &str, message: &str) -> String {
    serde_json::to_string(&Error { code, message }).expect("strings always encode")
}
