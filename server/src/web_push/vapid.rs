//! Who the hub is to push services: a key pair of its own, whose public half a subscription is bound to, and a signed
//! word for each service (RFC 8292).

use std::{
    str::FromStr,
    time::{Duration, SystemTime},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use ring::{
    hmac,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use url::Url;

/// How long a signed word holds: half of what is allowed (RFC 8292, section 2).
const VALID_FOR: Duration = Duration::from_hours(12);

/// A topic has at most 32 characters (RFC 8030, section 5.4): so many bytes in base64.
const TOPIC_BYTES: usize = 24;

/// What kind of word it is (RFC 7515, section 4).
const HEADER: &str = r#"{"typ":"JWT","alg":"ES256"}"#;

/// Whom the makers of a push service may write to: a `mailto:` or `https:` address (RFC 8292, section 2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact(String);

impl FromStr for Contact {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_contact = Url::parse(text).is_ok_and(|url| match url.scheme() {
            "mailto" => {
                url.path().split_once('@').is_some_and(|(user, host)| !user.is_empty() && !host.is_empty())
            }
            "https" => true,
            _ => false,
        });
        if is_contact {
            Ok(Contact(text.to_owned()))
        } else {
            Err("must be an address such as mailto:me@example.com or https://example.com")
        }
    }
}

/// See the module.
pub(super) struct Vapid {
    pair: EcdsaKeyPair,
    /// Makes topics that nobody can guess what they are about.
    topics: hmac::Key,
}

impl Vapid {
    /// Makes a key pair, as it is kept.
    pub(super) fn generate() -> Vec<u8> {
        EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
            .expect("the system gives random bytes")
            .as_ref()
            .to_vec()
    }

    /// A key pair that was kept; `None`: it is none.
    pub(super) fn of_kept(pkcs8: &[u8]) -> Option<Self> {
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8, &random).ok()?;
        let secret = hmac::Key::new(hmac::HMAC_SHA256, pkcs8);
        let topics = hmac::sign(&secret, b"NotifyHub topics");
        Some(Vapid { pair, topics: hmac::Key::new(hmac::HMAC_SHA256, topics.as_ref()) })
    }

    /// The public key, as pages hand it to their browser.
    pub(super) fn public_key(&self) -> String {
        BASE64.encode(self.pair.public_key())
    }

    /// The `Authorization` header for a push service. `contact` is whom its makers may write to, which some insist on.
    pub(super) fn authorization(&self, endpoint: &Url, contact: &Contact, now: SystemTime) -> String {
        let audience = endpoint.origin().ascii_serialization();
        let expires = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default() + VALID_FOR;
        let claims = serde_json::json!({ "aud": audience, "exp": expires.as_secs(), "sub": contact.0 });
        let word = format!("{}.{}", BASE64.encode(HEADER), BASE64.encode(claims.to_string()));
        let signature =
            self.pair.sign(&SystemRandom::new(), word.as_bytes()).expect("the system gives random bytes");
        format!("vapid t={word}.{}, k={}", BASE64.encode(signature), self.public_key())
    }

    /// Under which a later message takes the place of one that was not delivered yet.
    pub(super) fn topic(&self, about: &str) -> String {
        BASE64.encode(&hmac::sign(&self.topics, about.as_bytes()).as_ref()[..TOPIC_BYTES])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_is_an_address_to_write_to() {
        for right in ["mailto:me@example.com", "https://example.com/about"] {
            assert!(right.parse::<Contact>().is_ok(), "{right}");
        }
        for wrong in ["", "me@example.com", "mailto:me", "mailto:@example.com", "http://example.com"] {
            assert!(wrong.parse::<Contact>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn keys_that_were_kept_are_the_same_and_others_are_refused() {
        let kept = Vapid::generate();
        let [once, again] = [(); 2].map(|()| Vapid::of_kept(&kept).expect("a key pair"));
        assert_eq!(once.public_key(), again.public_key());
        assert_eq!(once.public_key().len(), 87);
        assert_eq!(once.topic("billing/build"), again.topic("billing/build"));
        assert_eq!(once.topic("billing/build").len(), 32);
        let other = Vapid::of_kept(&Vapid::generate()).expect("a key pair");
        assert_ne!(once.topic("billing/build"), other.topic("billing/build"));
        assert!(Vapid::of_kept(b"none").is_none());
    }
}
