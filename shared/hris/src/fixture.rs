//! What the tests of both vendors need.

use mapping::configuration::{Configuration, Connection};
use transport::Request;

/// A connection called `acme`, with these lines about its source and these sections added to it.
pub(crate) fn connection(source: &str, sections: &str) -> Connection {
    let text = format!(
        "store = 'sqlite:x'\n[jumpcloud]\napi_key = 'env:J'\n[[connection]]\nname = 'acme'\napi_key = 'env:B'\n\
         {source}\n{sections}\n"
    );
    let mut file = Configuration::parse(&text).expect("the test's own configuration");
    file.connections.remove(0)
}

/// A request as it goes over the wire, with its headers in order.
pub(crate) fn shown(request: http::Result<Request>) -> String {
    let request = request.expect("a request");
    let mut headers: Vec<String> = request
        .headers()
        .iter()
        .map(|(name, value)| format!("{name}: {}\n", value.to_str().expect("a text")))
        .collect();
    headers.sort();
    let body = std::str::from_utf8(request.body()).expect("a text");
    format!("{} {}\n{}{body}", request.method(), request.uri(), headers.concat())
}
