//! What other programs send, as text that fuzzers can change: a name, the request line, headers, an empty line, a body.
//! Events of agents are a line each.

use std::fmt::Write as _;

use notifyhub_adapters::Foreign;

/// A request, and the name before it. What is missing is empty; nothing is refused.
pub fn read(data: &[u8]) -> (String, Foreign) {
    let (line, mut rest) = split(data, b'\n');
    let line = String::from_utf8_lossy(line);
    let mut words = line.splitn(3, ' ').map(str::to_owned);
    let (name, method, address) = (words.next(), words.next(), words.next().unwrap_or_default());
    let (path, query) = address.split_once('?').unwrap_or((&address, ""));
    let mut headers = Vec::new();
    loop {
        let (line, after) = split(rest, b'\n');
        rest = after;
        if line.is_empty() {
            break;
        }
        let (name, value) = split(line, b':');
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes.trim_ascii()).into_owned();
        headers.push((text(name), text(value)));
    }
    let method = method.unwrap_or_default();
    let foreign = Foreign { method, path: path.into(), query: query.into(), headers, body: rest.to_vec() };
    (name.unwrap_or_default(), foreign)
}

/// What [`read`] reads.
pub fn write(name: &str, request: &Foreign) -> Vec<u8> {
    let mut text = format!("{name} {} {}", request.method, request.path);
    if !request.query.is_empty() {
        let _ = write!(text, "?{}", request.query);
    }
    for (name, value) in &request.headers {
        let _ = write!(text, "\n{name}: {value}");
    }
    [text.as_bytes(), b"\n\n", &request.body].concat()
}

/// What is before the first such byte, and what is behind it.
pub fn split(data: &[u8], at: u8) -> (&[u8], &[u8]) {
    let mut parts = data.splitn(2, |byte| *byte == at);
    (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
}
