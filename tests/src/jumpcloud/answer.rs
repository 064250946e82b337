//! Answers: JSON, and refusals in whichever wrapping the switches say.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::switches::Envelope;

/// The header in which v2 counts a list.
const TOTAL: HeaderName = HeaderName::from_static("x-total-count");

/// A request that JumpCloud does not do.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) message: String,
}

pub(super) fn refuse(status: u16, message: impl Into<String>) -> Refusal {
    Refusal { status, message: message.into() }
}

/// A body with a status, and headers as recorded.
pub(super) fn text(status: u16, kind: &'static str, body: String) -> Response {
    let status = StatusCode::from_u16(status).expect("a status");
    let headers = [(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-store")];
    (status, headers, body).into_response()
}

pub(super) fn json<T: Serialize + ?Sized>(status: u16, body: &T) -> Response {
    let body = serde_json::to_string(body).expect("every answer can be written");
    text(status, "application/json; charset=utf-8", body)
}

/// A status and nothing else.
pub(super) fn empty(status: u16) -> Response {
    StatusCode::from_u16(status).expect("a status").into_response()
}

/// A v2 list: a bare array, counted in a header.
pub(super) fn list<T: Serialize>(total: usize, items: &[T]) -> Response {
    let mut response = json(200, items);
    response.headers_mut().insert(TOTAL, HeaderValue::from(total));
    response
}

/// The answer, or the refusal wrapped as `envelope`.
pub(super) fn reply(done: Result<Response, Refusal>, envelope: Envelope) -> Response {
    done.unwrap_or_else(|refusal| refused(&refusal, envelope))
}

pub(super) fn refused(refusal: &Refusal, envelope: Envelope) -> Response {
    let Refusal { status, message } = refusal;
    let status = *status;
    let name = StatusCode::from_u16(status).expect("a status").canonical_reason().unwrap_or("Error");
    match envelope {
        Envelope::Named => json(status, &json!({ "error": name, "message": message })),
        Envelope::Coded => json(status, &json!({ "code": status, "message": message, "status": grpc_word(status) })),
        Envelope::Bare => json(status, &json!({ "message": message })),
        Envelope::Empty => empty(status),
        Envelope::Html => {
            text(status, "text/html; charset=utf-8", format!("<html><body><h1>{name}</h1></body></html>"))
        }
    }
}

fn grpc_word(status: u16) -> &'static str {
    match status {
        400 => "INVALID_ARGUMENT",
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        409 => "ALREADY_EXISTS",
        _ => "UNKNOWN",
    }
}

/// A request's body as an object; nothing at all counts as `{}`.
pub(super) fn object(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    match parsed(body)? {
        Value::Object(map) => Ok(map),
        _ => Err(refuse(400, "The body must be an object")),
    }
}

/// A request's body as an array.
pub(super) fn array(body: &[u8]) -> Result<Vec<Value>, Refusal> {
    match parsed(body)? {
        Value::Array(items) => Ok(items),
        _ => Err(refuse(400, "The body must be an array")),
    }
}

fn parsed(body: &[u8]) -> Result<Value, Refusal> {
    if body.is_empty() {
        return Ok(json!({}));
    }
    serde_json::from_slice(body).map_err(|_| refuse(400, "Invalid JSON"))
}
