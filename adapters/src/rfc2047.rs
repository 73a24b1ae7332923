//! Words in headers that are not ASCII: `=?UTF-8?B?…?=` and `=?UTF-8?Q?…?=` (RFC 2047).

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// A header's value with its encoded words decoded. What is malformed stays as it is.
pub(crate) fn decode(text: &str) -> String {
    let mut decoded = String::new();
    let mut rest = text;
    let mut after_word = false;
    while let Some(start) = rest.find("=?") {
        let Some((word, length)) = encoded_word(&rest[start..]) else {
            decoded.push_str(&rest[..start + 2]);
            rest = &rest[start + 2..];
            after_word = false;
            continue;
        };
        // White space between two encoded words is theirs, not the text's (section 6.2).
        if !(after_word && rest[..start].trim().is_empty()) {
            decoded.push_str(&rest[..start]);
        }
        decoded.push_str(&word);
        rest = &rest[start + length..];
        after_word = true;
    }
    decoded.push_str(rest);
    decoded
}

/// The word that a text begins with, and how many bytes it takes.
fn encoded_word(text: &str) -> Option<(String, usize)> {
    let mut parts = text.strip_prefix("=?")?.splitn(3, '?');
    let (charset, encoding, rest) = (parts.next()?, parts.next()?, parts.next()?);
    let content = &rest[..rest.find("?=")?];
    let bytes = match encoding {
        "B" | "b" => STANDARD.decode(content).ok()?,
        "Q" | "q" => quoted(content)?,
        _ => return None,
    };
    let word = match charset.to_ascii_lowercase().as_str() {
        "utf-8" | "us-ascii" => String::from_utf8(bytes).ok()?,
        "iso-8859-1" => bytes.into_iter().map(char::from).collect(),
        _ => return None,
    };
    Some((word, 2 + charset.len() + 1 + encoding.len() + 1 + content.len() + 2))
}

fn quoted(content: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = content.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'_' => b' ',
            b'=' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            other => other,
        });
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn encoded_words_are_decoded_and_everything_else_stays() {
        for (text, expected) in [
            ("plain", "plain"),
            ("=?UTF-8?B?w6TDtsO8?=", "äöü"),
            ("=?utf-8?q?=C3=A4_b?= c", "ä b c"),
            ("=?UTF-8?B?8J+OiQ==?= =?UTF-8?B?w6Q=?=", "🎉ä"),
            ("a =?ISO-8859-1?Q?=E4?=", "a ä"),
            ("=?UTF-8?B?%%%?=", "=?UTF-8?B?%%%?="),
            ("=?UTF-8?X?a?=", "=?UTF-8?X?a?="),
            ("=?", "=?"),
            ("=?UTF-8?Q?=C?=", "=?UTF-8?Q?=C?="),
            ("a=?b", "a=?b"),
        ] {
            assert_eq!(decode(text), expected, "{text}");
        }
    }
}
