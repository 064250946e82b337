//! Where an HR system answers, and as whom it is asked: JSON both ways, HTTP Basic with the first request.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method};
use serde::Serialize;
use transport::Request;

/// What every request begins with.
#[derive(Debug)]
pub(crate) struct Address {
    base: String,
    authorization: HeaderValue,
}

impl Address {
    /// Everything below `base`, as this user.
    pub(crate) fn new(base: String, user: &str, password: &str) -> Address {
        let pair = STANDARD.encode(format!("{user}:{password}"));
        // Base64 always fits a header; an empty one would be refused like any unknown key.
        let mut authorization =
            HeaderValue::from_str(&format!("Basic {pair}")).unwrap_or_else(|_| HeaderValue::from_static("Basic"));
        authorization.set_sensitive(true);
        Address { base, authorization }
    }

    /// A request without a body, and so without a type: HiBob answers one that has it with a page.
    pub(crate) fn bare(&self, method: Method, path: &str) -> http::Result<Request> {
        self.ask(method, path).body(Bytes::new())
    }

    /// A request with a body.
    pub(crate) fn with(&self, method: Method, path: &str, body: &impl Serialize) -> http::Result<Request> {
        let body = serde_json::to_vec(body).unwrap_or_default();
        // Exactly this: with a charset behind it BambooHR takes the body for XML.
        self.ask(method, path).header(CONTENT_TYPE, "application/json").body(Bytes::from(body))
    }

    fn ask(&self, method: Method, path: &str) -> http::request::Builder {
        http::Request::builder()
            .method(method)
            .uri(format!("{}/{path}", self.base))
            // Without it many of BambooHR's calls answer XML.
            .header(ACCEPT, "application/json")
            .header(AUTHORIZATION, self.authorization.clone())
    }
}
