//! What an HTTP API hands over, as a delivery; and the answer. No network, no clock.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_http::aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use lambda_http::http::{HeaderMap, Method};
use mapping::employee::ConnectionName;

/// The largest body, in bytes. BambooHR documents none; a batch of hundreds of people is far smaller.
const BODY_LIMIT: usize = 1 << 20;
/// What every door's path begins with.
const PATH: &str = "/webhook/";

/// Taken: its hints are on the queue.
pub const TAKEN: u16 = 200;
/// Our own fault, to be tried again. Never a 4xx: BambooHR gives up on those.
pub const OUR_FAULT: u16 = 503;
/// No such door, or none at all.
pub const NOT_FOUND: u16 = 404;
const NOT_ALLOWED: u16 = 405;
const TOO_LARGE: u16 = 413;
const MALFORMED: u16 = 400;

/// Something sent to a door that may exist.
#[derive(Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Which door.
    pub connection: ConnectionName,
    /// Headers, with the signature.
    pub headers: HeaderMap,
    /// The body, byte for byte as it was signed.
    pub body: Vec<u8>,
}

/// The delivery, or the status that says enough.
pub fn delivery(event: ApiGatewayV2httpRequest) -> Result<Delivery, u16> {
    let body = event.body.unwrap_or_default();
    // Four characters for every three bytes: too long is too long before it is decoded.
    let limit = if event.is_base64_encoded { BODY_LIMIT.div_ceil(3) * 4 } else { BODY_LIMIT };
    if body.len() > limit {
        return Err(TOO_LARGE);
    }
    // The path as it was sent; where a stage has a name, it comes first.
    let path = event.raw_path.unwrap_or_default();
    let stage = event.request_context.stage.unwrap_or_default();
    let path = path.strip_prefix(&format!("/{stage}")).filter(|rest| rest.starts_with(PATH)).unwrap_or(&path);
    let name = path.strip_prefix(PATH).ok_or(NOT_FOUND)?;
    let connection = ConnectionName::parse(name).map_err(|_| NOT_FOUND)?;
    if event.request_context.http.method != Method::POST {
        return Err(NOT_ALLOWED);
    }
    let body = match event.is_base64_encoded {
        true => STANDARD.decode(&body).map_err(|_| MALFORMED)?,
        false => body.into_bytes(),
    };
    if body.len() > BODY_LIMIT {
        return Err(TOO_LARGE);
    }
    Ok(Delivery { connection, headers: event.headers, body })
}

/// A status and nothing else.
pub fn answer(status: u16) -> ApiGatewayV2httpResponse {
    let mut answer = ApiGatewayV2httpResponse::default();
    answer.status_code = status.into();
    answer
}

#[cfg(test)]
mod tests;
