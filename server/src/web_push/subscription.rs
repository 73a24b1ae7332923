//! What a device asks for: where to send, what to encrypt for, and which notifications. Checked once, at the edge.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::URL_SAFE_NO_PAD},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use url::Url;

use super::{
    encryption::{AUTH_BYTES, POINT_BYTES, Receiver},
    services::Services,
};

/// With the padding that some clients write.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// How many bytes of a digest name a subscription.
const ID_BYTES: usize = 16;

/// A subscription as it comes in and as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewSubscription {
    /// The address that the browser gave.
    pub endpoint: String,
    /// The browser's public key, in base64url.
    pub p256dh: String,
    /// The browser's secret, in base64url.
    pub auth: String,
    /// Whether to tell what failed, besides what waits for a person.
    pub failures: bool,
    /// Whether to tell that something waits no longer.
    pub withdrawals: bool,
}

/// What is wrong with a subscription, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidSubscription(String);

/// A subscription that can be sent to.
#[derive(Clone, Debug)]
pub(super) struct Subscription {
    /// As it is kept.
    pub(super) kept: NewSubscription,
    pub(super) endpoint: Url,
    pub(super) receiver: Receiver,
}

impl NewSubscription {
    /// Checks all of it.
    pub(super) fn check(self, services: &Services) -> Result<Subscription, InvalidSubscription> {
        let endpoint = services.check(&self.endpoint).map_err(InvalidSubscription)?;
        let receiver = Receiver {
            point: decode::<POINT_BYTES>("keys.p256dh", &self.p256dh)?,
            auth: decode::<AUTH_BYTES>("keys.auth", &self.auth)?,
        };
        if !receiver.is_valid() {
            return Err(InvalidSubscription("`keys.p256dh` must be a point of the curve P-256".into()));
        }
        // One spelling for each address.
        let kept = NewSubscription { endpoint: endpoint.to_string(), ..self };
        Ok(Subscription { kept, endpoint, receiver })
    }
}

impl Subscription {
    /// A name for it that does not give its address away.
    pub(super) fn id(&self) -> String {
        URL_SAFE_NO_PAD.encode(&Sha256::digest(self.endpoint.as_str())[..ID_BYTES])
    }
}

fn decode<const N: usize>(field: &str, text: &str) -> Result<[u8; N], InvalidSubscription> {
    let wrong = || InvalidSubscription(format!("`{field}` must be {N} bytes in base64url"));
    // What is far too long is not decoded.
    if text.len() > 2 * N {
        return Err(wrong());
    }
    BASE64.decode(text).ok().and_then(|bytes| bytes.try_into().ok()).ok_or_else(wrong)
}
