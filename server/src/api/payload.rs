//! The shapes of request and response bodies that poem-openapi does not bring along: JSON read by serde,
//! whose errors name the field, and JSON that is encoded already.

use std::marker::PhantomData;

use bytes::Bytes;
use poem::{FromRequest, IntoResponse, Request, RequestBody, Response, Result};
use poem_openapi::{
    error::ParseRequestPayloadError,
    payload::{ParsePayload, Payload},
    registry::{MetaSchemaRef, Registry},
    types::{ToJSON, Type},
};
use serde::de::DeserializeOwned;

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
        let data = Bytes::from_request(request, body).await?;
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
