//! Answers that are not a hub's: a proxy's page, an empty body, a cut one. The generated code takes an error of a status
//! that the specification declares, with a body that it does not, for a malformed answer without a status; here it
//! becomes an error response like any other.

use progenitor_client::{ClientHooks, Error, OperationInfo, ResponseValue};
use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};

use crate::{Client, ClientInfo as _, hubs::Hubs, types::ErrorBody};

/// The code of an error whose body is not a hub's.
pub const FOREIGN_ANSWER: &str = "foreign_answer";

/// How much of an error's body is read.
const MAX_ERROR_BYTES: usize = 64 << 10;

/// Whether an answer asks for a user and a password (RFC 7617), as a hub never does; what stands before it may.
pub fn asks_for_password(headers: &HeaderMap) -> bool {
    headers.get_all(WWW_AUTHENTICATE).iter().any(|challenge| {
        challenge.as_bytes().get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"basic "))
    })
}

/// Makes a request that the specification does not have, such as one of the inlets; errors are those of the generated
/// calls.
pub async fn execute(hub: &Client, request: reqwest::Request) -> Result<reqwest::Response, Error<ErrorBody>> {
    let response = hub.exec(request, &OperationInfo { operation_id: "foreign" }).await?;
    if response.status().is_success() {
        return Ok(response);
    }
    Err(match ResponseValue::from_response(response).await {
        Ok(error) => Error::ErrorResponse(error),
        Err(error) => error,
    })
}

impl ClientHooks<Hubs> for Client {
    async fn exec(
        &self,
        request: reqwest::Request,
        info: &OperationInfo,
    ) -> reqwest::Result<reqwest::Response> {
        let response = self.inner().execute(self.client(), request, info.operation_id).await?;
        let status = response.status();
        if status.is_client_error() || status.is_server_error() {
            Ok(with_error_body(response).await)
        } else {
            Ok(response)
        }
    }
}

async fn with_error_body(mut response: reqwest::Response) -> reqwest::Response {
    let status = response.status();
    let mut answer = http::Response::builder().status(status);
    if let Some(headers) = answer.headers_mut() {
        headers.clone_from(response.headers());
    }
    let mut body = Vec::new();
    while let Ok(Some(bytes)) = response.chunk().await {
        body.extend_from_slice(&bytes);
        if body.len() > MAX_ERROR_BYTES {
            break;
        }
    }
    if serde_json::from_slice::<ErrorBody>(&body).is_err() {
        let error =
            ErrorBody { code: FOREIGN_ANSWER.into(), message: format!("it answered with status {status}") };
        body = serde_json::to_vec(&error).expect("strings always encode");
    }
    answer.body(body).expect("the status and the headers were those of an answer").into()
}
