//! The one error body: what every answer of status 400 and above carries, wherever it is made.

use serde::Serialize;

use crate::security_headers;

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

/// A whole answer of HTTP/1.1 that ends its connection, for where there is no endpoint to make one. `status` is the
/// number and its words; `headers` are lines that end in CR LF.
pub fn answer(status: &str, code: &str, message: &str, headers: &str) -> String {
    let body = json(code, message);
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         {}{headers}connection: close\r\n\r\n{body}",
        body.len(),
        security_headers::lines(),
    )
}
