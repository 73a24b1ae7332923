//! The text fields of a form with files (`multipart/form-data`, RFC 7578). Files are passed over.

/// Names and values. What is malformed is passed over.
pub(crate) fn fields(content_type: &str, body: &[u8]) -> Vec<(String, String)> {
    let Some(boundary) = parameter(content_type, "boundary").filter(|boundary| !boundary.is_empty()) else {
        return Vec::new();
    };
    let delimiter = format!("--{boundary}");
    let mut fields = Vec::new();
    let mut rest = body;
    while let Some(start) = find(rest, delimiter.as_bytes()) {
        rest = &rest[start + delimiter.len()..];
        if rest.starts_with(b"--") {
            break;
        }
        let end = find(rest, delimiter.as_bytes()).unwrap_or(rest.len());
        fields.extend(field(&rest[..end]));
        rest = &rest[end..];
    }
    fields
}

/// One part: a line break, headers, an empty line, the value, a line break.
fn field(part: &[u8]) -> Option<(String, String)> {
    let (head, value) = match find(part, b"\r\n\r\n") {
        Some(end) => (&part[..end], &part[end + 4..]),
        None => {
            let end = find(part, b"\n\n")?;
            (&part[..end], &part[end + 2..])
        }
    };
    let head = String::from_utf8_lossy(head);
    let disposition = head.lines().filter_map(|line| line.split_once(':'));
    let disposition = disposition
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("content-disposition"))
        .map(|(_, value)| value)
        .next()?;
    if parameter(disposition, "filename").is_some() {
        return None;
    }
    let value = value.strip_suffix(b"\n").unwrap_or(value);
    let value = value.strip_suffix(b"\r").unwrap_or(value);
    Some((parameter(disposition, "name")?, String::from_utf8_lossy(value).into_owned()))
}

/// `form-data; name="a"`: a parameter of a header's value.
fn parameter(value: &str, name: &str) -> Option<String> {
    value.split(';').skip(1).find_map(|part| {
        let (found, text) = part.split_once('=')?;
        found.trim().eq_ignore_ascii_case(name).then(|| text.trim().trim_matches('"').to_owned())
    })
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}
