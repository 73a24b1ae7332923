//! What GitHub, Gitea and Forgejo sign the bodies of their webhooks with: HMAC-SHA256 under a secret that both sides know.

use notifyhub_adapters::Foreign;
use poem::Request;
use ring::hmac;

/// `sha256=<hex>`, which all of them send, and Gitea's own without the prefix.
const HEADERS: [&str; 2] = ["X-Hub-Signature-256", "X-Gitea-Signature"];

/// Whether a request is signed at all.
pub(super) fn is_there(request: &Request) -> bool {
    HEADERS.iter().any(|name| request.headers().contains_key(*name))
}

/// The same, once it is read.
pub(super) fn is_signed(request: &Foreign) -> bool {
    HEADERS.iter().any(|name| request.header(name).is_some())
}

/// Whether the body is signed with the secret.
pub(super) fn is_right(secret: &str, request: &Foreign) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signature = HEADERS.iter().find_map(|name| request.header(name));
    let signature = signature.map(|text| text.strip_prefix("sha256=").unwrap_or(text)).and_then(bytes_of_hex);
    // In constant time.
    signature.is_some_and(|signature| hmac::verify(&key, &request.body, &signature).is_ok())
}

fn bytes_of_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks(2);
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_in_the_documentation_of_github_is_right() {
        let right = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        let check = |signature: &str| {
            let headers = vec![("X-Hub-Signature-256".into(), signature.into())];
            let request = Foreign { headers, body: b"Hello, World!".to_vec(), ..Foreign::default() };
            is_right("It's a Secret to Everybody", &request)
        };
        assert!(check(&format!("sha256={right}")));
        assert!(check(right));
        for wrong in
            ["sha256=", "", "sha256=7571", "sha256=zz", &format!("sha256={}", right.replace('7', "8"))]
        {
            assert!(!check(wrong), "{wrong}");
        }
        assert!(!is_right("x", &Foreign::default()));
    }
}
