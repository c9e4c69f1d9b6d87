//! Reads paths, queries and bodies, refusing what is malformed the way Discord does.

use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use bytes::Bytes;
use http::request::Parts;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::discord::error::{ApiError, Faults};
use crate::multipart::{self, Part};

/// Path parameters; an id that is none is answered with 50035.
pub(crate) struct Ids<T>(pub(crate) T);

impl<T, S> FromRequestParts<S> for Ids<T>
where
    T: DeserializeOwned + Send,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(ids)) => Ok(Self(ids)),
            Err(_) => Err(malformed("id", "NUMBER_TYPE_COERCE", "Value is not snowflake.")),
        }
    }
}

/// Query parameters.
pub(crate) struct Params<T>(pub(crate) T);

impl<T, S> FromRequestParts<S> for Params<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(query)) => Ok(Self(query)),
            Err(error) => Err(malformed("query", "TYPE_COERCE", &error.body_text())),
        }
    }
}

/// A JSON body, or the `payload_json` of a multipart one with its files.
pub(crate) struct Sent {
    pub(crate) json: Value,
    pub(crate) files: Vec<Part>,
}

impl<S: Send + Sync> FromRequest<S> for Sent {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let boundary = multipart::boundary(request.headers());
        let body = Bytes::from_request(request, state).await.map_err(|_| ApiError::request_too_large())?;
        let Some(boundary) = boundary else {
            return Ok(Self { json: parse(&body)?, files: Vec::new() });
        };
        let parts = multipart::parse(&body, &boundary).ok_or_else(ApiError::invalid_json)?;
        let (payload, files): (Vec<_>, Vec<_>) = parts.into_iter().partition(|part| part.name == "payload_json");
        let json = match payload.first() {
            Some(payload) => parse(&payload.content)?,
            None => Value::Object(Map::new()),
        };
        Ok(Self { json, files })
    }
}

fn parse(body: &Bytes) -> Result<Value, ApiError> {
    if body.is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    axum::Json::<Value>::from_bytes(body)
        .map(|axum::Json(value)| value)
        .map_err(|_: JsonRejection| ApiError::invalid_json())
}

fn malformed(path: &str, code: &str, message: &str) -> ApiError {
    let mut faults = Faults::default();
    faults.add(path, code, message);
    match faults.into_result() {
        Err(error) => error,
        Ok(()) => ApiError::invalid_json(),
    }
}
