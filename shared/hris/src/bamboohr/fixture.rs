//! A connection for tests.

use mapping::configuration::{Configuration, Connection};

/// A connection of the company `acme` in New York, with these sections added to it.
pub(crate) fn connection(sections: &str) -> Connection {
    let text = format!(
        "store = 'sqlite:x'\n[jumpcloud]\napi_key = 'env:J'\n[[connection]]\nname = 'acme'\nsource = 'bamboohr'\n\
         company = 'acme'\napi_key = 'env:B'\ntime_zone = 'America/New_York'\n{sections}\n"
    );
    let mut file = Configuration::parse(&text).expect("the test's own configuration");
    file.connections.remove(0)
}
