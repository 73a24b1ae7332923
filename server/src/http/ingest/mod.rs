//! What other senders post, in their own words: the adapters say what it comes to, and each protocol has the answers that
//! its clients check. These paths are not in the specification: they are other people's.
//!
//! # Layout
//! - `inlet`: which request is which protocol's.
//! - `credentials`: where its clients put a token; `signature`: what GitHub signs with.
//! - `delivery`: a request is read, mapped and carried out.
//! - `ntfy`, `gotify`, `slack`, `discord`, `hooks`: their answers.
//! - `notify`: the earlier hub's call.

mod credentials;
mod delivery;
mod discord;
mod gotify;
mod hooks;
mod inlet;
pub(super) mod notify;
mod ntfy;
mod signature;
mod slack;

use poem::{IntoResponse as _, Request, Response, http::HeaderValue, http::header};

use self::inlet::Protocol;
pub(super) use self::{
    delivery::Ingest,
    inlet::{Inlet, told_path},
};
use super::{
    context::Guards,
    error::{ApiError, Code},
};

/// What clients ask a server of their own kind about itself.
pub(super) fn about(path: &str) -> Option<Response> {
    gotify::about(path).or_else(|| ntfy::about(path))
}

impl Ingest {
    /// Answers a request that was admitted.
    pub(super) async fn serve(&self, inlet: Inlet, request: Request) -> Response {
        match self.deliver(inlet, request).await {
            Ok((done, asked)) => match inlet.protocol {
                Protocol::Ntfy => ntfy::success(&done, &asked),
                Protocol::Gotify => gotify::success(&asked, &self.gotify_numbers),
                Protocol::Slack => slack::success(),
                Protocol::Discord => discord::success(&done, &asked),
                Protocol::Hook => hooks::success(&done),
                Protocol::Plain => hooks::created(&done),
                Protocol::Agent => hooks::nothing(),
            },
            Err(error) => inlet.refuse(error),
        }
    }
}

impl Inlet {
    /// Says in the protocol's own words that it was not done. The headers stay: they tell when to come back.
    pub(super) fn refuse(self, error: ApiError) -> Response {
        let (status, body) = error.parts();
        let (code, message) = (body.code.as_str(), body.message.as_str());
        let (status, content_type, text) = match self.protocol {
            Protocol::Ntfy => ntfy::failure(status, code, message),
            Protocol::Gotify => gotify::failure(status, code, message),
            Protocol::Slack => slack::failure(status, code),
            Protocol::Discord => discord::failure(status, code, message),
            Protocol::Hook | Protocol::Plain | Protocol::Agent => return error.into_response(),
        };
        let code = code.to_owned();
        let mut response = error.into_response();
        response.extensions_mut().insert(Code(code));
        response.set_status(status);
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        response.set_body(text);
        response
    }

    /// What a request shows that may be a publish token; `None`: it is signed, which is checked once its body is there.
    pub(super) fn shown(self, guards: &Guards, request: &Request) -> Result<Option<Vec<String>>, ApiError> {
        if self.may_be_signed() && guards.github_secret.is_some() {
            if signature::is_there(request) {
                return Ok(None);
            }
            if !guards.tokens.are_required() {
                return Err(ApiError::unauthorized(
                    "signature_required",
                    "this hub has a secret for webhooks (--github-secret), and this one is not signed; set the same \
                     secret where the webhook is made",
                ));
            }
        }
        if !guards.tokens.are_required() && request.method() == poem::http::Method::GET && !guards.allow_get {
            return Err(ApiError::forbidden(
                "get_not_allowed",
                "GET publishes nothing here: use POST, or start the hub with --publish-token and show the token, or with \
                 --allow-get",
            ));
        }
        Ok(Some(credentials::shown(request, self.has_token_in_path())))
    }
}
