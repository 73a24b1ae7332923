//! Where the clients of other protocols can put a token: whatever looks like one is tried.

use base64::{
    Engine as _,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use percent_encoding::percent_decode_str;
use poem::{
    Request,
    http::{HeaderMap, header::AUTHORIZATION},
};
use url::form_urlencoded;

use crate::http::middleware::token::bearer_token;

/// Headers that hold nothing else: those of Gotify, GitLab, Apprise.
const HEADERS: [&str; 3] = ["X-Gotify-Key", "X-Gitlab-Token", "X-Apprise-Config-ID"];

const PADDING: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const BASE64: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::STANDARD, PADDING);
const BASE64_URL: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::URL_SAFE, PADDING);

/// Everything in a request that may be a token.
pub(super) fn shown(request: &Request, in_path: bool) -> Vec<String> {
    let mut shown: Vec<String> = bearer_token(request).map(str::to_owned).into_iter().collect();
    shown.extend(text(request.headers(), AUTHORIZATION.as_str()).and_then(of_authorization));
    shown.extend(HEADERS.iter().filter_map(|name| text(request.headers(), name)).map(str::to_owned));
    for (name, value) in form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes()) {
        match &*name {
            "token" => shown.push(value.into_owned()),
            // ntfy: the value of the header, encoded once more.
            "auth" => shown.extend(decode(&value).as_deref().and_then(of_authorization)),
            _ => {}
        }
    }
    if in_path && let Some(last) = request.uri().path().rsplit('/').next() {
        shown.push(percent_decode_str(last).decode_utf8_lossy().into_owned());
    }
    shown
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// A bearer token, or the password of a user of any name; without a password, that name.
fn of_authorization(value: &str) -> Option<String> {
    let (scheme, rest) = value.trim().split_once(' ')?;
    if scheme.eq_ignore_ascii_case("Bearer") {
        return Some(rest.trim().to_owned());
    }
    let pair = scheme.eq_ignore_ascii_case("Basic").then(|| decode(rest.trim())).flatten()?;
    let (user, password) = pair.split_once(':')?;
    Some(if password.is_empty() { user } else { password }.to_owned())
}

fn decode(text: &str) -> Option<String> {
    let bytes = BASE64.decode(text).or_else(|_| BASE64_URL.decode(text)).ok()?;
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &str, headers: &[(&str, &str)], in_path: bool) -> Vec<String> {
        let mut builder = Request::builder().uri_str(path);
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        shown(&builder.finish(), in_path)
    }

    #[test]
    fn a_token_is_found_wherever_a_client_can_put_it() {
        // `:tk_x` and `user:tk_x`; `Bearer tk_x` and `Basic OnRrX3g` without padding.
        for (path, header, in_path) in [
            ("/t", ("Authorization", "Bearer tk_x"), false),
            ("/t", ("Authorization", "Basic OnRrX3g="), false),
            ("/t", ("Authorization", "basic dXNlcjp0a194"), false),
            ("/t", ("Authorization", "Basic dGtfeDo="), false),
            ("/t", ("X-Gotify-Key", "tk_x"), false),
            ("/t", ("X-Gitlab-Token", "tk_x"), false),
            ("/notify", ("X-Apprise-Config-ID", "tk_x"), false),
            ("/t?token=tk%5Fx", ("A", "b"), false),
            ("/t?auth=QmVhcmVyIHRrX3g", ("A", "b"), false),
            ("/t?auth=QmFzaWMgT25SclgzZw", ("A", "b"), false),
            ("/hooks/slack/tk_x", ("A", "b"), true),
        ] {
            assert!(of(path, &[header], in_path).contains(&"tk_x".to_owned()), "{path} {header:?}");
        }
        for (path, header) in [
            ("/tk_x", ("A", "b")),
            ("/t?auth=%%%", ("Authorization", "Basic %%%")),
            ("/t", ("Authorization", "tk_x")),
        ] {
            assert_eq!(of(path, &[header], false), Vec::<String>::new(), "{path} {header:?}");
        }
    }
}
