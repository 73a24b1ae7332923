//! `/api/push`: devices that are told while the page is closed (Web Push, RFC 8030).

use poem_openapi::{ApiRequest, ApiResponse, Object, OpenApi, param::Path, payload::Json};
use serde::Deserialize;

use super::{
    body::JsonBody,
    context::{Shared, Tag},
    error::{self, ApiError},
    middleware::token::PublishToken,
};
use crate::web_push::{NewSubscription, WebPush};

pub(super) struct PushApi {
    pub(super) shared: Shared,
}

/// What a browser needs to subscribe.
#[derive(Object)]
struct PushKey {
    /// The hub's public key (VAPID, RFC 8292): a point of P-256, in base64url. It is the `applicationServerKey`.
    public_key: String,
}

/// A device that is to be told, as its browser describes it (`PushSubscription.toJSON()`).
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewPushSubscription {
    /// Where to send: an address of the browser's push service, https.
    endpoint: String,
    /// What to encrypt for.
    keys: PushKeys,
    /// Whether to tell what failed, besides what waits for a person.
    #[oai(default)]
    #[serde(default)]
    failures: bool,
    /// Whether to tell that something waits no longer, so that it disappears. Some browsers take a subscription away
    /// from a page that shows nothing for a message.
    #[oai(default)]
    #[serde(default)]
    withdrawals: bool,
}

/// Keys of a subscription (RFC 8291).
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
struct PushKeys {
    /// The public key: a point of P-256, uncompressed, in base64url.
    p256dh: String,
    /// The secret: 16 bytes, in base64url.
    auth: String,
}

#[derive(ApiRequest)]
enum SubscribeRequest {
    Json(JsonBody<NewPushSubscription>),
}

/// A device that is told.
#[derive(Object)]
struct PushSubscription {
    /// Its name, for taking it away.
    id: String,
}

#[derive(ApiResponse)]
enum Unsubscribed {
    /// It is told no more.
    #[oai(status = 204)]
    Done,
}

#[OpenApi(tag = "Tag::Push")]
impl PushApi {
    /// The key to subscribe with
    ///
    /// It stays the same for as long as the hub's data directory does. A browser whose subscription has another key has
    /// to subscribe anew.
    #[oai(path = "/api/push/key", method = "get", operation_id = "push_key")]
    async fn push_key(&self) -> Result<Json<PushKey>, ApiError> {
        Ok(Json(PushKey { public_key: self.web_push()?.public_key().await? }))
    }

    /// Have a device told
    ///
    /// What waits for a person, and what failed if that is asked for, is sent to the device's push service, encrypted
    /// for the device. Under an address that is known, this changes what it is told. At most 100 devices are.
    #[oai(path = "/api/push/subscriptions", method = "put", operation_id = "push_subscribe")]
    async fn push_subscribe(
        &self,
        _token: PublishToken,
        request: SubscribeRequest,
    ) -> Result<Json<PushSubscription>, ApiError> {
        let SubscribeRequest::Json(JsonBody(NewPushSubscription { endpoint, keys, failures, withdrawals })) =
            request;
        let PushKeys { p256dh, auth } = keys;
        let new = NewSubscription { endpoint, p256dh, auth, failures, withdrawals };
        Ok(Json(PushSubscription { id: self.web_push()?.subscribe(new).await? }))
    }

    /// Have a device told no more
    #[oai(path = "/api/push/subscriptions/:id", method = "delete", operation_id = "push_unsubscribe")]
    async fn push_unsubscribe(
        &self,
        _token: PublishToken,
        /// The id that subscribing gave.
        id: Path<String>,
    ) -> Result<Unsubscribed, ApiError> {
        if self.web_push()?.unsubscribe(id.0).await? {
            Ok(Unsubscribed::Done)
        } else {
            Err(ApiError::not_found("no device is subscribed under this id (any more); nothing was changed"))
        }
    }
}

impl PushApi {
    fn web_push(&self) -> Result<&WebPush, ApiError> {
        let off = || {
            let message = "Web Push is off on this hub (--no-web-push or --no-service-worker)";
            ApiError::NotFound(error::ErrorBody::new("web_push_off", message))
        };
        self.shared.web_push.as_ref().ok_or_else(off)
    }
}
