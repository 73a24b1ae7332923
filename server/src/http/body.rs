//! The shapes of request and response bodies that poem-openapi does not bring along: JSON read by serde,
//! whose errors name the field, read within limits once everything else about the request is right; and JSON that is
//! encoded already.

use std::{io, marker::PhantomData, time::Duration};

use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt as _, LengthLimitError, Limited, combinators::BoxBody};
use poem::{
    Body, IntoResponse, Request, RequestBody, Response, Result,
    http::header::{CONTENT_ENCODING, CONTENT_LENGTH},
};
use poem_openapi::{
    error::ParseRequestPayloadError,
    payload::{ParsePayload, Payload},
    registry::{MetaSchemaRef, Registry},
    types::{ToJSON, Type},
};
use serde::de::DeserializeOwned;

use super::error::ApiError;
use crate::feed::List;

/// The largest request body: no notification needs more.
pub(super) const MAX_BODY_BYTES: usize = 64 << 10;

/// The longest a request body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// The longest idempotency key, in characters.
const MAX_IDEMPOTENCY_KEY_CHARS: usize = 255;

/// The poster's name for its post. From the raw header: poem-openapi takes a value that is not ASCII for none at all.
pub(super) fn idempotency_key(request: &Request) -> Result<Option<String>, ApiError> {
    let Some(value) = request.headers().get("Idempotency-Key") else { return Ok(None) };
    let key = value.to_str().ok().filter(|key| (1..=MAX_IDEMPOTENCY_KEY_CHARS).contains(&key.len()));
    let key = key.ok_or_else(|| {
        let message = format!(
            "`Idempotency-Key` must have 1 to {MAX_IDEMPOTENCY_KEY_CHARS} printable ASCII characters, best a UUID"
        );
        ApiError::invalid("invalid_parameter", message)
    })?;
    Ok(Some(key.to_owned()))
}

/// Takes a body that means nothing, as that of a GET, off the connection, within the same limits.
pub(super) async fn discard(request: &mut Request) -> Result<(), ApiError> {
    let body = request.take_body();
    if body.is_empty() { Ok(()) } else { read(request, body).await.map(drop) }
}

/// The whole request body, within its limits.
async fn read(request: &Request, body: Body) -> Result<Bytes, ApiError> {
    read_up_to(MAX_BODY_BYTES, request, body).await
}

/// How long the body is, if the request says so.
pub(super) fn announced_len(request: &Request) -> Option<u64> {
    request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok())
}

/// As [`read`], where a body may have so many bytes.
pub(super) async fn read_up_to(max_bytes: usize, request: &Request, body: Body) -> Result<Bytes, ApiError> {
    let too_large =
        || ApiError::too_large(format!("the body is larger than {max_bytes} bytes; no request needs more"));
    if let Some(coding) = request.headers().get(CONTENT_ENCODING).filter(|coding| *coding != "identity") {
        let coding = String::from_utf8_lossy(coding.as_bytes()).into_owned();
        let message = format!("the body is encoded as {coding:?}; send it without Content-Encoding");
        return Err(ApiError::unsupported("encoded_body", message));
    }
    // Where the length is announced, nobody has to wait for what will not be taken.
    if announced_len(request).is_some_and(|length| length > max_bytes as u64) {
        return Err(too_large());
    }
    // Not by `into_bytes_limit`, whose future holds a buffer of 4 KiB, and is moved several times.
    let body = Limited::new(BoxBody::<Bytes, io::Error>::from(body), max_bytes);
    match tokio::time::timeout(BODY_TIMEOUT, body.collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(error)) => Err(ApiError::invalid("incomplete_body", error.to_string())),
        Err(_) => {
            Err(ApiError::timeout(format!("the body did not arrive within {} s", BODY_TIMEOUT.as_secs())))
        }
    }
}

/// A JSON request body.
pub(super) struct JsonBody<T>(pub(super) T);

impl<T: Type> Payload for JsonBody<T> {
    const CONTENT_TYPE: &'static str = "application/json";

    fn check_content_type(content_type: &str) -> bool {
        poem_openapi::payload::Json::<T>::check_content_type(content_type)
    }

    fn schema_ref() -> MetaSchemaRef {
        T::schema_ref()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl<T: Type + DeserializeOwned> ParsePayload for JsonBody<T> {
    const IS_REQUIRED: bool = true;

    async fn from_request(request: &Request, body: &mut RequestBody) -> Result<Self> {
        let data = read(request, body.take()?).await?;
        serde_json::from_slice(&data)
            .map(JsonBody)
            .map_err(|error| ParseRequestPayloadError { reason: error.to_string() }.into())
    }
}

/// A JSON response body of a `T` that is encoded already.
pub(super) struct Encoded<T> {
    json: Bytes,
    of: PhantomData<fn() -> T>,
}

impl<T> Encoded<T> {
    pub(super) fn new(json: Bytes) -> Self {
        Encoded { json, of: PhantomData }
    }
}

impl<T: Type> Payload for Encoded<T> {
    const CONTENT_TYPE: &'static str = "application/json";

    fn schema_ref() -> MetaSchemaRef {
        T::schema_ref()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl<T: ToJSON> IntoResponse for Encoded<T> {
    fn into_response(self) -> Response {
        Response::builder().content_type("application/json").body(self.json)
    }
}

/// A JSON array of notifications, sent as slices of what is stored: a reader that takes its time holds no copy.
pub(super) struct EncodedList<T> {
    list: List,
    of: PhantomData<fn() -> T>,
}

impl<T> EncodedList<T> {
    pub(super) fn new(list: List) -> Self {
        EncodedList { list, of: PhantomData }
    }
}

impl<T: Type> Payload for EncodedList<T> {
    const CONTENT_TYPE: &'static str = "application/json";

    fn schema_ref() -> MetaSchemaRef {
        Vec::<T>::schema_ref()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl<T: Type> IntoResponse for EncodedList<T> {
    fn into_response(self) -> Response {
        let length = self.list.len_bytes();
        let pieces = stream::iter(self.list.pieces().map(Ok::<_, io::Error>));
        Response::builder()
            .content_type("application/json")
            .header(CONTENT_LENGTH, length)
            .body(Body::from_bytes_stream(pieces))
    }
}
